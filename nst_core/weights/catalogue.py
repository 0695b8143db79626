"""Where weights can come from, by the names that specs and the command line use."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from nst_core.backend import registry
from nst_core.errors import WeightsError
from nst_core.weights import bundled, random_init, storage
from nst_core.weights.canonical import Weights, from_features
from nst_core.weights.oxford import canonical_from_original

ALLOWED = (
    "bundled, torchvision, gluoncv, random, random:SEED, a path ending in "
    ".safetensors, .pth or .pt, or caffe:PATH"
)


OFFLINE = "offline work --weights bundled, random, or the path of a .safetensors, .pth or .pt file"
"""The sources that need no network, as the end of a one-line message about a failed download."""


class Source(NamedTuple):
    """One row of ``nst weights list``.

    Attributes:
        name: What to pass to ``load``.
        description: One line for people.
        lack: Why it can't be had here, with what to do about it; empty where it can.
    """

    name: str
    description: str
    lack: str


def load(source: str) -> Weights:
    """Load VGG-19's weights.

    Args:
        source: ``bundled``; ``torchvision`` or ``gluoncv`` (through that framework's own zoo and
            cache, downloaded when not yet there); ``random`` or ``random:SEED``; a path ending in
            ``.safetensors``, ``.pth`` or ``.pt``; or ``caffe:PATH`` for such a file whose weights
            are for BGR 0...255 minus the mean, as jcjohnson's and neural-style-pt's
            vgg19-d01eb7cb.pth: it gets the same folding and rescaling as ``bundled``.

    Raises:
        WeightsError: an unknown source, or one that can't be found, read or trusted.
        BackendError: the zoo's framework is not installed.
    """
    if source == "bundled":
        return bundled.load_bundled()
    if source in _ZOOS:
        return _from_zoo(source)
    if source == "random" or source.startswith("random:"):
        return random_init.load_random(source)
    path, caffe = _file(source)
    arrays = storage.read_arrays(path)
    if caffe:
        # Checked before as after: folding needs the shapes, and a name in a message helps.
        arrays = canonical_from_original(Weights(arrays, source=source))
    return Weights(arrays, source=source)


def check(source: str) -> None:
    """Refuse what ``load`` would refuse for its name alone: at once, and without a framework.

    Raises:
        WeightsError: an unknown source, a seed that is none, or a file that isn't there.
    """
    if source == "random" or source.startswith("random:"):
        random_init.seed(source)
    elif source != "bundled" and source not in _ZOOS:
        storage.check_file(_file(source)[0])


def _file(source: str) -> tuple[Path, bool]:
    """Return the file that a source names, and whether it is said to be Caffe's."""
    kind, colon, rest = source.partition(":")
    caffe = bool(colon) and kind == "caffe"
    path = Path(rest if caffe else source).expanduser()
    if path.suffix.lower() not in storage.SUFFIXES:
        raise WeightsError(f"unknown weights {source!r}: allowed are {ALLOWED}")
    return path, caffe


def sources() -> Sequence[Source]:
    """Return the sources, each with whether it can be had here; imports no framework."""
    return (
        Source("bundled", "the original Oxford VGG-19, 8 bits a number; offline", bundled.lack()),
        Source(
            "torchvision",
            "torchvision's VGG-19, as in d2l's pytorch tab; downloaded once",
            _lack("pytorch", "torch"),
        ),
        Source(
            "gluoncv",
            "Gluon's VGG-19, as in d2l's mxnet tab; downloaded once",
            _lack("mxnet", "mxnet", "gluoncv"),
        ),
        Source("random[:SEED]", "He-normal weights, seed 0 by default; for tests, offline", ""),
        Source("PATH", "a .safetensors, .pth or .pt file; offline", ""),
        Source("caffe:PATH", "such a file for BGR 0...255 inputs, as vgg19-d01eb7cb.pth", ""),
    )


_ZOOS = {"torchvision": "pytorch", "gluoncv": "mxnet"}


def _from_zoo(zoo: str) -> Weights:
    return from_features(registry.load(_ZOOS[zoo]).pretrained(), source=zoo)


def _lack(extra: str, *packages: str) -> str:
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return ""
    return f"{' and '.join(missing)} not installed: pip install 'nst[{extra}]'"


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
