"""The spec as a whole, and those of its tables that are not optimisers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from nst_core.backend import Adam as AdamConstants
from nst_core.backend import Architecture, Distance, Objective, Padding, Pooling, Statistics
from nst_core.errors import SpecError
from nst_core.spec.fields import (
    Beta,
    Colours,
    Part,
    Positive,
    SizeRule,
    TapWeights,
    Weight,
    describe,
    without_defaults,
)
from nst_core.spec.optimisers import Adam, Optimiser
from nst_core.spec.sizes import LARGEST
from nst_core.spec.stages import Pyramid, Stage

# What is left out of a file where it is as it was before there was a choice.
_SELDOM = frozenset({"distance", "scale", "size", "statistics"})


class Term(Part):
    """Content or style: a weight and the taps that are compared, each with a weight of its own.

    ``distance`` is ``mse``, or ``scaled`` for one whose gradient has a size of about 1 whatever
    the size of the picture: see ``nst_core.backend.Objective``.
    """

    weight: Weight
    layers: TapWeights
    distance: Distance = "mse"

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), _SELDOM)

    def effective(self) -> dict[str, float]:
        """Return tap -> the term's weight times the tap's own."""
        return {tap: self.weight * weight for tap, weight in self.layers}


class Style(Term):
    """The style term.

    Attributes:
        counted: How often the style losses count in the total that is minimised; the losses
            reported are without it. One document multiplies a Python *list* of losses by ten.
        scale: Size of the style pictures, over the size that they would have otherwise.
        size: Of the style pictures in the last stage, in proportion before it; that of the
            content where it is None.
        statistics: ``gram``, or ``wasserstein`` for means and covariances.
    """

    counted: Positive = 1.0
    scale: Annotated[float, Field(strict=True, gt=0, le=LARGEST, allow_inf_nan=False)] = 1.0
    size: SizeRule | None = None
    statistics: Statistics = "gram"

    @model_validator(mode="after")
    def _has_one_distance(self) -> Style:
        if self.statistics == "wasserstein" and self.distance != "mse":
            raise ValueError(
                f"distance = {self.distance!r}: only Gram matrices have a choice of distances; "
                "with statistics = 'wasserstein' leave it at 'mse'"
            )
        return self


class Network(Part):
    """How the network pools and pads, see ``nst_core.backend.Architecture``."""

    pooling: Pooling = "max"
    padding: Padding = "zero"


class TotalVariation(Part):
    """Weight of the total variation loss."""

    weight: Weight


class Schedule(Part):
    """Step decay: the learning rate is multiplied by ``factor`` after every ``every`` steps."""

    factor: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    every: Annotated[int, Field(strict=True, ge=1)] = 1


class Start(Part):
    """What the optimisation starts from.

    Attributes:
        image: ``content``; ``noise``, standard normal in the normalised image; ``style-colours``,
            noise with the mean and the covariance of the style's colours; or the path of a picture.
        seed: Of all noise, drawn by NumPy's PCG64, so that it is the same on every backend.
        noise: What part of the start is ``noise``, from 0 to 1; the rest is ``image``.
    """

    image: Annotated[str, Field(strict=True, min_length=1)] = "content"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 0
    noise: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.0

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"noise"})


class Spec(Part):
    """The whole algorithm. Stages after the first start from the result of the one before.

    Attributes:
        colours: Whose the result gets: see ``nst_core.images.colour_transfer``.
        average: Where it is above 0, a stage's result is not its last image but the running
            average of them, each step's weighing this much of the next one's: see
            ``nst_core.run.averaging``.
        pyramid: What ``stages`` follow from, if they are not given one by one.
    """

    name: Annotated[str, Field(strict=True)] = "custom"
    source: Annotated[str, Field(strict=True)] = ""
    description: Annotated[str, Field(strict=True)] = ""
    colours: Colours = "style"
    content: Term
    style: Style
    total_variation: TotalVariation
    network: Network = Network()
    optimiser: Optimiser
    schedule: Schedule = Schedule()
    start: Start = Start()
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
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        table = without_defaults(self, dump(self), {"network", "colours", "average", "pyramid"})
        if self.pyramid is not None:
            del table["stages"]  # they follow from it
        return table

    @model_validator(mode="after")
    def _compares_something(self) -> Spec:
        if not self.taps():
            raise ValueError(
                "content.layers and style.layers are both empty: name at least one tap"
            )
        return self

    @model_validator(mode="after")
    def _starts_from_a_stage(self) -> Spec:
        if self.stages[0].through_8_bits:
            raise ValueError("stages.0.through_8_bits = True: no stage comes before the first")
        return self

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Spec:
        """Build a spec from plain data, as TOML gives it.

        Raises:
            SpecError: one line that names the first wrong field, its value and what is allowed.
        """
        try:
            return cls.model_validate(dict(table))
        except ValidationError as error:
            raise SpecError(describe(error)) from None

    def to_table(self) -> dict[str, Any]:
        """Return the spec as plain data that TOML can hold; ``from_table`` reads it back."""
        return self.model_dump(mode="json")

    def taps(self) -> tuple[str, ...]:
        """Return every tap that is compared, each once."""
        return tuple(dict.fromkeys(tap for tap, _ in self.content.layers + self.style.layers))

    def objective(self) -> Objective:
        """Return what is minimised, with all weights multiplied out."""
        return Objective(
            content=self.content.effective(),
            style=self.style.effective(),
            style_counted=self.style.counted,
            content_distance=self.content.distance,
            style_distance=self.style.distance,
            style_statistics=self.style.statistics,
            total_variation=self.total_variation.weight,
        )

    def architecture(self) -> Architecture:
        """Return how the network pools and pads, as backends take it."""
        return Architecture(pooling=self.network.pooling, padding=self.network.padding)

    def adam(self) -> AdamConstants:
        """Return Adam's constants as backends take them; the paper's where Adam isn't used."""
        adam = self.optimiser if isinstance(self.optimiser, Adam) else Adam()
        return adam.constants()

    def depends_on_device(self) -> bool:
        """Whether a stage has another size on a CPU."""
        return any(stage.size_on_cpu is not None for stage in self.stages)

    def on(self, device: str) -> Spec:
        """Return what this spec is on ``device``: with sizes that depend on no device any more."""
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

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of ``step``, counted from 0 within a stage."""
        decays = step // self.schedule.every
        return self.optimiser.learning_rate * self.schedule.factor**decays
