"""How a stage begins: its image, its problem, and the session that will take its steps."""

from __future__ import annotations

from collections.abc import Mapping

from nst_core import images, memory, regions, stepping
from nst_core.arrays import Array, Image
from nst_core.averaging import Averaged
from nst_core.backend import Problem
from nst_core.images.resampling import resize
from nst_core.start import first_image
from nst_core.stepping import Stepping
from nst_core.styles import sources
from nst_core.work import Work


def begin(work: Work, number: int, *, previous: Image | None) -> Image:
    """Return what a stage starts from, (H, W, 3) of its size.

    Args:
        work: The run's.
        number: The stage's, counted from 0.
        previous: What the stage before ended with; None for the first.
    """
    spec = work.plan.spec
    height, width = work.sizes[number].content
    if previous is None:
        content = images.fit(work.content, height=height, width=width)
        return first_image(spec.start, picture=work.start, content=content, styles=work.styles)
    if spec.stages[number].through_8_bits:
        return images.fit(images.truncated(previous), height=height, width=width)
    return resize(previous, height=height, width=width)


def session(work: Work, number: int, *, begin: Image) -> Stepping:
    """Return what takes a stage's steps, at ``begin``.

    Raises:
        BackendError: if the backend can't do it.
    """
    spec = work.plan.spec
    size = work.sizes[number]
    height, width = size.content
    guides = regions.style_guides(work.content_mask, work.styles, sizes=size.styles)
    problem = Problem(
        content=images.fit(work.content, height=height, width=width),
        styles=sources(work.styles, size.styles, guides),
        start=begin,
        weights=work.weights,
        objective=spec.objective(),
        adam=spec.adam(),
        architecture=spec.architecture(),
        guides=regions.content_guides(work.content_mask, size=size.content),
    )
    memory.give_back()
    started = stepping.start(
        work.backend,
        problem,
        optimiser=spec.optimiser,
        device=work.plan.device.name,
        dtype=work.dtype,
        execution=work.execution,
        targets=work.targets,
    )
    return Averaged(started, decay=spec.average) if spec.average else started


def carry(session: Stepping, before: Mapping[str, Array], *, begin: Image) -> None:
    """Let a stage's Adam go on where the one of the stage before ended.

    The moments are resized as images are, bilinear with antialiasing, whose weights are not
    negative, so that the second moment isn't either; the steps go on being counted.

    Args:
        session: Of the stage that begins.
        before: The state that the one before ended in.
        begin: The image that the stage begins with, (H, W, 3).
    """
    height, width, _ = begin.shape
    moments = {
        name: resize(before[name], height=height, width=width)
        for name in ("first_moment", "second_moment")
    }
    session.restore({**session.state(), **moments, "step": before["step"]})
