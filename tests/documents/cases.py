"""Each preset beside the transcription of its document, both made small.

A preset is made small by proportion, so that its own rules (exact or shortest side, the hand-over
between stages, the size on a CPU) are what runs. What is replaced, sizes, steps and the schedule's
period, is held against the document's literals by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from documents import runs
from documents.material import Material, Reported
from documents.runs import EVERY, FITTING, HEIGHT, LARGER, STEPS, STEPS_OF_TWO_STAGES, Literals

from nst_core.spec import presets
from nst_core.spec.sizes import Size


@dataclass(frozen=True)
class Case:
    """A preset and its document.

    Attributes:
        preset: Its name.
        framework: What the document is written for.
        literals: Asked for late, since it imports the framework, like ``transcription``.
        transcription: dtype -> what the document reports, losses weighted as nst weights them.
        port: The same of the document ported to MXNet, where it is written for PyTorch alone.
        steps: In every stage, by dtype; more than one period of the schedule.
        every: The schedule's period in the small run; None where the document has no schedule.
        shrink: By how much sizes are multiplied.
        pictures: What both are given.
        over: What else is replaced in the preset.
    """

    preset: str
    framework: str
    literals: Callable[[], Literals]
    transcription: Callable[[str], list[Reported]]
    port: Callable[[str], list[Reported]] | None = None
    steps: Mapping[str, int] = field(default_factory=STEPS.copy)
    every: int | None = EVERY
    shrink: float = HEIGHT / 300
    pictures: Material = LARGER
    over: Mapping[str, Any] = field(default_factory=dict)

    def overrides(self, dtype: str) -> dict[str, Any]:
        """Return what makes the preset small."""
        stages = [
            {key: self._small(key, value) for key, value in stage.items()}
            | {"steps": self.steps[dtype]}
            for stage in presets.table(self.preset)["stages"]
        ]
        schedule = {"schedule": {"every": self.every}} if self.every else {}
        return {"stages": stages} | schedule | self.over

    def _small(self, key: str, value: Any) -> Any:
        rule = key in ("size", "size_on_cpu")
        return str(Size.parse(str(value)).scaled(self.shrink)) if rule else value


# The preset takes the slides at their word, conv4_2; the code that is transcribed would overwrite
# it by its ReLU. The history is short, so that it overflows.
SLIDES = {"content": {"layers": ["relu4_2"]}, "optimiser": {"history": runs.HISTORY}}

CASES = (
    Case("d2l", "pytorch", runs.d2l_torch_literals, runs.d2l_torch("ENGLISH")),
    Case("d2l-fr", "pytorch", runs.d2l_torch_literals, runs.d2l_torch("FRENCH")),
    Case(
        "d2l-slides",
        "pytorch",
        runs.d2l_torch_literals,
        runs.slides,
        runs.slides_mxnet,
        over=SLIDES,
    ),
    Case(
        "d2l-mxnet",
        "mxnet",
        runs.d2l_mxnet_literals,
        runs.d2l_mxnet("ENGLISH"),
        pictures=FITTING,
    ),
    Case(
        "d2l-fr-mxnet",
        "mxnet",
        runs.d2l_mxnet_literals,
        runs.d2l_mxnet("FRENCH"),
        pictures=FITTING,
    ),
    Case(
        "d2lzh",
        "pytorch",
        runs.d2lzh_literals,
        runs.d2lzh,
        runs.d2lzh_mxnet,
        steps=STEPS_OF_TWO_STAGES,
        shrink=16 / 150,
    ),
    Case(
        "gala",
        "pytorch",
        runs.gala_literals,
        runs.gala,
        runs.gala_mxnet,
        every=None,
        shrink=32 / 128,
    ),
)
