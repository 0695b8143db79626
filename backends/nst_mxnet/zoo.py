"""GluonCV's VGG-19: its pretrained weights as canonical arrays."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights import OFFLINE
from nst_core.weights.canonical import canonical_names
from nst_mxnet._framework import import_quietly, mx, one_line

if mx.__version__.startswith("1."):
    _zoo = import_quietly("gluoncv").model_zoo
else:
    # GluonCV 0.8.0 refuses MXNet 2. MXNet's own zoo holds the same class and the same weights
    # (file hash ad2f660d); GluonCV's is a copy of it.
    _zoo = mx.gluon.model_zoo.vision


def pretrained() -> Mapping[str, Array]:
    """Return the weights of file ad2f660d, downloaded once into MXNet's own cache.

    Raises:
        WeightsError: if the download fails or the file is not what it should be.
    """
    try:
        _make_cache()
        # In mx.nd's semantics Gluon 1 reads both forms that its parameter files have had. The
        # store prints what it downloads, which is nothing for a program's standard output.
        with mx.util.np_array(False), mx.util.np_shape(False), redirect_stdout(sys.stderr):
            features = _zoo.vgg19(pretrained=True).features
    # AssertionError and KeyError are how MXNet rejects a file that holds another network.
    except (OSError, RuntimeError, ValueError, AssertionError, KeyError) as error:
        raise WeightsError(
            f"GluonCV's vgg19 can't be had ({one_line(error)}); {OFFLINE}"
        ) from error
    arrays = {
        f"features.{layer.index}.{part}": getattr(features[layer.index], part).data().asnumpy()
        for layer in CONVOLUTIONS
        for part in ("weight", "bias")
    }
    return canonical_names(arrays)


def _make_cache() -> None:
    """Make the directory that GluonCV makes only if no other process is doing so."""
    home = Path(os.environ.get("MXNET_HOME", "~/.mxnet")).expanduser()
    (home / "models").mkdir(parents=True, exist_ok=True)
