"""Files of weights: reading ``.safetensors``, ``.pth`` and ``.pt``, writing ``.safetensors``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.system import names
from nst_core.system.files import atomic_writer, display_path
from nst_core.weights.canonical import SHAPES, Weights, canonical_names, check_names
from nst_core.weights.torchfile import TorchFile, open_torch
from nst_core.weights.unpickling import Tensor

EXTENSIONS = (".safetensors", ".pth", ".pt")


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of a file of weights, under canonical names. torch is not needed.

    Args:
        path: A ``.safetensors`` file, or a ``.pth`` or ``.pt`` file of ``torch.save``. The names
            are canonical, or torchvision's (``features.N.weight``), and may begin with
            ``module.``. In a file of ``torch.save`` the state dict may be the value of the key
            ``state_dict``.

    Returns:
        Arrays in the file's dtypes, except that bfloat16 becomes float32. ``Weights`` checks
        dtypes, values, and the shapes of safetensors.

    Raises:
        WeightsError: the file is missing, unreadable, empty, damaged or malformed, or does not
            hold VGG-19. The message names the file.
    """
    check_file(path)
    with _with_path(path):
        if path.suffix.lower() == ".safetensors":
            return _read_safetensors(path)
        return _read_torch(path)


def check_file(path: Path) -> None:
    """Check that a file exists, without opening it.

    Raises:
        WeightsError: one line that names the path: it doesn't exist or is not a file.
    """
    with _with_path(path):
        if not path.exists():
            raise WeightsError("no such file")
        if not path.is_file():  # e.g. a pipe: opening it could wait for ever
            raise WeightsError("a directory or device, expected a file")


def save(weights: Weights, path: str | Path) -> None:
    """Write weights to a ``.safetensors`` file, atomically, with their source and checksum.

    Args:
        weights: The weights, 80 MB.
        path: The file to write or replace; it has to end in ``.safetensors``.

    Raises:
        WeightsError: the extension is another, or the file can't be written.
    """
    from safetensors.numpy import save as to_bytes  # noqa: PLC0415 - not needed by `bundled`

    target = Path(path)
    if target.suffix.lower() != ".safetensors":
        raise WeightsError(f"{display_path(target)}: weights are written as .safetensors only")
    metadata = {"source": names.to_text(weights.source), "checksum": weights.checksum}
    data = to_bytes(dict(weights), metadata=metadata)
    with atomic_writer(target, error=WeightsError) as temporary:
        temporary.write_bytes(data)


@contextmanager
def _with_path(path: Path) -> Iterator[None]:
    """Put the path before the message of an error that the block raises."""
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"{display_path(path)}: {error}") from error
    except OSError as error:
        raise WeightsError(
            f"{display_path(path)}: can't be read: {error.strerror or error}"
        ) from error


def _read_safetensors(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load_file  # noqa: PLC0415

    if path.stat().st_size == 0:
        raise WeightsError("the file is empty")
    try:
        arrays: dict[str, Array] = load_file(path)
    except OSError:
        raise
    except (SafetensorError, KeyError, TypeError, ValueError) as error:  # bfloat16, for one
        reason = (str(error).splitlines() or [""])[0]
        raise WeightsError(f"not a valid safetensors file: {reason}") from error
    return canonical_names(arrays)


def _read_torch(path: Path) -> dict[str, Array]:
    with path.open("rb") as stream:
        file = open_torch(stream)
        tensors = canonical_names(_state_dict(file.value))
        check_names(tensors, source="its state dict")
        return {name: _array(file, name, tensors[name]) for name in SHAPES}


def _state_dict(value: object) -> dict[str, object]:
    # dict.get(value), not value.get: a pickle can set attributes on an OrderedDict that hide its
    # methods.
    if isinstance(value, dict) and isinstance(dict.get(value, "state_dict"), dict):
        value = dict.get(value, "state_dict")
    if not isinstance(value, dict):
        raise WeightsError(f"holds a {type(value).__name__}, expected a state dict")
    return {str(name): tensor for name, tensor in dict.items(value)}


def _array(file: TorchFile, name: str, tensor: object) -> Array:
    if not isinstance(tensor, Tensor):
        raise WeightsError(f"{name} is not a tensor")
    try:
        return file.array(tensor, SHAPES[name])
    except WeightsError as error:
        raise WeightsError(f"{name}: {error}") from error
