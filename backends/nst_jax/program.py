"""What a compiled function depends on besides the sizes of its arrays."""

from __future__ import annotations

from dataclasses import dataclass

from nst_core.backend import Architecture, Distance, Matching, Problem, Statistics
from nst_jax.precision import Arithmetic


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The static part of a problem. Sessions with equal programs share their compiled functions.

    The numbers of an objective are arguments of the functions, so that other weights of the losses
    need no new compilation.

    Attributes:
        content: The taps of the content losses.
        style: The taps of the style losses.
        groups: The names of the losses of nearest neighbours.
        all_taps: Every tap that is compared.
        content_distance: See ``Objective``.
        style_distance: See ``Objective``.
        style_statistics: See ``Objective``.
        architecture: See ``Architecture``.
        arithmetic: How convolutions are computed.
        checkpointing: See ``Execution``.
        matching: See ``Matching``.
    """

    content: tuple[str, ...]
    style: tuple[str, ...]
    groups: tuple[str, ...]
    all_taps: tuple[str, ...]
    content_distance: Distance
    style_distance: Distance
    style_statistics: Statistics
    architecture: Architecture
    arithmetic: Arithmetic
    checkpointing: bool
    matching: Matching

    @classmethod
    def of(cls, problem: Problem, *, arithmetic: Arithmetic, checkpointing: bool) -> Program:
        """Return the program of a problem."""
        objective = problem.objective
        return cls(
            content=tuple(objective.content),
            style=tuple(objective.style),
            groups=tuple(group.name for group in objective.tap_groups()),
            all_taps=objective.taps(),
            content_distance=objective.content_distance,
            style_distance=objective.style_distance,
            style_statistics=objective.style_statistics,
            architecture=problem.architecture,
            arithmetic=arithmetic,
            checkpointing=checkpointing,
            matching=objective.matching,
        )

    def taps(self) -> tuple[str, ...]:
        """Return every tap that is compared, each once."""
        return self.all_taps
