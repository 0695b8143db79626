"""The backend: the available devices, and how work starts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from nst_core.arrays import Array
from nst_core.backend import AUTOMATIC, Device, DType, Execution, Objective, Problem
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.errors import BackendError
from nst_pytorch.cpu.processor import multiplies_bf16
from nst_pytorch.footprint import footprint, with_matching
from nst_pytorch.pretrained import load_pretrained
from nst_pytorch.session import PyTorchSession


class PyTorchBackend:
    """PyTorch on the CPU, CUDA or Apple's MPS."""

    name = "pytorch"
    version = str(torch.__version__)

    def devices(self) -> Sequence[Device]:
        """Return CUDA devices, then MPS, then the CPU."""
        found = []
        if torch.cuda.is_available():
            for index in range(torch.cuda.device_count()):
                found.append(Device(f"cuda:{index}", torch.cuda.get_device_name(index)))
        if torch.backends.mps.is_available():
            found.append(Device("mps", "Apple GPU"))
        return [*found, Device("cpu", f"{torch.get_num_threads()} threads")]

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> PyTorchSession:
        """Return a session; see ``nst_core.backend.Backend``.

        Raises:
            BackendError: if the device is missing, or cannot compute in ``dtype`` or in the way
                that ``execution`` asks for.
        """
        if device not in {known.name for known in self.devices()}:
            raise BackendError(f"PyTorch has no device {device!r} on this machine")
        if device == "mps" and dtype == "float64":
            raise BackendError("MPS can't compute in float64: use --dtype float32 or --device cpu")
        return PyTorchSession(
            problem,
            device=torch.device(device),
            dtype=getattr(torch, dtype),
            execution=execution,
        )

    def footprint(
        self,
        *,
        objective: Objective,
        size: StageSize,
        device: str,
        dtype: DType,
        execution: Execution,
    ) -> Footprint:
        """Return the memory that a session needs: see ``backend.footprint.HasFootprint``."""
        pictures = size
        if objective.neighbours and objective.matching.rotations:
            turned = tuple((width, height) for height, width in size.styles)
            pictures = StageSize(size.content, (*size.styles, *turned))
        found = footprint(
            taps=objective.taps(),
            size=pictures,
            on_cpu=device == "cpu",
            dtype=dtype,
            execution=execution,
        )
        if objective.neighbours:
            found = with_matching(found, objective, size, item=8 if dtype == "float64" else 4)
        if not device.startswith("cuda"):
            return found
        return replace(found, available=torch.cuda.mem_get_info(device)[0])

    def has_fast_bf16(self, *, device: str) -> bool:
        """Return whether bf16 is to be preferred: see ``backend.precision.HasFastBf16``.

        On CUDA the convolutions are in TF32 by default.
        """
        return device == "cpu" and multiplies_bf16()

    def pretrained(self) -> Mapping[str, Array]:
        """Return torchvision's IMAGENET1K_V1 weights as canonical arrays."""
        return load_pretrained()
