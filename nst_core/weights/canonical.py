"""The canonical form of VGG-19's weights: thirty-two named, checked, read-only arrays."""

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
"""Canonical names and shapes, in canonical order: each layer's weight, then its bias."""

_BY_FEATURE = {str(layer.index): layer.name for layer in CONVOLUTIONS}
_FEATURE = re.compile(r"features\.(\d+)\.(weight|bias)")


class Weights(Mapping[str, Array]):
    """All sixteen convolutions of VGG-19, in one form whatever their source.

    ``conv1_1.weight`` is (O, I, 3, 3), ``conv1_1.bias`` is (O,), and so on to ``conv5_4``: float32,
    C-contiguous and read-only, for RGB normalised by ImageNet's mean and standard deviation.
    Iteration follows the network. Equal means: the same values, wherever they came from.

    Args:
        arrays: The thirty-two arrays by canonical name, of any floating dtype. They are copied.
        source: Where they came from, for people.

    Raises:
        WeightsError: a name is missing or unknown; an array has another shape, is not floating, or
            holds a value that is not finite as float32. The message names the tensor.
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
        """Where the arrays came from, as given to ``load``."""
        return self._source

    @property
    def checksum(self) -> str:
        """SHA-256 in hex over names, shapes and little-endian float32 bytes, in canonical order.

        Computed once, when first asked for (80 MB). The source has no part in it.
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
    """Check that ``names`` are the thirty-two canonical ones, in any order.

    Raises:
        WeightsError: naming the first that is missing or unknown.
    """
    given = set(names)
    if unknown := sorted(given - SHAPES.keys()):
        raise WeightsError(f"{source}: {unknown[0]!r} is no tensor of VGG-19's convolutions")
    if missing := [name for name in SHAPES if name not in given]:
        raise WeightsError(f"{source}: {missing[0]} is missing ({len(missing)} of {len(SHAPES)})")


def canonical_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """Rename ``features.N.weight`` (torchvision's and Gluon's names) to ``convB_C.weight``.

    A prefix ``module.`` is dropped, the classifier is left out, and names that are canonical or
    unknown stay as they are, so that ``Weights`` can complain about the latter.

    Raises:
        WeightsError: ``features.N`` is no convolution of VGG-19, as in VGG-16 or a network with
            batch normalisation, or two names mean the same tensor.
    """
    result: dict[str, T] = {}
    for key, tensor in tensors.items():
        name = key.removeprefix("module.")
        if name.startswith("classifier."):
            continue
        if match := _FEATURE.fullmatch(name):
            if match[1] not in _BY_FEATURE:
                raise WeightsError(f"{name} is no convolution of VGG-19: is this another network?")
            name = f"{_BY_FEATURE[match[1]]}.{match[2]}"
        if name in result:
            raise WeightsError(f"{name} is there twice")
        result[name] = tensor
    return result


def from_features(arrays: Mapping[str, Array], *, source: str) -> Weights:
    """Make weights of arrays under torchvision's or Gluon's names, for the backends' own zoos.

    Args:
        arrays: ``features.N.weight`` (O, I, 3, 3) and ``features.N.bias`` (O,), any floating dtype,
            for RGB normalised by ImageNet's mean and std; ``classifier.`` names are left out.
        source: Where they came from.

    Raises:
        WeightsError: as ``Weights`` and ``canonical_names`` do.
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
    with np.errstate(over="ignore"):  # what float32 can't hold becomes infinite and is refused
        result = np.array(array, dtype=np.float32, order="C", copy=True)
    if not np.isfinite(result).all():
        raise WeightsError(f"{source}: {name} holds a value that is not finite")
    result.flags.writeable = False
    return result
