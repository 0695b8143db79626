"""The backend: the available devices, and how work starts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax

from nst_core.arrays import Array
from nst_core.backend import AUTOMATIC, Device, DType, Execution, Objective, Problem
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.errors import BackendError
from nst_jax._framework import all_devices, cpu_threads
from nst_jax.footprint import footprint
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
        platform = device.partition(":")[0]
        arithmetic = Arithmetic.of(execution.precision, platform=platform, dtype=dtype)
        return JAXSession(
            problem,
            device=known[device],
            dtype=dtype,
            arithmetic=arithmetic,
            checkpointing=execution.checkpointing,
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
        found = footprint(objective=objective, size=size, dtype=dtype, execution=execution)
        if device == "cpu":
            return found
        about = _by_name()[device].memory_stats() or {}
        known = {"bytes_limit", "bytes_in_use"} <= about.keys()
        left = about["bytes_limit"] - about["bytes_in_use"] if known else None
        return replace(found, available=left)

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
        return f"{cpu_threads()} threads"
    return str(device.device_kind)
