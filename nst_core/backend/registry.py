"""Finds backends by the entry point group ``nst.backends`` and loads only the requested one."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from nst_core.backend import Backend, Device
from nst_core.errors import BackendError

GROUP = "nst.backends"


def names() -> tuple[str, ...]:
    """Return the sorted names of all registered backends, installed frameworks or not."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> Backend:
    """Import and return one backend.

    Raises:
        BackendError: if no such backend is registered, or if its framework is not installed. A bug
            in a backend keeps its own exception and is never reported as "not installed".
    """
    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        raise BackendError(f"unknown backend {name!r}: known are {', '.join(names()) or 'none'}")
    try:
        return cast(Backend, points[0].load())
    except ModuleNotFoundError as error:
        if _belongs_to_backend(error.name, points[0]):
            raise
        raise BackendError(
            f"backend {name!r} needs the package {error.name!r}, which is not installed: "
            f"pip install 'nst[{name}]'"
        ) from None


def _belongs_to_backend(missing: str | None, point: EntryPoint) -> bool:
    """Whether a missing module is part of the backend or of core, which means a bug.

    Any other missing module means that the framework is not installed.
    """
    package = point.module.partition(".")[0]
    return missing is None or missing.partition(".")[0] in {package, "nst_core"}


def choose_device(backend: Backend, wanted: str) -> Device:
    """Return the device that ``wanted`` names.

    Args:
        backend: The backend.
        wanted: ``auto`` (the backend's first device), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        BackendError: if the backend has no such device. The message lists the devices it has.
    """
    devices = backend.devices()
    if wanted == "auto":
        return devices[0]
    for device in devices:
        if wanted in (device.name, device.name.partition(":")[0]):
            return device
    available = ", ".join(device.name for device in devices)
    raise BackendError(
        f"no device {wanted!r} for backend {backend.name!r} here: available are auto, {available}"
    )
