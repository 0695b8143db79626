"""The sources of weights, by the names that recipes and the command line use."""

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
    "bundled, torchvision, gluoncv, random, random:SEED, a path with the extension "
    ".safetensors, .pth or .pt, or caffe:PATH"
)


OFFLINE = "offline work --weights bundled, random, or the path of a .safetensors, .pth or .pt file"
"""The end of a one-line message about a failed download: the sources that need no network."""


class Source(NamedTuple):
    """One row of ``nst weights list``.

    Attributes:
        name: The name to pass to ``load``.
        description: One line for people.
        unavailable_reason: Why the source is not available here, and what to do about it, in one
            line; "" if it is available.
    """

    name: str
    description: str
    unavailable_reason: str


def load(source: str) -> Weights:
    """Load the weights of VGG-19.

    Args:
        source: One of these:

            - ``bundled``;
            - ``torchvision`` or ``gluoncv``: the model zoo of that framework, with its cache; the
              weights are downloaded if they are not there yet;
            - ``random`` or ``random:SEED``;
            - a path that ends in ``.safetensors``, ``.pth`` or ``.pt``;
            - ``caffe:PATH``: such a file with weights for BGR in 0...255 minus the mean, e.g.
              vgg19-d01eb7cb.pth of jcjohnson and neural-style-pt. They are folded and rescaled like
              ``bundled``.

    Raises:
        WeightsError: the source is unknown, or can't be found, read or trusted.
        BackendError: the framework of the model zoo is not installed.
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
        # ``Weights`` checks names and shapes, which folding relies on, and names a wrong tensor.
        arrays = canonical_from_original(Weights(arrays, source=source))
    return Weights(arrays, source=source)


def check(source: str) -> None:
    """Check the name of a source, quickly and without importing a framework.

    Raises:
        WeightsError: the source is unknown, the seed is not valid, or the file doesn't exist.
    """
    if source == "random" or source.startswith("random:"):
        random_init.seed(source)
    elif source != "bundled" and source not in _ZOOS:
        storage.check_file(_file(source)[0])


def _file(source: str) -> tuple[Path, bool]:
    """Return the path in a source, and whether it is given as ``caffe:PATH``."""
    kind, colon, rest = source.partition(":")
    caffe = bool(colon) and kind == "caffe"
    path = Path(rest if caffe else source).expanduser()
    if path.suffix.lower() not in storage.EXTENSIONS:
        raise WeightsError(f"unknown weights {source!r}: allowed are {ALLOWED}")
    return path, caffe


def sources() -> Sequence[Source]:
    """Return all sources, each with the reason if it is not available; imports no framework."""
    return (
        Source(
            "bundled",
            "the original Oxford VGG-19, 8 bits per number; offline",
            bundled.unavailable_reason(),
        ),
        Source(
            "torchvision",
            "torchvision's VGG-19, as in d2l's pytorch tab; downloaded once",
            _missing("pytorch", "torch"),
        ),
        Source(
            "gluoncv",
            "Gluon's VGG-19, as in d2l's mxnet tab; downloaded once",
            _missing("mxnet", "mxnet", "gluoncv"),
        ),
        Source("random[:SEED]", "He-normal weights, seed 0 by default; for tests, offline", ""),
        Source("PATH", "a .safetensors, .pth or .pt file; offline", ""),
        Source("caffe:PATH", "such a file for BGR 0...255 inputs, as vgg19-d01eb7cb.pth", ""),
    )


_ZOOS = {"torchvision": "pytorch", "gluoncv": "mxnet"}


def _from_zoo(zoo: str) -> Weights:
    return from_features(registry.load(_ZOOS[zoo]).pretrained(), source=zoo)


def _missing(extra: str, *packages: str) -> str:
    """Return in one line which packages are not installed, and how to install them; "" if none."""
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
