"""nst on PyTorch: VGG-19, losses and Adam in PyTorch's own idiom, behind ``nst_core.backend``."""

from nst_pytorch.backend import PyTorchBackend

BACKEND = PyTorchBackend()
"""What the entry point ``nst.backends`` names."""

__all__ = ["BACKEND", "PyTorchBackend"]
