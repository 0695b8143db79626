"""nst on MXNet: VGG-19, losses and Adam by its operators, behind ``nst_core.backend``."""

from nst_mxnet.backend import MXNetBackend

BACKEND = MXNetBackend()
"""What the entry point ``nst.backends`` names."""

__all__ = ["BACKEND", "MXNetBackend"]
