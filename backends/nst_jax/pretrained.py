"""Pretrained weights of JAX's own, of which there are none."""

from __future__ import annotations

from collections.abc import Mapping

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.weights import OFFLINE


def load_pretrained() -> Mapping[str, Array]:
    """Raise.

    Raises:
        WeightsError: always; it names the sources that there are.
    """
    raise WeightsError(f"JAX has no model zoo, so no pretrained VGG-19; {OFFLINE}")
