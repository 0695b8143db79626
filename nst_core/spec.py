"""The algorithm as data: which layers, weights, optimiser, schedule and sizes make a picture.

A spec is frozen and validated; it is written to and read from TOML, and it is all that a run
needs to know besides the pictures, the VGG-19 weights and the machine. ``presets`` holds the
published descriptions of the algorithm in this form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from nst_core.backend import Adam as AdamConstants
from nst_core.backend import Objective
from nst_core.errors import SpecError
from nst_core.sizes import Size
from nst_core.vgg19 import tap_name

Layers = tuple[tuple[str, float], ...]


def _parse_layers(value: object) -> Layers:
    """Read ``["relu1_1", 5]`` or ``{relu1_1 = 0.5}`` into taps with weights."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list | tuple):
        pairs = [item if isinstance(item, tuple) else (item, 1.0) for item in value]
    else:
        raise ValueError("should be a list of taps or a table of tap = weight")
    layers = []
    for tap, weight in pairs:
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ValueError(f"weight of {tap} should be a number")
        if not 0 <= weight < float("inf"):
            raise ValueError(f"weight of {tap} should be a finite number, 0 or more")
        layers.append((_canonical_tap(tap), float(weight)))
    names = [tap for tap, _ in layers]
    if len(set(names)) < len(names):
        raise ValueError("should name every tap once")
    return tuple(layers)


def _canonical_tap(tap: object) -> str:
    try:
        return tap_name(str(tap))
    except SpecError as error:
        raise ValueError(str(error)) from None


def _dump_layers(layers: Layers) -> list[str] | dict[str, float]:
    if all(weight == 1 for _, weight in layers):
        return [tap for tap, _ in layers]
    return dict(layers)


def _canonical_size(text: str) -> str:
    try:
        return str(Size.parse(text))
    except SpecError as error:
        raise ValueError(str(error).partition(": ")[2]) from None


def _size_text(value: object) -> object:
    # `size = 512` is what a person writes in TOML for the longest side.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Weight = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Beta = Annotated[float, Field(strict=True, ge=0, lt=1)]
TapWeights = Annotated[Layers, BeforeValidator(_parse_layers), PlainSerializer(_dump_layers)]
SizeRule = Annotated[str, BeforeValidator(_size_text), AfterValidator(_canonical_size)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(_Part):
    """Content or style: a weight and the taps that are compared, each with a weight of its own."""

    weight: Weight
    layers: TapWeights

    def effective(self) -> dict[str, float]:
        """Return tap -> the term's weight times the tap's own."""
        return {tap: self.weight * weight for tap, weight in self.layers}


class TotalVariation(_Part):
    """Weight of the total variation loss."""

    weight: Weight


class Adam(_Part):
    """Adam (Kingma and Ba, 2015): constants, and where epsilon stands.

    ``epsilon_form`` is ``paper`` for lr * m_hat / (sqrt(v_hat) + epsilon), which PyTorch computes.
    """

    name: Literal["adam"] = "adam"
    learning_rate: Positive
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    epsilon: Positive = 1e-8


class Schedule(_Part):
    """Step decay: the learning rate is multiplied by ``factor`` after every ``every`` steps."""

    factor: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    every: Annotated[int, Field(strict=True, ge=1)] = 1


class Start(_Part):
    """What the optimisation starts from.

    ``image`` is ``content``, ``noise`` (standard normal in the normalised image, drawn from
    ``seed`` by NumPy's PCG64, so it is the same on every backend) or the path of a picture.
    """

    image: Annotated[str, Field(strict=True, min_length=1)] = "content"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 0


class Stage(_Part):
    """One size and how many steps are taken at it."""

    size: SizeRule
    steps: Annotated[int, Field(strict=True, ge=1)]


class Spec(_Part):
    """The whole algorithm. Stages after the first start from the result of the one before."""

    name: Annotated[str, Field(strict=True)] = "custom"
    source: Annotated[str, Field(strict=True)] = ""
    description: Annotated[str, Field(strict=True)] = ""
    content: Term
    style: Term
    total_variation: TotalVariation
    optimiser: Adam
    schedule: Schedule = Schedule()
    start: Start = Start()
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _compares_something(self) -> Spec:
        if not self.taps():
            raise ValueError(
                "content.layers and style.layers are both empty: name at least one tap"
            )
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
            total_variation=self.total_variation.weight,
        )

    def adam(self) -> AdamConstants:
        """Return Adam's constants as backends take them."""
        beta1, beta2 = self.optimiser.betas
        return AdamConstants(beta1=beta1, beta2=beta2, epsilon=self.optimiser.epsilon)

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of ``step``, counted from 0 within a stage."""
        decays = step // self.schedule.every
        return self.optimiser.learning_rate * self.schedule.factor**decays


def describe(error: ValidationError) -> str:
    """Turn pydantic's report into one line: field, value, what is allowed."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    match first["type"]:
        case "missing":
            return f"{field}: is missing"
        case "extra_forbidden":
            return f"{field}: no such field"
        case "model_type" | "dict_type":
            message = "should be a table"
        case "tuple_type":
            message = "should be a list"
        case "too_short":
            message = f"should have at least {first['ctx']['min_length']} entry"
    if not field:
        return message
    value = repr(first["input"]).replace("\n", " ")
    shown = value if len(value) <= 80 else value[:77] + "..."
    return f"{field} = {shown}: {message}"
