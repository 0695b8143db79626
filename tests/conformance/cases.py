"""The problems on which backends are compared with the oracle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import oracle
import oracle_pyramid
from conformance import pictures

from nst_core.backend import (
    NEAREST,
    PLAIN_VGG,
    Adam,
    Architecture,
    Matching,
    Objective,
    Problem,
    Query,
    StyleSource,
)

D2L_STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "conv5_1")
BLOCK_1 = {"conv1_1": 1.0, "relu1_2": 2.0}

ADAM = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One problem, and another picture than its start, the probe, at which losses are compared."""

    name: str
    size: tuple[int, int] = (32, 48)
    style_size: tuple[int, int] = (40, 35)
    blend: tuple[float, ...] = (1.0,)
    regions: int = 0  # 0: the whole picture, without guides
    leaves_out: bool = False  # whether the image and the first style have invisible parts
    content_distance: str = "mse"
    style_distance: str = "mse"
    style_statistics: str = "gram"
    projections: int = 64
    projection_seed: int = 0
    neighbours: Mapping[str, float] = field(default_factory=dict)
    matching: Matching = NEAREST
    query: str = "content"  # or "probe": the image at which nearest neighbours are sought
    seed: tuple[int, ...] = (0, 0, 0)
    architecture: Architecture = PLAIN_VGG
    content: Mapping[str, float]
    style: Mapping[str, float]
    style_multiplicity: float = 1.0
    total_variation: float = 0.1
    weights: str = "he"
    start: str = "content"
    probe: str = "picture"
    probe_seed: int = 167  # see `kink_distance`
    adam: Adam = ADAM
    laplacian_levels: int = 0

    @cached_property
    def content_image(self) -> np.ndarray:
        return pictures.picture(1, *self.size)

    @cached_property
    def style_images(self) -> tuple[np.ndarray, ...]:
        """One style picture per weight of `blend`, each wider than the one before."""
        height, width = self.style_size
        count = len(self.blend)
        return tuple(pictures.picture(2 + 10 * n, height, width + 2 * n) for n in range(count))

    @cached_property
    def visibility(self) -> np.ndarray | None:
        return pictures.visibility(*self.size) if self.leaves_out else None

    @cached_property
    def guides(self) -> np.ndarray | None:
        """What is invisible is in no region."""
        found = pictures.guides(self.regions, *self.size) if self.regions else None
        if self.visibility is None:
            return found
        return self.visibility[None] if found is None else found * self.visibility

    @cached_property
    def style_guides(self) -> list[np.ndarray | None]:
        """Guides of every style. Of several styles the first lacks one region."""
        found = self._guides_of_styles
        if self.leaves_out:
            sizes = [image.shape[:2] for image in self.style_images]
            found = [
                np.ones((1, *size)) if one is None else one
                for one, size in zip(found, sizes, strict=True)
            ]
            found[0] = found[0] * pictures.visibility(*sizes[0])
        return found

    @property
    def _guides_of_styles(self) -> list[np.ndarray | None]:
        if not self.regions:
            return [None] * len(self.blend)
        # All regions are large, so that each region of the image has a style at every tap.
        found = [
            pictures.guides(self.regions + 1, *image.shape[:2])[self.regions - 1 :: -1]
            for image in self.style_images
        ]
        if len(found) > 1:
            found[0][0] = 0
        return found

    @cached_property
    def start_image(self) -> np.ndarray:
        return self.content_image if self.start == "content" else pictures.noise(3, *self.size)

    @cached_property
    def probe_image(self) -> np.ndarray:
        return getattr(pictures, self.probe)(self.probe_seed, *self.size)

    @property
    def objective(self) -> Objective:
        return Objective(
            content=self.content,
            style=self.style,
            total_variation=self.total_variation,
            style_multiplicity=self.style_multiplicity,
            content_distance=self.content_distance,
            style_distance=self.style_distance,
            style_statistics=self.style_statistics,
            projections=self.projections,
            projection_seed=self.projection_seed,
            neighbours=self.neighbours,
            matching=self.matching,
        )

    @property
    def query_image(self) -> np.ndarray:
        return self.content_image if self.query == "content" else self.probe_image

    @property
    def variable_shape(self) -> tuple[int, ...]:
        if not self.laplacian_levels:
            return (*self.size, 3)
        sizes = oracle_pyramid.sizes(*self.size, self.laplacian_levels)
        return sum(height * width for height, width in sizes), 3

    @property
    def betas(self) -> tuple[float, float]:
        return self.adam.beta1, self.adam.beta2

    def problem(self, dtype: str) -> Problem:
        """The problem as a backend takes it, with images of `dtype`; every array is a copy."""
        return Problem(
            content=self.content_image.astype(dtype),
            styles=tuple(
                StyleSource(image=image.astype(dtype), weight=weight, guides=guides)
                for image, weight, guides in self._styles
            ),
            guides=self.guides,
            visibility=self.visibility,
            architecture=self.architecture,
            laplacian_levels=self.laplacian_levels,
            start=self.start_image.astype(dtype),
            weights=pictures.weights(self.weights),
            objective=self.objective,
            adam=self.adam,
            query=Query(image=self.query_image.astype(dtype), seed=self.seed),
        )

    @property
    def _styles(self) -> list[tuple[np.ndarray, float, np.ndarray | None]]:
        return list(zip(self.style_images, self.blend, self.style_guides, strict=True))

    def oracle(self) -> oracle.Transfer:
        """The same problem as the oracle takes it."""
        return oracle.Transfer(
            pictures.weights(self.weights),
            content=self.content_image,
            styles=self._styles,
            guides=self.guides,
            visibility=self.visibility,
            content_distance=self.content_distance,
            style_distance=self.style_distance,
            style_statistics=self.style_statistics,
            projections=self.projections,
            projection_seed=self.projection_seed,
            architecture=asdict(self.architecture),
            content_weights=self.content,
            style_weights=self.style,
            tv_weight=self.total_variation,
            style_multiplicity=self.style_multiplicity,
            neighbours=self.neighbours,
            matching=asdict(self.matching),
            query=self.query_image,
            seed=self.seed,
        )


def _every(taps, weight: float) -> dict[str, float]:
    return dict.fromkeys(taps, weight)


SMALL = Case(
    name="block 1",
    size=(13, 17),
    style_size=(11, 19),
    content=BLOCK_1,
    style=BLOCK_1,
    probe_seed=190,
)
D2L = Case(name="d2l", content={"relu4_4": 1.0}, style=_every(D2L_STYLE, 1e5))

COUNTED = replace(SMALL, name="style counted ten times", style_multiplicity=10.0)
BLENDED = replace(SMALL, name="three styles, one without a share", blend=(3.0, 0.0, 1.0))
SCALED = replace(SMALL, name="scaled distances", content_distance="scaled", style_distance="scaled")
WASSERSTEIN = replace(
    SMALL,
    name="Wasserstein",
    style={"relu1_1": 1.0, "conv1_2": 2.0},
    style_statistics="wasserstein",
)
SLICED = replace(
    SMALL,
    name="sliced Wasserstein",
    style={"relu1_1": 1.0, "conv1_2": 2.0},
    style_statistics="sliced-wasserstein",
    projections=3,  # few, because neighbours in the order should be far apart
    projection_seed=5,
    probe_seed=1,
)
SOFT = Case(
    name="average pooling, replicate padding, odd sizes",
    size=(37, 41),
    style_size=(33, 50),
    content={"conv1_1": 1.0, "relu3_2": 1.0},
    style={"relu1_1": 1e4, "relu2_2": 1e4, "conv3_1": 1e4},
    architecture=Architecture(pooling="average", padding="replicate"),
    probe_seed=22,
)
TO_BLOCK_3 = {"relu1_1": 1.0, "conv2_2": 2.0, "relu3_1": 0.5}
REGIONS = Case(
    name="three soft regions, two styles of which one lacks a region",
    size=(37, 41),
    style_size=(33, 50),
    blend=(3.0, 1.0),
    regions=3,
    content={"relu3_1": 1.0},
    style={tap: 1e4 * weight for tap, weight in TO_BLOCK_3.items()},
    probe_seed=175,
)
SLICED_REGIONS = replace(
    REGIONS,
    name="regions by sliced Wasserstein",
    style={"conv3_1": 2.0, "relu3_2": 0.5},
    style_statistics="sliced-wasserstein",
    projections=2,
    probe_seed=136,
)
LEFT_OUT = replace(
    REGIONS,
    name="parts left out, two styles",
    regions=0,
    leaves_out=True,
    content={"relu3_1": 1.0, "conv1_1": 0.5},
    total_variation=10.0,
)

PYRAMID = replace(SMALL, name="Laplacian pyramid", start="noise", laplacian_levels=8)

MATCHED = Case(
    name="hypercolumns",
    size=(37, 41),
    style_size=(33, 50),
    content={"relu3_1": 1.0},
    style={},
    neighbours={tap: 10 * weight for tap, weight in TO_BLOCK_3.items()},
    style_multiplicity=2.0,
    probe_seed=175,
)
MATCHED_TAPS = replace(
    MATCHED,
    name="nearest neighbours at each tap",
    matching=Matching(form="taps", centred_loss=True, samples=9, style_samples=12),
)
MATCHED_MIXTURE = replace(
    MATCHED,
    name="hypercolumns of two styles and rotations, sampled",
    blend=(3.0, 0.0, 1.0),
    matching=Matching(rotations=True, samples=5, style_samples=6, divisor=3),
    seed=(3, 1, 4),
)
MATCHED_REGIONS = replace(
    MATCHED,
    name="hypercolumns by region",
    blend=(3.0, 1.0),
    regions=3,
    matching=Matching(centred_loss=True, rotations=True),
)
NEAREST_CASES = (
    MATCHED,
    MATCHED_TAPS,
    MATCHED_MIXTURE,
    MATCHED_REGIONS,
    replace(
        MATCHED_REGIONS,
        name="nearest neighbours by part of the picture, searched without centre",
        matching=Matching(form="taps", centred_search=False, samples=6, style_samples=7),
    ),
    replace(MATCHED, name="hypercolumns at the query itself", query="probe"),
    replace(
        MATCHED_TAPS,
        name="nearest neighbours beside Gram matrices",
        style={"relu1_1": 1e3, "relu2_1": 1e4},
        style_distance="scaled",
        content_distance="scaled",
        neighbours={"relu2_1": 30.0, "relu3_1": 10.0},
    ),
)

CASES = (
    *NEAREST_CASES,
    SMALL,
    D2L,
    COUNTED,
    BLENDED,
    SCALED,
    WASSERSTEIN,
    SLICED,
    SOFT,
    REGIONS,
    replace(
        REGIONS,
        name="regions by Wasserstein, more channels than pixels",
        style=TO_BLOCK_3,
        style_statistics="wasserstein",
    ),
    SLICED_REGIONS,
    replace(
        REGIONS,
        name="regions at scaled distances",
        style=TO_BLOCK_3,
        content_distance="scaled",
        style_distance="scaled",
    ),
    LEFT_OUT,
    replace(
        LEFT_OUT,
        name="parts left out of regions, scaled distances",
        regions=3,
        content_distance="scaled",
        style=TO_BLOCK_3,
        style_distance="scaled",
    ),
    replace(
        LEFT_OUT,
        name="parts left out, Wasserstein",
        style=TO_BLOCK_3,
        style_statistics="wasserstein",
    ),
    Case(
        name="every tap, odd sizes",
        size=(37, 41),
        style_size=(33, 50),
        content=_every(oracle.TAPS, 1.0),
        style=_every(oracle.TAPS, 1e5),
        probe_seed=175,
    ),
    Case(
        name="convolution and ReLU of one layer",
        content={"conv2_2": 1.0, "relu2_2": 3.0},
        style={"relu2_2": 1e4, "conv2_2": 1e3},
    ),
    Case(
        name="own weight for every layer",
        size=(37, 41),
        content={"conv1_2": 0.25, "conv3_4": 4.0, "relu4_2": 1.0},
        style={"conv1_1": 5e2, "relu2_1": 1e3, "relu3_3": 1.5e3, "conv4_3": 1e4},
        probe_seed=175,
    ),
    Case(name="content only", content={"conv4_2": 1.0}, style={}, total_variation=0.0),
    Case(name="style only", content={}, style=_every(D2L_STYLE, 1e4), total_variation=0.0),
    Case(
        name="zero weights",
        content={"relu1_1": 0.0, "conv2_1": 1.0},
        style={"relu2_2": 0.0, "relu3_1": 1e4},
        total_variation=0.0,
    ),
    Case(
        name="total variation only, flat halves",
        size=(21, 30),
        content={"relu1_1": 0.0},
        style={},
        total_variation=10.0,
        probe="half_flat",
        probe_seed=164,
    ),
    Case(
        name="outside [0, 1]",
        size=(37, 33),
        content={"relu3_2": 1.0},
        style=_every(("relu1_2", "conv3_1"), 1e4),
        start="noise",
        probe="noise",
        probe_seed=192,
    ),
    Case(
        name="smallest: features of one pixel",
        size=(16, 16),
        style_size=(16, 31),
        content={"relu5_4": 1.0},
        style={"conv5_1": 1e4, "relu5_4": 1e4},
        probe_seed=40,
    ),
    Case(
        name="features one pixel wide",
        size=(50, 17),
        style_size=(16, 49),
        content={"conv5_2": 1.0},
        style=_every(D2L_STYLE, 1e4),
        probe_seed=36,
    ),
    Case(name="two by two pixels", size=(2, 2), style_size=(2, 3), content=BLOCK_1, style=BLOCK_1),
    Case(
        name="random weights",
        content={"relu4_4": 1.0},
        style=_every(D2L_STYLE, 1e5),
        weights="random:7",
        probe_seed=37,
    ),
    Case(
        name="bundled weights, d2l's objective",
        size=(32, 40),
        content={"relu4_4": 1.0},
        style=_every(D2L_STYLE, 1e4),
        total_variation=10.0,
        weights="bundled",
        probe_seed=313,
    ),
)

BY_NAME = {case.name: case for case in CASES}
