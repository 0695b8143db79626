"""A third backend for nst, as small as it can be: PyTorch with autograd."""

from nst_autograd.backend import AutogradBackend
from nst_core.backend import Backend

BACKEND: Backend = AutogradBackend()  # the annotation makes a type checker compare the two
