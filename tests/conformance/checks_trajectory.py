"""Fifty steps of Adam with step decay, compared with fifty steps of the oracle."""

import oracle
from conformance.cases import Case
from conformance.checks_values import compare_losses
from conformance.compare import assert_within, deviation
from conformance.reference import Subject, learning_rates, trajectory

from nst_core.backend import Losses


def check_trajectory(subject: Subject, case: Case, dtype: str) -> None:
    """In float64 image and losses agree at every step; in float32 only the losses can.

    Adam divides by |g|. Where a gradient is nearly zero, float32's rounding error can reverse the
    step, and the images diverge although both are correct.
    """
    session = subject.start(case.problem(dtype), dtype)
    points = zip(learning_rates(), trajectory(case), strict=True)
    for step, (rate, point) in enumerate(points):
        session.step(learning_rate=rate)
        if dtype == "float32":
            _compare_roughly(subject, session.losses(), point.losses, step)
            continue
        compare_losses(subject, session.losses(), point.losses, dtype, prefix="trajectory ")
        measured = deviation(session.image(), point.image, scale=1.0)
        assert_within(subject, "trajectory image float64", measured, f"image after step {step}")
        measured = deviation(session.state().image, point.variable, scale=1.0)
        assert_within(subject, "trajectory image float64", measured, f"variable after step {step}")


def _compare_roughly(subject: Subject, actual: Losses, wanted: oracle.Losses, step: int) -> None:
    """Compare each loss relative to the total: small losses move from one tap to another."""
    pairs = [
        *((actual.content[tap], loss) for tap, loss in wanted.content.items()),
        *((actual.style[tap], loss) for tap, loss in wanted.style.items()),
        (actual.total_variation, wanted.total_variation),
        (actual.total, wanted.total),
    ]
    for loss, value in pairs:
        measured = deviation(loss, value, scale=wanted.total)
        assert_within(subject, "trajectory losses float32", measured, f"loss at step {step}")
