"""How a stage is set up: its initial image, its problem, and the stepper that takes its steps."""

from __future__ import annotations

from collections.abc import Mapping

from nst_core import images
from nst_core.arrays import Array, Image
from nst_core.backend import Problem
from nst_core.images.resize import resize_image
from nst_core.problem import regions
from nst_core.problem.initial_image import first_image
from nst_core.problem.styles import sources
from nst_core.run import stepper as steppers
from nst_core.run.averaging import EMAStepper
from nst_core.run.prepared import PreparedRun
from nst_core.run.stepper import Stepper
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


def stepper(prepared: PreparedRun, number: int, *, initial_image: Image) -> Stepper:
    """Return what takes a stage's steps, at ``initial_image``.

    Args:
        prepared: The run.
        number: The stage's number, counted from 0.
        initial_image: (H, W, 3) of the stage's size.

    Raises:
        BackendError: if the backend can't do it.
    """
    spec = prepared.plan.spec
    size = prepared.sizes[number]
    height, width = size.content
    guides = regions.style_guides(prepared.content_mask, prepared.styles, sizes=size.styles)
    problem = Problem(
        content=images.resize_picture(prepared.content, height=height, width=width),
        styles=sources(prepared.styles, size.styles, guides),
        start=initial_image,
        weights=prepared.weights,
        objective=spec.objective(),
        adam=spec.adam(),
        architecture=spec.architecture(),
        guides=regions.content_guides(prepared.content_mask, size=size.content),
    )
    memory.trim_heap()
    started = steppers.start(
        prepared.backend,
        problem,
        optimiser=spec.optimiser,
        device=prepared.plan.device.name,
        dtype=prepared.dtype,
        execution=prepared.execution,
        targets=prepared.targets,
    )
    return EMAStepper(started, decay=spec.average) if spec.average else started


def carry_state(stepper: Stepper, state: Mapping[str, Array], *, initial_image: Image) -> None:
    """Let a stage's Adam continue from the state of the stage before.

    The moments are resized like images: bilinear with antialiasing. Its weights are not negative,
    so the second moment stays 0 or more. The count of steps continues.

    Args:
        stepper: The stepper of the new stage.
        state: The last state of the stage before.
        initial_image: The image that the new stage starts from, (H, W, 3).
    """
    height, width, _ = initial_image.shape
    moments = {
        name: resize_image(state[name], height=height, width=width)
        for name in ("first_moment", "second_moment")
    }
    stepper.restore({**stepper.state(), **moments, "step": state["step"]})
