"""Observers of a run whose result gets other colours see every image in those colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from typing_extensions import override

from nst_core.arrays import Image
from nst_core.backend import Losses
from nst_core.run.observers import Observer, Optimisation, Plan, Step

Recolour: TypeAlias = Callable[[Image], Image]
"""Returns an image (H, W, 3) in other colours, in [0, 1]."""


class Recolouring(Observer):
    """Calls other observers, with every image in the colours that the result will have.

    Args:
        observers: The other observers.
        recolour: Returns an image (H, W, 3) in other colours.
    """

    def __init__(self, observers: Iterable[Observer], recolour: Recolour) -> None:
        self._observers = list(observers)
        self._recolour = recolour

    @override
    def started(self, plan: Plan) -> None:
        for observer in self._observers:
            observer.started(plan)

    @override
    def stepped(self, step: Step) -> None:
        recoloured_step = replace(step, optimisation=_Recoloured(step.optimisation, self._recolour))
        for observer in self._observers:
            observer.stepped(recoloured_step)

    @override
    def noticed(self, text: str) -> None:
        for observer in self._observers:
            observer.noticed(text)

    @override
    def closed(self) -> None:
        for observer in self._observers:
            observer.closed()


class _Recoloured(Optimisation):
    """An optimisation whose image is in other colours."""

    def __init__(self, inner: Optimisation, recolour: Recolour) -> None:
        self._inner = inner
        self._recolour = recolour

    @override
    def losses(self) -> Losses:
        return self._inner.losses()

    @override
    def image(self) -> Image:
        return self._recolour(self._inner.image())
