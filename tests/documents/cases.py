"""Each preset and the transcription of its document, both at a small size.

The sizes of a preset are scaled, so that its own rules are what runs: exact size or shortest side,
the hand-over between stages, the size on a CPU. What is replaced, which is sizes, steps and the
schedule's period, is compared with the document's literals in a test of its own.
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
        framework: The framework that the document is written for.
        literals: Called late, because it imports the framework, like ``transcription``.
        transcription: dtype -> what the document reports; losses are weighted as nst weights them.
        port: The same for a port of the document to MXNet, if it is written for PyTorch alone.
        steps: Steps of every stage, by dtype; more than one period of the schedule.
        every: The schedule's period in the small run; None if the document has no schedule.
        scale: The factor by which sizes are multiplied.
        pictures: The pictures and weights that both are given.
        changes: What else is replaced in the preset.
    """

    preset: str
    framework: str
    literals: Callable[[], Literals]
    transcription: Callable[[str], list[Reported]]
    port: Callable[[str], list[Reported]] | None = None
    steps: Mapping[str, int] = field(default_factory=STEPS.copy)
    every: int | None = EVERY
    scale: float = HEIGHT / 300
    pictures: Material = LARGER
    changes: Mapping[str, Any] = field(default_factory=dict)

    def overrides(self, dtype: str) -> dict[str, Any]:
        """Return the overrides that make the preset small."""
        stages = [
            {key: self._small(key, value) for key, value in stage.items()}
            | {"steps": self.steps[dtype]}
            for stage in presets.table(self.preset)["stages"]
        ]
        schedule = {"schedule": {"every": self.every}} if self.every else {}
        return {"stages": stages} | schedule | self.changes

    def _small(self, key: str, value: Any) -> Any:
        rule = key in ("size", "size_on_cpu")
        return str(Size.parse(str(value)).scaled(self.scale)) if rule else value


# The preset compares conv4_2, as the slides say; in the code that is transcribed, its ReLU would
# overwrite it. The history is short, so that it overflows.
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
        changes=SLIDES,
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
        scale=16 / 150,
    ),
    Case(
        "gala",
        "pytorch",
        runs.gala_literals,
        runs.gala,
        runs.gala_mxnet,
        every=None,
        scale=32 / 128,
    ),
)
