"""The C library under Pillow's TIFF decoder, which has messages of its own."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import PIL._imaging


@contextmanager
def silent() -> Iterator[None]:
    """Keep libtiff from printing to the standard error of the process, for the block.

    Over a damaged picture it prints a line of its own before Pillow raises; what is wrong is said
    once, by whoever catches that. Where Pillow was built so that its libtiff can't be reached,
    nothing changes.
    """
    try:
        # Looked up through the library that is loaded with Pillow: no other one is found.
        setters = [
            getattr(ctypes.CDLL(PIL._imaging.__file__), name)
            for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler")
        ]
    except (AttributeError, OSError):
        yield
        return
    before = []
    for setter in setters:
        setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        before.append(setter(None))
    try:
        yield
    finally:
        for setter, handler in zip(setters, before, strict=True):
            setter(handler)
