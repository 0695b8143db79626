"""The import of MXNet: on all cores, without warnings; or one line that says why it failed.

Every other module takes ``mx`` from here, so that MXNet is imported once, in this way.
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

from nst_core.errors import BackendError, OutOfMemoryError
from nst_core.system import cores, threads

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
"""The device of arrays: ``mx.cpu()``, ``mx.gpu(0)``."""


def _physical_cores() -> int:
    """Return the number of cores on which this process may run; hyper-threads count once."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    processors = os.sched_getaffinity(0)
    cpus = Path("/sys/devices/system/cpu")
    try:
        return len({(cpus / f"cpu{n}/topology/core_cpus_list").read_text() for n in processors})
    except OSError:
        return len(processors)


def _user_threads() -> int | None:
    """Return the number of threads that the user has set; None if it is none, or no number."""
    environment = dict(os.environ)
    for line in threads.corrected(environment):
        warnings.warn(line, RuntimeWarning, stacklevel=2)
    values = [environment[name] for name in threads.VARIABLES if name in environment]
    return int(values[0]) if values else None


_USER_THREADS = _user_threads()

THREADS = str(_USER_THREADS or min(_physical_cores(), cores.share()))
"""The number of threads of MXNet: what the user has set, otherwise one per core that it may use."""


@contextmanager
def _readable_threads() -> Iterator[None]:
    """Let MXNet see single numbers in the variables of threads while it is imported.

    It aborts the process for anything else, such as the list "4,2" that OpenMP allows.
    """
    before = {name: os.environ[name] for name in threads.VARIABLES if name in os.environ}
    threads.corrected(os.environ)
    try:
        yield
    finally:
        os.environ.update(before)


@contextmanager
def _environment_variable(name: str, value: str) -> Iterator[None]:
    """Set an environment variable in this context, unless the user has set it."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _all_cores() -> AbstractContextManager[None]:
    """Return a context in which an import of MXNet makes it use ``THREADS`` threads.

    On x86 MXNet uses half of the processors, unless OMP_NUM_THREADS or MXNET_OMP_MAX_THREADS is set
    when it is imported. PyTorch then uses half of them too, since both share one OpenMP runtime.
    Only MXNET_OMP_MAX_THREADS, which is MXNet's own, is set here, and only during the import, so
    child processes and other OpenMP programs are not affected. PyTorch may be imported before or
    after MXNet.
    """
    if _USER_THREADS:
        return nullcontext()
    return _environment_variable("MXNET_OMP_MAX_THREADS", THREADS)


@functools.cache
def share_workspace() -> None:
    """Make CPU operators share one temporary buffer, unless the user has set how many there are.

    By default MXNet uses four in turn, and each grows to the largest request: 220 MB more at
    300x450. Only one is in use at any time. MXNet reads the setting when the first operator needs
    a buffer, which is here if the process has not used MXNet before.
    """
    with _environment_variable("MXNET_CPU_TEMP_COPY", "1"):
        mx.nd.sum(mx.nd.ones((1,))).wait_to_read()


@contextmanager
def _strict_pictures() -> Iterator[None]:
    """Undo that GluonCV makes Pillow accept truncated pictures in the whole process."""
    before = PIL.ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        yield
    finally:
        PIL.ImageFile.LOAD_TRUNCATED_IMAGES = before


_NO_MEMORY = ("failed to map segment", "Cannot allocate memory", "cannot allocate memory")
"""What the system says if a shared library does not fit in memory."""


def import_quietly(module: str) -> Any:
    """Import MXNet or GluonCV without the warnings about their own code.

    Raises:
        ModuleNotFoundError: it is not installed; the registry then says what to install.
        BackendError: it is installed, but can't be imported.
    """
    try:
        with _readable_threads(), _all_cores(), _strict_pictures(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name == "mxnet" and not _has_wheels():
            raise BackendError(_no_wheels()) from error
        raise
    # AttributeError: numpy has no np.bool any more. OSError: a shared library is missing.
    # RuntimeError: GluonCV refuses the installed MXNet.
    except (AttributeError, ImportError, OSError, RuntimeError) as error:
        if any(words in str(error) for words in _NO_MEMORY):
            raise OutOfMemoryError(
                f"{module} can't be loaded, the memory is not enough: {one_line(error)}"
            ) from error
        raise BackendError(
            f"{module} can't be imported beside numpy "
            f"{metadata.version('numpy')} ({one_line(error)}): pip install 'nst[mxnet]'"
        ) from error


def _has_wheels() -> bool:
    # The same conditions as the markers of the extra nst[mxnet] in pyproject.toml.
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
    """Return an error's message as one line; MXNet's messages begin with a stack trace."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if lines[0].startswith("Traceback") else 0].strip()


mx = import_quietly("mxnet")
