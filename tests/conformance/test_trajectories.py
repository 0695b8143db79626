"""Fifty steps of the backend under test, compared with fifty of the oracle."""

import pytest
from conformance.cases import D2L_STYLE, Case
from conformance.checks_trajectory import check_trajectory
from conformance.reference import DTYPES

from nst_core.backend import Adam

CASES = (
    Case(
        name="d2l from the content",
        size=(24, 32),
        content={"relu4_4": 1.0},
        style=dict.fromkeys(D2L_STYLE, 1e5),
    ),
    Case(
        name="several content taps from noise",
        size=(21, 27),
        content=dict.fromkeys(("conv1_1", "conv2_1", "conv3_1", "conv4_1"), 1.0),
        style=dict.fromkeys(("conv1_1", "conv2_1", "conv3_1", "conv4_1"), 1e4),
        start="noise",
        adam=Adam(beta1=0.99, beta2=0.999, epsilon=1e-8),
    ),
    Case(
        name="style counted ten times, MXNet's Adam",
        size=(21, 27),
        content={"conv3_4": 1.0},
        style=dict.fromkeys(("conv1_1", "conv2_1", "conv3_1"), 1e3),
        style_multiplicity=10.0,
        adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form="mxnet"),
    ),
    Case(
        name="Laplacian pyramid, odd sizes",
        size=(23, 30),
        content={"conv3_1": 1.0},
        style=dict.fromkeys(("relu1_1", "conv2_1", "conv3_1"), 1e4),
        # Neighbours that are equal at the start are not quite equal in the pyramid's sum, and the
        # total variation has its kink there.
        total_variation=0.0,
        laplacian_levels=3,
    ),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fifty_steps(subject, case, dtype):
    check_trajectory(subject, case, dtype)
