"""The estimated memory of a session."""

import pytest

from nst_core.backend import Execution
from nst_core.backend.footprint import StageSize
from nst_pytorch.footprint import footprint

TAPS = ("relu1_1", "relu4_4", "conv5_1")


@pytest.mark.parametrize("sides", [(300, 450), (1200, 1800)])
def test_checkpointing_never_takes_more_memory(sides):
    size = StageSize(sides, (sides, (500, 2000)))

    def estimated(**execution):
        found = footprint(
            taps=TAPS, size=size, on_cpu=True, dtype="float32", execution=Execution(**execution)
        )
        return found.peak

    for conv in ("auto", "direct", "winograd"):
        assert estimated(conv=conv, checkpointing=True) <= estimated(conv=conv)
    assert estimated(checkpointing=True) < estimated(conv="direct", checkpointing=True)
    if sides > (768, 768):
        assert estimated(checkpointing=True) < estimated() / 2
