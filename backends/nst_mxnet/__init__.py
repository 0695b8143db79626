"""nst on MXNet: VGG-19, losses and Adam by MXNet's operators, as a ``nst_core`` backend."""

from nst_core.backend import Backend
from nst_mxnet.backend import MXNetBackend

BACKEND: Backend = MXNetBackend()
"""The object that the entry point ``nst.backends`` names."""

__all__ = ["BACKEND", "MXNetBackend"]
