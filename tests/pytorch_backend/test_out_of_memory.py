"""PyTorch's messages about memory that is not enough, in one line."""

import pytest
import torch

from nst_pytorch.out_of_memory import out_of_memory_message

TORCH = (
    "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{TORCH} to allocate 89600000 bytes. Error code 12", "a further 90 MB were asked for ("),
        ("std::bad_alloc", "more was asked for than there is ("),
        ("shape '[2]' is invalid for input of size 3", None),
        ("MPS backend out of memory (MPS allocated: 1 GB). Tried to allocate 2.00 GB on private "
         "pool.", "on the GPU a further 2.00 GB were asked for"),
    ],
)  # fmt: skip
def test_what_pytorch_says(text, told):
    found = out_of_memory_message(RuntimeError(text))
    assert found is None if told is None else found.startswith(told)


def test_what_pytorch_says_of_cuda():
    error = torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB "
        "of which 1.25 GiB is free. Process 1 has 77.85 GiB memory in use."
    )
    assert (
        out_of_memory_message(error)
        == "on the GPU a further 2.00 GiB were asked for (1.25 GiB are free)"
    )
