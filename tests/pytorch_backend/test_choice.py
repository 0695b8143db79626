"""Which network computes what, and that what is estimated is of the same one."""

import pytest
import torch
from conformance import pictures

from nst_core.backend import PLAIN_VGG, Execution
from nst_core.backend.footprint import StageSize
from nst_pytorch.choice import network_for
from nst_pytorch.footprint import footprint
from nst_pytorch.network import Network
from nst_pytorch.precision import Arithmetic
from nst_pytorch.strips import Strips

TAPS, LARGE, SMALL = ("relu1_1", "relu4_4", "conv5_1"), (96, 144), (96, 143)
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("size", "dtype", "execution", "wanted"),
    [
        (LARGE, "float32", {}, Strips),
        (SMALL, "float32", {}, Network),
        (LARGE, "float64", {}, Network),
        (LARGE, "float32", {"precision": "bf16"}, Network),
        (LARGE, "float32", {"conv": "direct"}, Network),
        (SMALL, "float64", {"conv": "winograd"}, Strips),
        # Strips keep less than a network that computes its blocks again.
        (LARGE, "float32", {"checkpointing": True}, Strips),
        (SMALL, "float32", {"conv": "winograd", "checkpointing": True}, Strips),
        (LARGE, "float32", {"conv": "direct", "checkpointing": True}, Network),
        (LARGE, "float64", {"checkpointing": True}, Network),
    ],
)
def test_which_network_computes(size, dtype, execution, wanted):
    execution = Execution(**execution)
    kind = getattr(torch, dtype)
    network = network_for(
        pictures.weights("random:3"),
        taps=TAPS,
        size=size,
        device=CPU,
        dtype=kind,
        architecture=PLAIN_VGG,
        arithmetic=Arithmetic.of(execution.precision, device=CPU, dtype=kind),
        execution=execution,
    )
    assert type(network) is wanted


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
