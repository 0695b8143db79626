"""How a stage is set up: its initial image, its problem, and the stepper that takes its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.backend import Problem, Query, Session
from nst_core.images.resize import resize_image
from nst_core.problem import regions
from nst_core.problem.initial_image import first_image
from nst_core.problem.style_cache import fingerprint
from nst_core.problem.styles import style_sources
from nst_core.run.averaging import EMAStepper
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.matching_stepper import MatchingStepper, first_query
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import AdamStepper, Stepper
from nst_core.spec import LBFGS
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
        content = images.resize_picture(prepared.content, height=height, width=width)
        return first_image(
            spec.start, picture=prepared.start, content=content, styles=prepared.styles
        )
    if spec.stages[number].through_8_bits:
        return images.resize_picture(images.truncate_to_8bit(previous), height=height, width=width)
    return resize_image(previous, height=height, width=width)


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
    height, width = size.content
    content = images.resize_picture(prepared.content, height=height, width=width)
    nearest = spec.style.statistics == "nearest"
    if nearest and query is None:
        query = first_query(spec, number, content=content, initial_image=initial_image)
    guides = regions.style_guides(prepared.content_mask, prepared.styles, sizes=size.styles)
    problem = Problem(
        content=content,
        styles=style_sources(prepared.styles, size.styles, guides),
        start=initial_image,
        weights=prepared.weights,
        objective=spec.objective(),
        adam=spec.adam(),
        architecture=spec.architecture(),
        guides=regions.content_guides(prepared.content_mask, size=size.content),
        query=query,
    )
    memory.trim_heap()
    session = _start_session(prepared, problem)
    stepper: Stepper
    if isinstance(spec.optimiser, LBFGS):
        stepper = LBFGSStepper(
            session, start=initial_image, settings=spec.optimiser, dtype=prepared.dtype
        )
    else:
        stepper = AdamStepper(session, shape=initial_image.shape)
    if nearest and query is not None:
        matching = spec.style.matching
        stepper = MatchingStepper(
            stepper,
            session,
            content=content,
            query=query,
            share=matching.content_share,
            every=matching.every,
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


def carry_state(stepper: Stepper, state: Mapping[str, Array], *, initial_image: Image) -> None:
    """Let a stage's Adam continue from the state of the previous stage's Adam.

    The moments are resized like images: bilinear with antialiasing. Its weights are not negative,
    so the second moment stays 0 or more. The count of steps continues.

    Args:
        stepper: The stepper of the new stage.
        state: The last state of the previous stage.
        initial_image: The image that the new stage starts from, (H, W, 3).
    """
    height, width, _ = initial_image.shape
    moments = {
        name: resize_image(state[name], height=height, width=width)
        for name in ("first_moment", "second_moment")
    }
    stepper.restore({**stepper.state(), **moments, "step": state["step"]})
