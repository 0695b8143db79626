"""The backend: which devices there are, and how work is started on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nst_core.arrays import Array
from nst_core.backend import Device, DType, Problem
from nst_core.errors import BackendError
from nst_mxnet import zoo
from nst_mxnet._framework import THREADS, Context, mx
from nst_mxnet.session import MXNetSession


class MXNetBackend:
    """MXNet Gluon, 1.9 or 2.0, on the CPU or CUDA."""

    name = "mxnet"
    version = str(mx.__version__)

    def devices(self) -> Sequence[Device]:
        """Return CUDA devices, then the CPU."""
        found = [Device(f"cuda:{index}", "NVIDIA GPU") for index in range(_gpus())]
        return [*found, Device("cpu", f"{THREADS} threads")]

    def start(self, problem: Problem, *, device: str, dtype: DType) -> MXNetSession:
        """Return a session; see ``nst_core.backend.Backend``."""
        if device not in {known.name for known in self.devices()}:
            raise BackendError(f"MXNet has no device {device!r} on this machine")
        return MXNetSession(problem, device=_context(device), dtype=dtype)

    def pretrained(self) -> Mapping[str, Array]:
        """Return GluonCV's weights as canonical arrays."""
        return zoo.pretrained()


def _gpus() -> int:
    try:
        return int(mx.context.num_gpus())
    except mx.MXNetError:
        # A CUDA build without a driver can't even count.
        return 0


def _context(device: str) -> Context:
    kind, _, index = device.partition(":")
    return mx.gpu(int(index)) if kind == "cuda" else mx.cpu()
