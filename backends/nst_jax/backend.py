"""The backend: the available devices, and how work starts on them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from nst_core.arrays import Array
from nst_core.backend import AUTOMATIC, Device, DType, Execution, Problem
from nst_core.errors import BackendError
from nst_jax._framework import all_devices
from nst_jax.precision import Arithmetic
from nst_jax.pretrained import load_pretrained
from nst_jax.session import JAXSession


class JAXBackend:
    """JAX on the CPU, CUDA or a TPU."""

    name = "jax"
    version = str(jax.__version__)

    def devices(self) -> Sequence[Device]:
        """Return TPUs or CUDA devices, then the CPU."""
        return tuple(Device(name, _description(one)) for name, one in _by_name().items())

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> JAXSession:
        """Return a session; see ``nst_core.backend.Backend``.

        Raises:
            BackendError: if the device is missing, or cannot compute in the way that ``execution``
                asks for.
        """
        known = _by_name()
        if device not in known:
            raise BackendError(f"JAX has no device {device!r} on this machine")
        if execution.conv == "winograd":
            raise BackendError("JAX has no Winograd convolutions here: use --conv direct or auto")
        if problem.objective.neighbours:
            raise BackendError("JAX has no nearest neighbours here: use --backend pytorch")
        platform = device.partition(":")[0]
        arithmetic = Arithmetic.of(execution.precision, platform=platform, dtype=dtype)
        return JAXSession(
            problem,
            device=known[device],
            dtype=dtype,
            arithmetic=arithmetic,
            checkpointing=execution.checkpointing,
        )

    def pretrained(self) -> Mapping[str, Array]:
        """Raise: JAX has no model zoo."""
        return load_pretrained()


def _by_name() -> dict[str, Any]:
    """Return ``cpu``, ``cuda:0``, ``tpu:1`` ... -> JAX's device."""
    names: dict[str, Any] = {}
    for one in all_devices():
        kind = {"gpu": "cuda"}.get(one.platform, one.platform)
        names["cpu" if kind == "cpu" else f"{kind}:{one.id}"] = one
    return names


def _description(device: Any) -> str:
    if device.platform == "cpu":
        return f"{os.cpu_count()} threads"
    return str(device.device_kind)
