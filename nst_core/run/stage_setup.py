"""How a stage is set up: its initial image, its problem, and the stepper that takes its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.backend import Problem, Query, Session
from nst_core.images.resize import resize_image
from nst_core.optimisers import LaplacianPyramid
from nst_core.problem import regions
from nst_core.problem.initial_image import first_image
from nst_core.problem.start_levels import finest, halvings, without_finest, zeroed_levels
from nst_core.problem.style_cache import fingerprint
from nst_core.problem.styles import style_sources
from nst_core.problem.visibility import visible
from nst_core.run.averaging import EMAStepper
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.matching_stepper import MatchingStepper, first_query
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import AdamStepper, Stepper
from nst_core.spec import LBFGS
from nst_core.spec.strength import content_share
from nst_core.system import memory


def initial_image(prepared: PreparedRun, number: int, *, previous: Image | None) -> Image:
    """Return the image that a stage starts from, (H, W, 3) of the stage's size.

    Args:
        prepared: The run.
        number: The stage's number, counted from 0.
        previous: The last image of the stage before; None for the first stage.
    """
    spec = prepared.plan.spec
    height, width = prepared.sizes[number].content
    if previous is None:
        image = first_image(
            spec.start,
            picture=prepared.start,
            content=_content(prepared, number),
            styles=prepared.styles,
            mask=prepared.content_mask,
            alpha=prepared.alpha,
        )
    elif spec.stages[number].through_8_bits:
        picture = images.truncate_to_8bit(previous)
        image = images.resize_picture(picture, height=height, width=width)
    else:
        image = resize_image(previous, height=height, width=width)
    image = _with_levels(image, prepared, number, is_first=previous is None)
    share = np.float32(content_share(spec.strength))
    return (1 - share) * image + share * _content(prepared, number) if share else image


def _with_levels(image: Image, prepared: PreparedRun, number: int, *, is_first: bool) -> Image:
    """Return the initial image of a stage with the levels that ``Start.zeroed_levels`` says."""
    zeroed, last = prepared.plan.spec.start.zeroed_levels, prepared.sizes[-1].content
    if zeroed is None:
        return image
    # Level j of the stage is level j + smaller of the last stage.
    smaller = halvings(prepared.sizes[number].content, last=last)
    first_kept = max(0, zeroed_levels(zeroed, last=last) - smaller)
    if is_first:
        return without_finest(image, first_kept)
    before = halvings(prepared.sizes[number - 1].content, last=last)
    new = range(first_kept, before - smaller)
    return image + finest(_content(prepared, number), new) if new else image


def _content(prepared: PreparedRun, number: int) -> Image:
    height, width = prepared.sizes[number].content
    return images.resize_picture(prepared.content, height=height, width=width)


def change_of_variables(prepared: PreparedRun, number: int) -> LaplacianPyramid:
    """Return the pyramid of a stage's variables; it has no levels if they are pixels."""
    size = prepared.sizes[number].content
    levels = prepared.plan.spec.variables.levels_at(halvings(size, last=prepared.sizes[-1].content))
    return LaplacianPyramid(height=size[0], width=size[1], levels=levels)


def start_stepper(
    prepared: PreparedRun, number: int, *, initial_image: Image, query: Query | None = None
) -> Stepper:
    """Start the stepper of a stage at ``initial_image``.

    Args:
        prepared: The run.
        number: The stage's number, counted from 0.
        initial_image: (H, W, 3) of the stage's size.
        query: Where nearest neighbours are sought first; by default as the spec says.

    Raises:
        BackendError: if the backend can't do it.
    """
    spec = prepared.plan.spec.in_stage(number)
    size = prepared.sizes[number]
    content = _content(prepared, number)
    nearest = bool(spec.neighbours.layers)
    if nearest and query is None:
        query = first_query(spec, number, content=content, initial_image=initial_image)
    variables = change_of_variables(prepared, number)
    levels = len(variables.sizes) - 1
    seen, whole = visible(prepared.alpha, size=size.content), prepared.is_whole
    guides = regions.style_guides(
        prepared.content_mask, prepared.styles, sizes=size.styles, whole=whole
    )
    problem = Problem(
        content=content,
        styles=style_sources(prepared.styles, size.styles, guides),
        start=initial_image,
        weights=prepared.weights,
        objective=spec.objective(),
        adam=spec.adam(),
        architecture=spec.architecture(),
        laplacian_levels=levels,
        guides=regions.content_guides(
            prepared.content_mask, size=size.content, seen=seen, whole=whole
        ),
        visibility=seen,
        query=query,
    )
    memory.trim_heap()
    session = _start_session(prepared, problem)
    stepper: Stepper
    if isinstance(spec.optimiser, LBFGS):
        stepper = LBFGSStepper(
            session,
            start=initial_image,
            settings=spec.optimiser,
            dtype=prepared.dtype,
            levels=levels,
        )
    else:
        stepper = AdamStepper(session, shape=variables.shape)
    if nearest and query is not None:
        neighbours = spec.neighbours
        stepper = MatchingStepper(
            stepper,
            session,
            content=content,
            query=query,
            share=neighbours.content_share,
            every=neighbours.every,
        )
    return EMAStepper(stepper, decay=spec.average) if spec.average else stepper


def _start_session(prepared: PreparedRun, problem: Problem) -> Session:
    """Start a session of the backend; read its style targets from the cache, or put them there."""
    device, dtype, execution = prepared.plan.device.name, prepared.dtype, prepared.execution
    key = fingerprint(problem, prepared.backend, device=device, dtype=dtype, execution=execution)
    cached = prepared.targets.get(key)
    session = prepared.backend.start(
        replace(problem, style_targets=cached), device=device, dtype=dtype, execution=execution
    )
    if cached is None:
        prepared.targets.put(key, session.style_targets())
    return session


def carry_state(
    stepper: Stepper,
    state: Mapping[str, Array],
    *,
    before: LaplacianPyramid,
    now: LaplacianPyramid,
) -> None:
    """Let a stage's Adam continue from the state of the previous stage's Adam.

    The moments are resized like images: bilinear with antialiasing. Its weights are not negative,
    so the second moment stays 0 or more. The count of steps continues. The levels of a pyramid are
    resized one by one: the residual's moments are those of the residual before, and so on up to
    the finest. If there are more levels now, the new ones have those of the finest level before.

    Args:
        stepper: The stepper of the new stage.
        state: The last state of the previous stage.
        before: The variables of the previous stage.
        now: The variables of the new stage.
    """
    moments = {
        name: _carried(state[name], before=before, now=now)
        for name in ("first_moment", "second_moment")
    }
    stepper.restore({**stepper.state(), **moments, "step": state["step"]})


def _carried(moment: Array, *, before: LaplacianPyramid, now: LaplacianPyramid) -> Array:
    levels = before.split(moment)
    missing = len(now.sizes) - len(levels)
    sources = [levels[0]] * missing + levels[max(0, -missing) :]
    return now.join(
        [
            resize_image(level, height=height, width=width)
            for level, (height, width) in zip(sources, now.sizes, strict=True)
        ]
    )
