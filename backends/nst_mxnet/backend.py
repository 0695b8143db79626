"""The backend: the available devices, and how work starts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nst_core.arrays import Array
from nst_core.backend import AUTOMATIC, Device, DType, Execution, Objective, Problem
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.errors import BackendError
from nst_mxnet._framework import THREADS, Context, mx
from nst_mxnet.footprint import footprint, with_matching
from nst_mxnet.pretrained import load_pretrained
from nst_mxnet.session import MXNetSession


class MXNetBackend:
    """MXNet Gluon, 1.9 or 2.0, on the CPU or CUDA."""

    name = "mxnet"
    version = str(mx.__version__)

    def devices(self) -> Sequence[Device]:
        """Return CUDA devices, then the CPU."""
        found = [Device(f"cuda:{index}", "NVIDIA GPU") for index in range(_gpus())]
        return [*found, Device("cpu", f"{THREADS} threads")]

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> MXNetSession:
        """Return a session; see ``nst_core.backend.Backend``.

        Raises:
            BackendError: if the device is missing, or MXNet can't compute in the way that
                ``execution`` asks for.
        """
        if device not in {known.name for known in self.devices()}:
            raise BackendError(f"MXNet has no device {device!r} on this machine")
        _check(execution)
        return MXNetSession(problem, device=_context(device), dtype=dtype, execution=execution)

    def footprint(
        self,
        *,
        objective: Objective,
        size: StageSize,
        device: str,  # noqa: ARG002
        dtype: DType,
        execution: Execution,
    ) -> Footprint:
        """Return the memory that a session needs: see ``backend.footprint.HasFootprint``."""
        if not objective.neighbours:
            return footprint(taps=objective.taps(), size=size, dtype=dtype, execution=execution)
        if objective.matching.rotations:
            turned = tuple((width, height) for height, width in size.styles)
            size = StageSize(size.content, (*size.styles, *turned))
        found = footprint(taps=objective.taps(), size=size, dtype=dtype, execution=execution)
        return with_matching(found, objective, size, item=8 if dtype == "float64" else 4)

    def pretrained(self) -> Mapping[str, Array]:
        """Return GluonCV's weights as canonical arrays."""
        return load_pretrained()


def _check(execution: Execution) -> None:
    """Raise BackendError for what MXNet can't do; it is never replaced by something else."""
    if execution.conv == "winograd":
        raise BackendError("MXNet has no Winograd convolutions here: use --conv direct or auto")
    if execution.precision not in {"auto", "float32"}:
        raise BackendError(
            f"MXNet computes float32 as it is: --precision {execution.precision} can't be had, "
            "use float32 or auto"
        )


def _gpus() -> int:
    try:
        return int(mx.context.num_gpus())
    except mx.MXNetError:
        # Without a driver, a CUDA build of MXNet can't count devices.
        return 0


def _context(device: str) -> Context:
    kind, _, index = device.partition(":")
    return mx.gpu(int(index)) if kind == "cuda" else mx.cpu()
