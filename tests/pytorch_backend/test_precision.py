"""What is rounded, what isn't, and what the program around finds afterwards."""

import numpy as np
import pytest
import torch
from conformance.cases import SMALL
from conformance.reference import expected

from nst_core.backend import Execution
from nst_core.errors import BackendError
from nst_pytorch import BACKEND
from nst_pytorch.precision import Arithmetic

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def start(dtype="float32", **execution):
    return BACKEND.start(
        SMALL.problem(dtype), device="cpu", dtype=dtype, execution=Execution(**execution)
    )


def test_bfloat16_rounds_the_convolutions_alone():
    rounded = start(precision="bf16")
    found = rounded.evaluate(image=SMALL.probe_image.astype("float32"))
    wanted = expected(SMALL)
    assert found.gradient.dtype == np.float32
    deviation = np.abs(found.gradient - wanted.gradient).max() / np.abs(wanted.gradient).max()
    assert 1e-4 < deviation < 0.1  # eight bits of mantissa, and not float32 by accident
    # The total variation has no convolution in it.
    assert found.losses.total_variation == pytest.approx(wanted.losses.total_variation, rel=1e-6)
    rounded.step(learning_rate=0.1)
    assert rounded.state().image.dtype == np.float32


def test_automatic_is_tf32_on_cuda_alone():
    both = {"auto": (True, False), "float32": (False, False)}
    for precision, wanted in both.items():
        found = [
            Arithmetic.of(precision, device=device, dtype=torch.float32) for device in (CUDA, CPU)
        ]
        assert tuple(one.tf32 for one in found) == wanted
        assert {one.convolutions for one in found} == {torch.float32}
    assert Arithmetic.of("tf32", device=CUDA, dtype=torch.float32).tf32
    assert not Arithmetic.of("auto", device=CUDA, dtype=torch.float64).tf32


@pytest.mark.parametrize(
    ("dtype", "execution", "words"),
    [
        ("float32", {"precision": "tf32"}, "is for CUDA"),
        ("float64", {"precision": "bf16"}, "is for --dtype float32"),
        ("float32", {"precision": "bf16", "conv": "winograd"}, "computes in float32"),
    ],
)
def test_what_there_is_not_is_refused(dtype, execution, words):
    with pytest.raises(BackendError, match=words):
        start(dtype, **execution)


def test_the_programs_own_choice_is_given_back():
    torch.set_float32_matmul_precision("medium")
    tf32 = torch.backends.cudnn.allow_tf32
    try:
        with Arithmetic(tf32=False, convolutions=torch.float32).applied():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cudnn.allow_tf32
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.cudnn.allow_tf32 == tf32
    finally:
        torch.set_float32_matmul_precision("highest")
