"""``Spec`` and its tables, except stages and optimisers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from nst_core.backend import Adam as AdamConstants
from nst_core.backend import Architecture, Distance, Objective, Padding, Pooling, Statistics
from nst_core.errors import SpecError
from nst_core.spec import merging
from nst_core.spec.fields import (
    Alpha,
    Beta,
    Colours,
    File,
    Positive,
    SizeRule,
    SpecTable,
    TapWeights,
    Weight,
    describe,
    without_defaults,
)
from nst_core.spec.neighbours import Neighbours
from nst_core.spec.optimisers import LBFGS, Adam, Optimiser
from nst_core.spec.sizes import LARGEST, Size
from nst_core.spec.stages import Pyramid, Stage
from nst_core.spec.strength import UNCHANGED, Strength, check_strength, strengthened
from nst_core.spec.variables import Variables

# Fields that are newer than the first recipes. At their defaults they are left out of files.
_OMITTED_IF_DEFAULT = frozenset(
    {"distance", "scale", "size", "statistics", "projections", "projection_seed"}
)
_OMITTED_FROM_SPEC = frozenset(
    {
        "network",
        "colours",
        "strength",
        "alpha",
        "neighbours",
        "variables",
        "precision",
        "average",
        "pyramid",
    }
)

_START_WORDS = frozenset({"content", "content-recoloured", "noise", "style-colours"})


def _zeroed_levels(value: object) -> object:
    if value == "auto" or (type(value) is int and 0 <= value <= 16):
        return value
    raise ValueError("should be auto, or a whole number from 0 to 16")


ZeroedLevels = Annotated[int | Literal["auto"], PlainValidator(_zeroed_levels)]


class FeatureLosses(SpecTable):
    """The content or the style losses of the objective, one at each tap.

    Attributes:
        weight: The weight of all of them, 0 or more.
        layers: The taps that are compared, each with a weight of its own.
        distance: ``mse``, or ``scaled`` for a distance whose gradient has a norm of about 1 for
            every size of the picture: see ``nst_core.backend.Objective``.
    """

    weight: Weight
    layers: TapWeights
    distance: Distance = "mse"

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), _OMITTED_IF_DEFAULT)

    def effective(self) -> dict[str, float]:
        """Return tap -> the weight of its loss: the weight of all times the tap's own weight."""
        return {tap: self.weight * weight for tap, weight in self.layers}


class Style(FeatureLosses):
    """The style losses, and what they compare.

    Attributes:
        counted: How often the style losses count in the total that is minimised, above 0. Reported
            style losses do not include it. It exists because one document multiplies a Python
            *list* of losses by ten.
        scale: A factor on the size of the style pictures, above 0.
        size: The size rule of the style pictures in the last stage; earlier stages are in
            proportion. A relative one is a share of each style's own size. None for the size of
            the stage.
        statistics: ``gram``; ``wasserstein`` for means and covariances; ``sliced-wasserstein``
            for the features' projections on random directions, sorted. See
            ``nst_core.backend.Objective``.
        projections: The number of these directions at each tap, from 1 to 4096.
        projection_seed: Their seed. NumPy's PCG64 draws them, so they are the same on every
            backend.
    """

    counted: Positive = 1.0
    scale: Annotated[float, Field(strict=True, gt=0, le=LARGEST, allow_inf_nan=False)] = 1.0
    size: SizeRule | None = None
    statistics: Statistics = "gram"
    projections: Annotated[int, Field(strict=True, ge=1, le=4096)] = 64
    projection_seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _has_one_distance(self) -> Style:
        if self.statistics != "gram" and self.distance != "mse":
            raise ValueError(
                f"distance = {self.distance!r}: only Gram matrices have a choice of distances; "
                f"with statistics = {self.statistics!r} leave it at 'mse'"
            )
        return self


class Network(SpecTable):
    """How the network pools and pads: see ``nst_core.backend.Architecture``."""

    pooling: Pooling = "max"
    padding: Padding = "zero"


class TotalVariation(SpecTable):
    """The total variation loss of the objective: its weight, 0 or more."""

    weight: Weight


class Schedule(SpecTable):
    """Step decay: the learning rate is multiplied by ``factor`` after each ``every`` steps."""

    factor: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    every: Annotated[int, Field(strict=True, ge=1)] = 1


class Start(SpecTable):
    """The image that the optimisation starts from.

    Attributes:
        image: ``content``; ``noise``, standard normal in the normalised image; ``style-colours``,
            noise with the mean and the covariance of the style's colours; ``content-recoloured``,
            the content moved to the style's colours by optimal transport; or the path of a picture.
        seed: The seed of all that is random. NumPy's PCG64 draws it, so it is the same on every
            backend.
        noise: The share of ``noise`` in the image, from 0 to 1; the rest is ``image``.
        zeroed_levels: How many of the finest levels of a Laplacian pyramid (see
            ``nst_core.optimisers.LaplacianPyramid``) are zero at the start, from 0 to 16, counted
            at the size of the last stage; ``auto`` for three, and two if the last stage has a side
            of 1024 pixels or more, as in Kolkin et al., "Neural Neighbor Style Transfer" (2022).
            The first stage's image lacks those of them that its size has. A later stage starts
            from the stage before and has the content's levels that are new to it and not zero.
            None (left out in a file) for all of the first image, and nothing new later.
    """

    image: File = "content"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 0
    noise: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.0
    zeroed_levels: ZeroedLevels | None = None

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"noise", "zeroed_levels"})

    @property
    def file(self) -> str | None:
        """The path in ``image``; None if ``image`` is a word."""
        return None if self.image in _START_WORDS else self.image


class Spec(SpecTable):
    """The whole algorithm. Each stage after the first starts from the previous stage's result.

    Attributes:
        name: The name of the preset that the spec comes from, or ``custom``.
        source: Where the algorithm is published.
        description: How it differs from other presets.
        colours: The colours of the result: ``style``, ``content``, ``match`` for the style's
            colours moved to the content's, or ``oklab`` for the content's moved to the style's.
            None for ``style``, except that the result of grey pictures is grey. See
            ``nst_core.run.recolouring``.
        strength: From 0, the content is kept, to 1, the style is taken; 0.5 leaves the weights as
            they are. See ``nst_core.spec.strength``.
        alpha: What transparent parts of content and style are: ``over-white``; or ``leave-out``,
            with which they count in no loss. See ``nst_core.problem.visibility``.
        content: The content losses.
        style: The style losses.
        neighbours: Further style losses, of nearest neighbours; none by default.
        total_variation: The total variation loss.
        network: How the network pools and pads.
        optimiser: Adam or L-BFGS.
        variables: What the optimiser moves: pixels, or the levels of a Laplacian pyramid.
        schedule: How the learning rate decays.
        start: The image that the first stage starts from.
        precision: ``bf16`` if the convolutions' products may be rounded to it by default, on a
            device that multiplies bf16 faster. A run's own precision takes precedence unless it is
            ``auto``. See ``nst_core.run.prepared``.
        average: The decay of an exponential moving average of the images, at least 0 and below 1;
            the average is the result of a stage. With 0 the result is the stage's last image. See
            ``nst_core.run.averaging``.
        pyramid: The pyramid that ``stages`` are built from; None if they are listed.
        stages: The stages, at least one.
    """

    name: Annotated[str, Field(strict=True)] = "custom"
    source: Annotated[str, Field(strict=True)] = ""
    description: Annotated[str, Field(strict=True)] = ""
    colours: Colours | None = None
    strength: Strength = UNCHANGED
    alpha: Alpha = "over-white"
    content: FeatureLosses
    style: Style
    neighbours: Neighbours = Neighbours()
    total_variation: TotalVariation
    network: Network = Network()
    optimiser: Optimiser
    variables: Variables = Variables()
    schedule: Schedule = Schedule()
    start: Start = Start()
    precision: Literal["auto", "bf16"] = "auto"
    average: Beta = 0.0
    pyramid: Pyramid | None = None
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _builds_its_pyramid(cls, table: Any) -> Any:
        if not isinstance(table, Mapping) or table.get("pyramid") is None:
            return table
        if "stages" in table:
            raise ValueError("pyramid and stages: give one of them")
        try:
            pyramid = Pyramid.model_validate(table["pyramid"])
        except ValidationError as error:
            raise ValueError(f"pyramid.{describe(error)}") from None
        return {**table, "pyramid": pyramid, "stages": pyramid.stages()}

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        table = without_defaults(self, dump(self), _OMITTED_FROM_SPEC)
        if self.pyramid is not None:
            del table["stages"]  # the pyramid gives them
        return table

    @model_validator(mode="after")
    def _compares_something(self) -> Spec:
        for number in range(len(self.stages)):
            if not self.in_stage(number).taps():
                raise ValueError(
                    "content.layers and style.layers are both empty: name at least one tap"
                )
        return self

    @model_validator(mode="after")
    def _has_one_change_of_variables(self) -> Spec:
        smoothed = isinstance(self.optimiser, LBFGS) and self.optimiser.smoothing > 0
        if smoothed and self.variables.kind == "laplacian":
            raise ValueError(
                "optimiser.smoothing and variables.kind = 'laplacian': each is a change of "
                "variables, give one of them"
            )
        return self

    @model_validator(mode="after")
    def _may_have_a_strength(self) -> Spec:
        check_strength(self.strength, name=self.name, source=self.source)
        return self

    @model_validator(mode="after")
    def _starts_from_a_stage(self) -> Spec:
        if self.stages[0].through_8_bits:
            raise ValueError("stages.0.through_8_bits = True: no stage comes before the first")
        return self

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Spec:
        """Build a spec from a table as TOML gives it.

        Raises:
            SpecError: if a field is wrong; one line with the field, its value and what is allowed.
        """
        try:
            return cls.model_validate(dict(table))
        except ValidationError as error:
            raise SpecError(describe(error)) from None

    def to_table(self) -> dict[str, Any]:
        """Return the spec as a table that TOML can hold. ``from_table`` reads it back."""
        return self.model_dump(mode="json")

    def in_stage(self, number: int) -> Spec:
        """Return the spec of one stage alone, with the objective of that stage.

        What the strength does is in its tables, and its strength is 0.5.

        Args:
            number: The stage's number, counted from 0.

        Raises:
            ValueError: if the stage's own tables don't fit the spec; one line.
        """
        stage = self.stages[number]
        tables: dict[str, Any] = {}
        for name, over in stage.objective().items():
            table = getattr(self, name)
            try:
                tables[name] = type(table).model_validate(
                    merging.merged(table.model_dump(mode="json"), over)
                )
            except ValidationError as error:
                raise ValueError(f"stages.{number}.{name}.{describe(error)}") from None
        plain = stage.without_objective()
        stage_alone = {**tables, "stages": (plain,), "pyramid": None}
        return strengthened(self.model_copy(update=stage_alone), content=self.content)

    def taps(self) -> tuple[str, ...]:
        """Return every tap that is compared in any stage, each once: content taps first."""
        objectives = [self]
        if any(stage.objective() for stage in self.stages):
            objectives = [self.in_stage(number) for number in range(len(self.stages))]
        return tuple(
            dict.fromkeys(
                tap
                for one in objectives
                for tap, _ in one.content.layers + one.style.layers + one.neighbours.layers
            )
        )

    def style_taps(self) -> tuple[str, ...]:
        """Return every tap at which styles are compared in any stage, each once."""
        stages = [self.in_stage(number) for number in range(len(self.stages))]
        return tuple(
            dict.fromkeys(
                tap for one in stages for tap, _ in one.style.layers + one.neighbours.layers
            )
        )

    def objective(self) -> Objective:
        """Return the objective as a backend's ``Problem`` holds it, with all weights multiplied.

        It is the one of stages that have no objective of their own: see ``in_stage``.
        """
        spec = strengthened(self, content=self.content)
        return Objective(
            content=spec.content.effective(),
            style=spec.style.effective(),
            style_multiplicity=spec.style.counted,
            content_distance=spec.content.distance,
            style_distance=spec.style.distance,
            style_statistics=spec.style.statistics,
            projections=spec.style.projections,
            projection_seed=spec.style.projection_seed,
            neighbours=spec.neighbours.effective(),
            matching=spec.neighbours.matching(),
            total_variation=spec.total_variation.weight,
        )

    def architecture(self) -> Architecture:
        """Return how the network pools and pads, as a backend's ``Problem`` holds it."""
        return Architecture(pooling=self.network.pooling, padding=self.network.padding)

    def adam(self) -> AdamConstants:
        """Return Adam's constants for a backend's ``Problem``; the defaults if Adam isn't used."""
        adam = self.optimiser if isinstance(self.optimiser, Adam) else Adam()
        return adam.constants()

    def depends_on_device(self) -> bool:
        """Whether a stage has another size on a CPU than on other devices."""
        return any(stage.size_on_cpu is not None for stage in self.stages)

    def on(self, device: str) -> Spec:
        """Return this spec with the sizes of ``device``, which then depend on no device."""
        stages = tuple(
            stage.model_copy(
                update={
                    "size": (device == "cpu" and stage.size_on_cpu) or stage.size,
                    "size_on_cpu": None,
                }
            )
            for stage in self.stages
        )
        return self.model_copy(update={"stages": stages})

    def for_content(self, *, height: int, width: int) -> Spec:
        """Return this spec with its stages in pixels, for a content of this size in pixels.

        Raises:
            SpecError: if the stages would be too many; one line.
        """
        if self.pyramid is not None and self.pyramid.is_relative:
            pyramid = self.pyramid.for_content(height=height, width=width)
            return self.model_copy(update={"pyramid": pyramid, "stages": pyramid.stages()})

        rules = [rule for stage in self.stages for rule in (stage.size, stage.size_on_cpu) if rule]
        if all(Size.parse(rule).kind != "relative" for rule in rules):
            return self

        def absolute(rule: str | None) -> str | None:
            if rule is None:
                return None
            return str(Size.parse(rule).absolute(height=height, width=width))

        stages = tuple(
            stage.model_copy(
                update={"size": absolute(stage.size), "size_on_cpu": absolute(stage.size_on_cpu)}
            )
            for stage in self.stages
        )
        return self.model_copy(update={"stages": stages})

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step, which is counted from 0 within its stage."""
        decays = step // self.schedule.every
        return self.optimiser.learning_rate * self.schedule.factor**decays
