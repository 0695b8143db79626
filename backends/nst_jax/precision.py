"""What float32 values are rounded to before they are multiplied, and in which operations."""

from __future__ import annotations

from dataclasses import dataclass

from jax.lax import Precision as JAXPrecision

from nst_core.backend import DType, Precision
from nst_core.errors import BackendError

EXACT = JAXPrecision.HIGHEST
"""True float32. By default JAX rounds to TF32 on a GPU, and to bfloat16 on a TPU."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How convolutions are computed; everything else is computed in the session's dtype.

    Attributes:
        precision: What XLA may round their inputs to.
        dtype: The dtype of their inputs.
    """

    precision: JAXPrecision
    dtype: str

    @classmethod
    def of(cls, precision: Precision, *, platform: str, dtype: DType) -> Arithmetic:
        """Return what ``precision`` means on a platform: ``cpu``, ``cuda`` or ``tpu``.

        Raises:
            BackendError: if the platform does not have it, or not with ``dtype``.
        """
        tf32 = precision == "tf32" or (precision == "auto" and platform == "cuda")
        if precision in {"tf32", "bf16"} and dtype != "float32":
            raise BackendError(
                f"--precision {precision} is for --dtype float32, use it or auto with float64"
            )
        if precision == "tf32" and platform != "cuda":
            raise BackendError(
                f"--precision tf32 is for CUDA: use float32, bf16 or auto on {platform}"
            )
        if precision == "bf16":
            return cls(JAXPrecision.DEFAULT, "bfloat16")
        if tf32 and dtype == "float32":
            return cls(JAXPrecision.DEFAULT, dtype)
        return cls(EXACT, dtype)
