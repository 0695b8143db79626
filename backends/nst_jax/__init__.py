"""nst on JAX: one pure function from image and targets to losses and gradient, compiled by XLA."""

from nst_core.backend import Backend
from nst_jax.backend import JAXBackend

BACKEND: Backend = JAXBackend()
"""What the entry point ``nst.backends`` names."""

__all__ = ["BACKEND", "JAXBackend"]
