"""MXNet as this backend imports it: on all cores, silently, or with one line that says why not.

Every other module takes ``mx`` from here, so that the import happens once and in this way.
MXNet has no type annotations: ``Any`` enters here and under the two names below.
"""

from __future__ import annotations

import functools
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, TypeAlias

import PIL.ImageFile

from nst_core.errors import BackendError

__all__ = [
    "THREADS",
    "Context",
    "Tensor",
    "import_quietly",
    "mx",
    "one_line",
    "share_workspace",
]

Tensor: TypeAlias = Any
"""An ``mx.np.ndarray``."""

Context: TypeAlias = Any
"""Where arrays live: ``mx.cpu()``, ``mx.gpu(0)``."""


def _physical_cores() -> int:
    """Return on how many cores this process may run; two threads of one core count once."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    processors = os.sched_getaffinity(0)
    cpus = Path("/sys/devices/system/cpu")
    try:
        return len({(cpus / f"cpu{n}/topology/core_cpus_list").read_text() for n in processors})
    except OSError:
        return len(processors)


def _user_threads() -> str | None:
    return os.environ.get("OMP_NUM_THREADS") or os.environ.get("MXNET_OMP_MAX_THREADS")


THREADS = _user_threads() or str(_physical_cores())
"""How many threads MXNet computes with: what the user set, else one a core."""


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """Set an environment variable within, unless the user has."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _all_cores() -> AbstractContextManager[None]:
    """Let MXNet, imported within, use ``THREADS``.

    On x86 MXNet takes half of the processors unless one of the two variables is set when it is
    imported, and it takes the other half from PyTorch too, since both share one OpenMP runtime.
    MXNET_OMP_MAX_THREADS is MXNet's own: it alone is set, for the import alone, so that child
    processes and other OpenMP programs notice nothing. PyTorch may be imported before or after.
    """
    return nullcontext() if _user_threads() else _variable("MXNET_OMP_MAX_THREADS", THREADS)


@functools.cache
def share_workspace() -> None:
    """Let operators on the CPU work in one temporary buffer, unless the user wants several.

    By itself MXNet takes four in turn, each of which grows to the largest request: 220 MB more at
    300x450. Only one is in use at a time. It decides this when the first operator asks for
    one, which is here if the process has not used MXNet before.
    """
    with _variable("MXNET_CPU_TEMP_COPY", "1"):
        mx.nd.sum(mx.nd.ones((1,))).wait_to_read()


@contextmanager
def _strict_pictures() -> Iterator[None]:
    """Keep GluonCV from telling Pillow, for the whole process, to accept truncated pictures."""
    before = PIL.ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        yield
    finally:
        PIL.ImageFile.LOAD_TRUNCATED_IMAGES = before


def import_quietly(module: str) -> Any:
    """Import MXNet or GluonCV without the warnings that they give about their own code.

    Raises:
        ModuleNotFoundError: it is not installed; the registry says what to install.
        BackendError: it is installed, and can't be imported here.
    """
    try:
        with _all_cores(), _strict_pictures(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name == "mxnet" and not _has_wheels():
            raise BackendError(_no_wheels()) from error
        raise
    # np.bool is gone (AttributeError), a shared library is missing (OSError), GluonCV refuses
    # the MXNet that is there (RuntimeError).
    except (AttributeError, ImportError, OSError, RuntimeError) as error:
        raise BackendError(
            f"{module} can't be imported beside numpy "
            f"{metadata.version('numpy')} ({one_line(error)}): pip install 'nst[mxnet]'"
        ) from error


def _has_wheels() -> bool:
    # The markers of the extra nst[mxnet] in pyproject.toml.
    return (
        sys.version_info < (3, 12)
        and sys.platform == "linux"
        and platform.machine().lower() in {"x86_64", "amd64"}
    )


def _no_wheels() -> str:
    return (
        "MXNet is not installed, and has packages only for Python 3.11 or older on Linux on "
        f"x86-64: this is Python {platform.python_version()} on {platform.system()} on "
        f"{platform.machine()}"
    )


def one_line(error: Exception) -> str:
    """Return an error's message as one line; MXNet's begin with its own stack trace."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if lines[0].startswith("Traceback") else 0].strip()


mx = import_quietly("mxnet")
