"""nst itself, on any backend, with the taps of either of d2l's tabs."""

from __future__ import annotations

from contestants import Pictures, Step
from nst_core import presets, registry
from nst_core.backend import Objective, Problem, StyleSource

MXNET_TAB = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def prepare(pictures: Pictures, *, backend: str, device: str, mxnet_tab: bool) -> Step:
    """Return a step of the session, which reads the losses and so waits for them.

    Args:
        pictures: The pictures and weights.
        backend: A registered backend.
        device: One of its devices, or ``auto``.
        mxnet_tab: Whether to compare before the ReLUs, as d2l's MXNet tab does (whose ReLUs are
            out of place), instead of after them, as its PyTorch tab does. With stock Adam's lr.
    """
    spec = presets.load("d2l")
    objective = spec.objective()
    if mxnet_tab:
        objective = Objective(
            content={"conv4_4": spec.content.weight},
            style=dict.fromkeys(MXNET_TAB, spec.style.weight),
            total_variation=spec.total_variation.weight,
        )
    found = registry.load(backend)
    session = found.start(
        Problem(
            content=pictures.content,
            styles=(StyleSource(image=pictures.style),),
            start=pictures.content,
            weights=pictures.weights,
            objective=objective,
            adam=spec.adam(),
        ),
        device=registry.choose_device(found, device).name,
        dtype="float32",
    )

    def step() -> float:
        session.step(learning_rate=0.9 if mxnet_tab else 0.3)
        total = session.losses().total
        session.image()  # the update too
        return total

    return step
