"""Nearest neighbours over the steps of a stage: at which images targets are sought, and when.

The images are mixed here, in core, so every backend seeks at the same image, and a checkpoint can
hold it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from typing_extensions import override

from nst_core.arrays import Array, Image
from nst_core.backend import Losses, Query, Session
from nst_core.run.stepper import Stepper
from nst_core.spec import Spec

_IMAGE, _SEED, _STEPS = "matching.query", "matching.seed", "matching.steps"


class MatchingStepper(Stepper):
    """Takes the steps of another stepper, and seeks new targets between them.

    Args:
        inner: The other stepper.
        session: The session that evaluates for it, which has sought the targets of ``query``.
        content: The content's image, (H, W, 3).
        query: The stage's first query.
        share: The content's share in the later queries, from 0 to 1.
        every: After how many steps the targets are sought again; 0 for never.
    """

    def __init__(
        self,
        inner: Stepper,
        session: Session,
        *,
        content: Image,
        query: Query,
        share: float,
        every: int,
    ) -> None:
        self.inner = inner
        self._session = session
        self._content, self._query = content, query
        self._share, self._every = share, every
        self._steps = 0

    @override
    def step(self, *, learning_rate: float) -> None:
        """Seek new targets if it is time, and take one step."""
        if self._every and self._steps and self._steps % self._every == 0:
            image = mixed(self._content, self.inner.image(), share=self._share)
            *before, renewal = self._query.seed
            self._match(Query(image=image, seed=(*before, renewal + 1)))
            self.inner.objective_changed()
        self.inner.step(learning_rate=learning_rate)
        self._steps += 1

    @override
    def losses(self) -> Losses:
        return self.inner.losses()

    @override
    def image(self) -> Image:
        return self.inner.image()

    @override
    def objective_changed(self) -> None:
        self.inner.objective_changed()

    @override
    def state(self) -> Mapping[str, Array]:
        """Return the state of the other stepper, and the query of the current targets."""
        return {
            **self.inner.state(),
            _IMAGE: self._query.image,
            _SEED: np.array(self._query.seed, np.float64),
            _STEPS: np.array(float(self._steps)),
        }

    @override
    def restore(self, state: Mapping[str, Array]) -> None:
        self.inner.restore(state)
        query = query_of(state)
        if query.image.shape != self._query.image.shape:
            raise ValueError(f"the query is {query.image.shape}")
        if query.seed != self._query.seed or not np.array_equal(query.image, self._query.image):
            self._match(query)
        self._steps = int(state[_STEPS])

    def _match(self, query: Query) -> None:
        self._session.match(query=query)
        self._query = query


def query_of(state: Mapping[str, Array]) -> Query:
    """Return the query in the state of a ``MatchingStepper``.

    Raises:
        KeyError: if the state is of another stepper.
    """
    return Query(image=state[_IMAGE].copy(), seed=tuple(map(int, state[_SEED])))


def first_query(spec: Spec, stage: int, *, content: Image, initial_image: Image) -> Query:
    """Return a stage's first query.

    Args:
        spec: The spec of the stage alone: see ``Spec.in_stage``.
        stage: The number of the stage, counted from 0.
        content: The content's image, (H, W, 3).
        initial_image: The image that the stage starts from, (H, W, 3).
    """
    seed = (spec.start.seed, stage, 0)
    if stage == 0:
        return Query(image=content, seed=seed)
    share = spec.neighbours.content_share
    return Query(image=mixed(content, initial_image, share=share), seed=seed)


def mixed(content: Image, image: Image, *, share: float) -> Image:
    """Return ``share`` of the content and 1 - ``share`` of an image, in the image's dtype."""
    kind = image.dtype.type
    found: Image = kind(share) * content.astype(image.dtype) + kind(1 - share) * image
    return found
