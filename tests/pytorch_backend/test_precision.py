"""What is rounded, what isn't, and what the program around finds afterwards."""

import numpy as np
import pytest
import torch
from conformance.cases import SMALL
from conformance.reference import expected

from nst_core.backend import Execution
from nst_core.errors import BackendError
from nst_pytorch import BACKEND, precision
from nst_pytorch.cpu.processor import multiplies_bf16
from nst_pytorch.precision import Arithmetic

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
needs_bf16 = pytest.mark.skipif(
    not multiplies_bf16(), reason="this processor does not multiply bfloat16"
)


def start(dtype="float32", **execution):
    return BACKEND.start(
        SMALL.problem(dtype), device="cpu", dtype=dtype, execution=Execution(**execution)
    )


@needs_bf16
@pytest.mark.parametrize("conv", ["direct", "winograd"])
def test_bfloat16_rounds_the_convolutions_alone(conv):
    rounded = start(precision="bf16", conv=conv)
    found = rounded.evaluate(image=SMALL.probe_image.astype("float32"))
    wanted = expected(SMALL)
    assert found.gradient.dtype == np.float32
    deviation = np.abs(found.gradient - wanted.gradient).max() / np.abs(wanted.gradient).max()
    assert 1e-3 < deviation < 0.3  # eight bits of mantissa, and not float32 by accident
    # The total variation has no convolution in it.
    assert found.losses.total_variation == pytest.approx(wanted.losses.total_variation, rel=1e-6)
    rounded.step(learning_rate=0.1)
    assert rounded.state().image.dtype == np.float32


@needs_bf16
def test_bfloat16_gives_the_same_bits_again():
    image = SMALL.probe_image.astype("float32")
    first, again = (
        start(precision="bf16", conv="winograd").evaluate(image=image) for _ in range(2)
    )
    assert np.array_equal(first.gradient, again.gradient)
    assert first.losses == again.losses


def test_a_processor_without_bfloat16_refuses_it(monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: False)
    with pytest.raises(BackendError, match=r"needs a processor .* use --precision float32"):
        start(precision="bf16")
    Arithmetic.of("bf16", device=CUDA, dtype=torch.float32)


def test_automatic_is_tf32_on_cuda_alone():
    both = {"auto": (True, False), "float32": (False, False)}
    for name, wanted in both.items():
        found = [Arithmetic.of(name, device=device, dtype=torch.float32) for device in (CUDA, CPU)]
        assert tuple(one.tf32 for one in found) == wanted
        assert {one.convolutions for one in found} == {torch.float32}
    assert Arithmetic.of("tf32", device=CUDA, dtype=torch.float32).tf32
    assert not Arithmetic.of("auto", device=CUDA, dtype=torch.float64).tf32


@pytest.mark.parametrize(
    ("dtype", "execution", "words"),
    [
        ("float32", {"precision": "tf32"}, "is for CUDA"),
        ("float64", {"precision": "bf16"}, "is for --dtype float32"),
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
