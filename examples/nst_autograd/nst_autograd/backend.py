"""The backend: its devices, and how it starts work."""

from collections.abc import Mapping, Sequence

import torch

from nst_autograd.session import AutogradSession
from nst_core.arrays import Array
from nst_core.backend import AUTOMATIC, Device, DType, Execution, Problem
from nst_core.errors import BackendError, WeightsError


class AutogradBackend:
    """PyTorch with autograd, on the CPU."""

    name = "autograd"
    version = torch.__version__

    def devices(self) -> Sequence[Device]:
        """Return the devices, the fastest first."""
        return (Device("cpu", f"{torch.get_num_threads()} threads"),)

    def start(
        self, problem: Problem, *, device: str, dtype: DType, execution: Execution = AUTOMATIC
    ) -> AutogradSession:
        """Return a session at ``problem.start``; refuse what this backend cannot do."""
        if device not in {known.name for known in self.devices()}:
            raise BackendError(f"no device {device!r} for autograd: available is cpu")
        if execution.conv == "winograd":
            raise BackendError("autograd has no Winograd convolutions: use --conv direct")
        if execution.precision in {"tf32", "bf16"}:
            raise BackendError("autograd computes in true float32: use --precision float32")
        if execution.checkpointing:
            raise BackendError("autograd has no checkpointing: use --no-checkpointing")
        if problem.objective.neighbours:
            raise BackendError("autograd has no nearest neighbours: use another backend")
        return AutogradSession(problem, dtype=getattr(torch, dtype))

    def pretrained(self) -> Mapping[str, Array]:
        """Raise: this backend has no model zoo."""
        raise WeightsError("autograd has no weights of its own: use --weights bundled")
