"""d2l's loop in plain JAX computes what the transcription of its PyTorch tab does."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conformance import pictures

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_losses_are_the_documents(monkeypatch):
    pytest.importorskip("jax")
    pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from variants import Pictures, d2l_jax, d2l_torch

    content, style = (pictures.picture(n, 16, 24).astype(np.float32) for n in (1, 2))
    both = Pictures(content=content, style=style, weights=pictures.weights("he"))
    ours, theirs = d2l_jax.Loop(both, device="cpu"), d2l_torch.Loop(both, device="cpu")
    # After a step they differ a little: the derivative of |x| at 0 is 1 in JAX, and 0 in PyTorch.
    for bound in (1e-5, 1e-2):
        ours.step()
        theirs.step()
        ours.wait()
        np.testing.assert_allclose(ours.losses().total, theirs.losses().total, rtol=bound)
        assert ours.losses().style.keys() == theirs.losses().style.keys()
    for name in [name for name in sys.modules if name.partition(".")[0] == "variants"]:
        del sys.modules[name]
