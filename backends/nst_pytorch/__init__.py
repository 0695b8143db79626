"""nst on PyTorch: VGG-19, losses and Adam in PyTorch's own idiom, behind ``nst_core.backend``."""

from nst_core.backend import Backend
from nst_pytorch import _framework as _framework  # before everything that imports torch
from nst_pytorch.backend import PyTorchBackend

BACKEND: Backend = PyTorchBackend()
"""What the entry point ``nst.backends`` names."""

__all__ = ["BACKEND", "PyTorchBackend"]
