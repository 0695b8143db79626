"""The canonical form of VGG-19's weights: 32 named arrays, checked and read-only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.system.files import display_path
from nst_core.vgg19 import CONVOLUTIONS

T = TypeVar("T")

SHAPES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        f"{layer.name}.{part}": (
            (layer.out_channels, layer.in_channels, 3, 3)
            if part == "weight"
            else (layer.out_channels,)
        )
        for layer in CONVOLUTIONS
        for part in ("weight", "bias")
    }
)
"""Canonical names and shapes in canonical order: for each layer its weight, then its bias."""

_BY_FEATURE = {str(layer.index): layer.name for layer in CONVOLUTIONS}
_FEATURE = re.compile(r"features\.(\d+)\.(weight|bias)")


class Weights(Mapping[str, Array]):
    """The sixteen convolutions of VGG-19, in one form for all sources.

    The arrays are ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), and so on to ``conv5_4``.
    They are float32, C-contiguous and read-only, for RGB normalised by the mean and standard
    deviation of ImageNet. The order of iteration is that of the network. Two objects are equal if
    their values are equal, whatever their sources are.

    Args:
        arrays: The 32 arrays by canonical name, of any floating dtype. They are copied.
        source: Where the arrays come from, as text for people.

    Raises:
        WeightsError: a name is missing or unknown, or an array has another shape, is not floating
            or holds a value that is not finite in float32. The message names the tensor.
    """

    __slots__ = ("_arrays", "_checksum", "_source")

    def __init__(self, arrays: Mapping[str, Array], *, source: str) -> None:
        label = display_path(source)
        check_names(arrays, source=label)
        self._arrays = {name: _checked(name, arrays[name], label) for name in SHAPES}
        self._source = source
        self._checksum: str | None = None

    @property
    def source(self) -> str:
        """Where the arrays come from, as given to ``load``."""
        return self._source

    @property
    def checksum(self) -> str:
        """SHA-256 in hexadecimal of names, shapes and little-endian float32 bytes, in order.

        It is computed from the 80 MB at the first access and then stored. It doesn't depend on the
        source.
        """
        if self._checksum is None:
            digest = hashlib.sha256()
            for name, array in self._arrays.items():
                digest.update(f"{name} {'x'.join(map(str, array.shape))}\n".encode())
                digest.update(array.ravel().astype("<f4", copy=False).data)
            self._checksum = digest.hexdigest()
        return self._checksum

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weights):
            return NotImplemented
        return self is other or self.checksum == other.checksum

    def __hash__(self) -> int:
        return hash(self.checksum)

    def __repr__(self) -> str:
        return f"Weights(source={self._source!r})"


def check_names(names: Iterable[str], *, source: str) -> None:
    """Check that ``names`` are the 32 canonical names, in any order.

    Args:
        names: The names to check.
        source: Where they come from; the message begins with it.

    Raises:
        WeightsError: one is missing or unknown; the message names the first one.
    """
    given = set(names)
    if unknown := sorted(given - SHAPES.keys()):
        raise WeightsError(f"{source}: {unknown[0]!r} is not a tensor of VGG-19's convolutions")
    if missing := [name for name in SHAPES if name not in given]:
        raise WeightsError(f"{source}: {missing[0]} is missing ({len(missing)} of {len(SHAPES)})")


def canonical_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """Rename ``features.N.weight`` (torchvision's and Gluon's names) to ``convB_C.weight``.

    A prefix ``module.`` is removed, and tensors of the classifier are left out. Names that are
    canonical or unknown stay as they are; ``Weights`` refuses unknown names.

    Raises:
        WeightsError: ``features.N`` is not a convolution of VGG-19, as in VGG-16 or a network with
            batch normalisation, or two names mean the same tensor.
    """
    result: dict[str, T] = {}
    for key, tensor in tensors.items():
        name = key.removeprefix("module.")
        if name.startswith("classifier."):
            continue
        if match := _FEATURE.fullmatch(name):
            if match[1] not in _BY_FEATURE:
                raise WeightsError(
                    f"{name} is not a convolution of VGG-19: is this another network?"
                )
            name = f"{_BY_FEATURE[match[1]]}.{match[2]}"
        if name in result:
            raise WeightsError(f"{name} is given twice")
        result[name] = tensor
    return result


def from_features(arrays: Mapping[str, Array], *, source: str) -> Weights:
    """Return weights from arrays with torchvision's or Gluon's names, e.g. of a model zoo.

    Args:
        arrays: ``features.N.weight`` (O, I, 3, 3) and ``features.N.bias`` (O,) of any floating
            dtype, for RGB normalised by the mean and standard deviation of ImageNet. Names that
            begin with ``classifier.`` are ignored.
        source: Where the arrays come from.

    Raises:
        WeightsError: as for ``Weights`` and ``canonical_names``.
    """
    try:
        renamed = canonical_names(arrays)
    except WeightsError as error:
        raise WeightsError(f"{display_path(source)}: {error}") from error
    return Weights(renamed, source=source)


def _checked(name: str, array: Array, source: str) -> Array:
    if array.shape != SHAPES[name]:
        raise WeightsError(f"{source}: {name} has shape {array.shape}, expected {SHAPES[name]}")
    if not np.issubdtype(array.dtype, np.floating):
        raise WeightsError(f"{source}: {name} holds {array.dtype}, expected floating-point numbers")
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused below
        result = np.array(array, dtype=np.float32, order="C", copy=True)
    if not np.isfinite(result).all():
        raise WeightsError(f"{source}: {name} holds a value that is not finite")
    result.flags.writeable = False
    return result
