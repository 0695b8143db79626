"""Suppressing the messages of libtiff, the C library by which Pillow decodes TIFF files."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import PIL._imaging


@contextmanager
def silent() -> Iterator[None]:
    """Keep libtiff from printing to standard error, within the block.

    For a damaged picture libtiff prints a line of its own, and then Pillow raises an error. nst
    reports that error, so the line would only say it twice. If Pillow was built in a way that hides
    its libtiff, nothing is changed.
    """
    try:
        # Looking the functions up through Pillow's own library finds no other copy of libtiff.
        setters = [
            getattr(ctypes.CDLL(PIL._imaging.__file__), name)
            for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler")
        ]
    except (AttributeError, OSError):
        yield
        return
    handlers = []
    for setter in setters:
        setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        handlers.append(setter(None))
    try:
        yield
    finally:
        for setter, handler in zip(setters, handlers, strict=True):
            setter(handler)
