"""A backend that passes all calls on to another and keeps the sessions that a run starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from typing_extensions import override

from nst_core.arrays import Array, Image
from nst_core.backend import (
    AUTOMATIC,
    Backend,
    Device,
    DType,
    Evaluation,
    Execution,
    Problem,
    Query,
    Session,
)


class RecordingBackend(Backend):
    """Keeps the first stage's problem and the last stage's session, for evaluations after a run.

    Args:
        backend: The backend that computes.
        on_session: Called when a stage's session has been started.
    """

    def __init__(self, backend: Backend, *, on_session: Callable[[], None]) -> None:
        self._backend = backend
        self._on_session = on_session
        self._first: tuple[Image, Callable[[], Session]] | None = None
        self._last: Session | None = None
        self._stages = 0
        self._rematches = False

    @property
    @override
    def name(self) -> str:
        return self._backend.name

    @property
    @override
    def version(self) -> str:
        return self._backend.version

    @override
    def devices(self) -> Sequence[Device]:
        return self._backend.devices()

    @override
    def pretrained(self) -> Mapping[str, Array]:
        return self._backend.pretrained()

    @override
    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> Session:
        self._last = None  # so that the sessions of two stages are never in memory together
        start = partial(
            self._backend.start, problem, device=device, dtype=dtype, execution=execution
        )
        session = start()
        # Such a session's targets are those of its last query, not of the first one.
        self._rematches = bool(problem.objective.neighbours)
        self._first = self._first or (problem.start, start)
        self._last = session
        self._stages += 1
        self._on_session()
        return session

    @property
    def start_image(self) -> Image:
        """The image that the first stage started from, (H, W, 3)."""
        assert self._first is not None, "a run has started a session"
        return self._first[0]

    def evaluate_start(self) -> Evaluation:
        """Evaluate losses and gradient of the first stage at its start image."""
        assert self._first is not None, "a run has started a session"
        if self._stages == 1 and not self._rematches:
            return self.evaluate(self.start_image)
        image, start = self._first
        return start().evaluate(image=image)

    def evaluate(self, image: Image) -> Evaluation:
        """Evaluate losses and gradient of the last stage at an image, (H, W, 3).

        Nearest neighbours are sought at this image. The targets of the run itself were sought at
        images that differ a little between backends, and so do a few of the targets.
        """
        assert self._last is not None, "a run has started a session"
        if self._rematches:
            self._last.match(query=Query(image=image))
        return self._last.evaluate(image=image)
