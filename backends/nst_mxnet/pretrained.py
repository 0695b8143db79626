"""GluonCV's pretrained VGG-19 as canonical arrays."""

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
    # GluonCV 0.8.0 refuses MXNet 2. MXNet's own model zoo, of which GluonCV's is a copy, has the
    # same class and the same weights (file hash ad2f660d).
    _zoo = mx.gluon.model_zoo.vision


def load_pretrained() -> Mapping[str, Array]:
    """Return the weights of hash ad2f660d, downloaded once into MXNet's own cache.

    Raises:
        WeightsError: if the download fails or the file is not what it should be.
    """
    try:
        _make_cache()
        # With mx.nd's semantics Gluon 1 reads both formats that its parameter files have had. The
        # model store prints messages about downloads; these do not belong on standard output.
        with mx.util.np_array(False), mx.util.np_shape(False), redirect_stdout(sys.stderr):
            features = _zoo.vgg19(pretrained=True).features
    # MXNet rejects a file of another network by AssertionError or KeyError.
    except (OSError, RuntimeError, ValueError, AssertionError, KeyError) as error:
        raise WeightsError(
            f"GluonCV's vgg19 can't be had ({one_line(error)}); {OFFLINE}"
        ) from error
    arrays = {
        f"features.{layer.index}.{kind}": getattr(features[layer.index], kind).data().asnumpy()
        for layer in CONVOLUTIONS
        for kind in ("weight", "bias")
    }
    return canonical_names(arrays)


def _make_cache() -> None:
    """Create the cache directory: GluonCV fails if another process creates it at the same time."""
    home = Path(os.environ.get("MXNET_HOME", "~/.mxnet")).expanduser()
    (home / "models").mkdir(parents=True, exist_ok=True)
