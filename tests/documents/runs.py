"""The transcriptions run at a small size, and the literals of their full size.

Frameworks are imported late, so that tests can be collected without them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from documents.material import Reported, material

HEIGHT, WIDTH = 32, 48
EVERY = 3
HISTORY = 5
STEPS = {"float32": 20, "float64": 8}
STEPS_OF_TWO_STAGES = {"float32": 10, "float64": 5}
LARGER = material(content=(57, 71), style=(67, 64))
FITTING = material(content=(HEIGHT, WIDTH), style=(HEIGHT, WIDTH))
"""Pictures that have the size of the test, for a document that resizes by another filter."""


@dataclass(frozen=True)
class Literals:
    """The literals of a document that a small run replaces."""

    sizes: tuple[str, ...]
    steps: int
    every: int | None
    size_on_cpu: str | None = None


def _torch_dtype(dtype: str):
    import torch

    return getattr(torch, dtype)


def d2l_torch(tab: str) -> Callable[[str], list[Reported]]:
    def run(dtype: str) -> list[Reported]:
        from documents import d2l_torch as document

        settings = replace(
            getattr(document, tab),
            image_shape=(HEIGHT, WIDTH),
            num_epochs=STEPS[dtype],
            lr_decay_epoch=EVERY,
            dtype=_torch_dtype(dtype),
        )
        return document.run(LARGER, settings)

    return cache(run)


def d2l_torch_literals() -> Literals:
    from documents.d2l_torch import ENGLISH

    height, width = ENGLISH.image_shape
    return Literals((f"{height}x{width}",), ENGLISH.num_epochs, ENGLISH.lr_decay_epoch)


def d2l_mxnet(tab: str) -> Callable[[str], list[Reported]]:
    def run(dtype: str) -> list[Reported]:
        from documents import d2l_mxnet as document

        settings = replace(
            getattr(document, tab),
            image_shape=(WIDTH, HEIGHT),
            num_epochs=STEPS[dtype],
            lr_decay_epoch=EVERY,
            dtype=dtype,
        )
        return document.run(FITTING, settings)

    return cache(run)


def d2l_mxnet_literals() -> Literals:
    from documents.d2l_mxnet import ENGLISH

    width, height = ENGLISH.image_shape
    return Literals((f"{height}x{width}",), ENGLISH.num_epochs, ENGLISH.lr_decay_epoch)


@cache
def slides(dtype: str) -> list[Reported]:
    from documents import slides_torch

    from nst_core.problem.initial_image import noise

    settings = replace(
        slides_torch.SLIDES,
        image_shape=(HEIGHT, WIDTH),
        num_epochs=STEPS[dtype],
        lr_decay_epoch=EVERY,
        dtype=_torch_dtype(dtype),
    )
    begin = noise(height=HEIGHT, width=WIDTH, seed=0)
    return slides_torch.run(LARGER, settings, begin, history_size=HISTORY)


@cache
def slides_mxnet(dtype: str) -> list[Reported]:
    from documents import slides_mxnet

    from nst_core.problem.initial_image import noise

    settings = replace(
        slides_mxnet.SLIDES,
        image_shape=(WIDTH, HEIGHT),
        num_epochs=STEPS[dtype],
        lr_decay_epoch=EVERY,
        dtype=dtype,
    )
    begin = noise(height=HEIGHT, width=WIDTH, seed=0)
    return slides_mxnet.run(LARGER, settings, begin, history_size=HISTORY)


def _d2lzh(document, dtype: str, own_dtype: object) -> list[Reported]:
    settings = document.Settings(
        image_shapes=((16, 24), (32, 48)),
        max_epochs=STEPS_OF_TWO_STAGES[dtype],
        lr_decay_epoch=EVERY,
        dtype=own_dtype,
    )
    return document.run(LARGER, settings)


@cache
def d2lzh(dtype: str) -> list[Reported]:
    from documents import d2lzh_torch

    return _d2lzh(d2lzh_torch, dtype, _torch_dtype(dtype))


@cache
def d2lzh_mxnet(dtype: str) -> list[Reported]:
    from documents import d2lzh_mxnet

    return _d2lzh(d2lzh_mxnet, dtype, dtype)


def d2lzh_literals() -> Literals:
    from documents.d2lzh_torch import Settings

    sizes = tuple(f"{height}x{width}" for height, width in Settings.image_shapes)
    return Literals(sizes, Settings.max_epochs, Settings.lr_decay_epoch)


def _gala(document, dtype: str, own_dtype: object) -> list[Reported]:
    settings = document.Settings(imsize=32, num_steps=STEPS[dtype], dtype=own_dtype)
    # The blog reports its losses without their weights.
    return [
        row._replace(
            content=row.content * settings.content_weight, style=row.style * settings.style_weight
        )
        for row in document.run(LARGER, settings)
    ]


@cache
def gala(dtype: str) -> list[Reported]:
    from documents import gala_torch

    return _gala(gala_torch, dtype, _torch_dtype(dtype))


@cache
def gala_mxnet(dtype: str) -> list[Reported]:
    from documents import gala_mxnet

    return _gala(gala_mxnet, dtype, dtype)


def gala_literals() -> Literals:
    from documents.gala_torch import Settings

    sizes = (f"short:{Settings.imsize}",)
    return Literals(sizes, Settings.num_steps, None, size_on_cpu=f"short:{Settings.imsize_on_cpu}")
