"""Weights in files: ``.safetensors`` in and out, ``.pth`` and ``.pt`` in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.system.files import atomic_writer, display_path
from nst_core.weights.canonical import SHAPES, Weights, canonical_names, check_names
from nst_core.weights.torchfile import TorchFile, open_torch
from nst_core.weights.unpickling import Tensor

SUFFIXES = (".safetensors", ".pth", ".pt")


def read_arrays(path: Path) -> dict[str, Array]:
    """Read a weights file's arrays, under canonical names.

    Args:
        path: A ``.safetensors`` file, or a ``.pth`` or ``.pt`` file of ``torch.save``, with
            canonical names or torchvision's ``features.N.weight``; a state dict may lie under
            ``state_dict``, and its names may start with ``module.``. Neither needs torch.

    Raises:
        WeightsError: missing, unreadable, empty, damaged or malformed, or not VGG-19. Names the
            file. Other dtypes and values are ``Weights``' to judge.
    """
    check_file(path)
    with _naming(path):
        if path.suffix.lower() == ".safetensors":
            return _read_safetensors(path)
        return _read_torch(path)


def check_file(path: Path) -> None:
    """Find out, without opening it, whether there is a file.

    Raises:
        WeightsError: one line that names it.
    """
    with _naming(path):
        if not path.exists():
            raise WeightsError("no such file")
        if not path.is_file():  # to open a pipe would be to wait for its other end
            raise WeightsError("a directory or device, expected a file")


def save(weights: Weights, path: str | Path) -> None:
    """Write weights as a ``.safetensors`` file, atomically, with their source and checksum.

    Args:
        weights: What to write: 80 MB.
        path: Ends in ``.safetensors``; replaced if it is there.

    Raises:
        WeightsError: another suffix, or the file can't be written.
    """
    from safetensors.numpy import save as to_bytes  # noqa: PLC0415 - not needed by `bundled`

    target = Path(path)
    if target.suffix.lower() != ".safetensors":
        raise WeightsError(f"{display_path(target)}: weights are written as .safetensors only")
    metadata = {"source": weights.source, "checksum": weights.checksum}
    data = to_bytes(dict(weights), metadata=metadata)
    with atomic_writer(target, error=WeightsError) as temporary:
        temporary.write_bytes(data)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
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
        raise WeightsError(f"no sound safetensors file: {reason}") from error
    return canonical_names(arrays)


def _read_torch(path: Path) -> dict[str, Array]:
    with path.open("rb") as stream:
        file = open_torch(stream)
        tensors = canonical_names(_state_dict(file.value))
        check_names(tensors, source="its state dict")
        return {name: _array(file, name, tensors[name]) for name in SHAPES}


def _state_dict(value: object) -> dict[str, object]:
    # dict.items and dict.get, not the methods: a pickle may give an OrderedDict attributes that
    # hide its own methods.
    if isinstance(value, dict) and isinstance(dict.get(value, "state_dict"), dict):
        value = dict.get(value, "state_dict")
    if not isinstance(value, dict):
        raise WeightsError(f"holds a {type(value).__name__}, expected a state dict")
    return {str(name): tensor for name, tensor in dict.items(value)}


def _array(file: TorchFile, name: str, tensor: object) -> Array:
    if not isinstance(tensor, Tensor):
        raise WeightsError(f"{name} is no tensor")
    try:
        return file.array(tensor, SHAPES[name])
    except WeightsError as error:
        raise WeightsError(f"{name}: {error}") from error
