"""The records that a backend returns; the parameters of backends and sessions."""

import inspect

import pytest
from conformance.numpy_backend import BACKEND
from fakes import FakeBackend, FakeSession

from nst_core.backend import AUTOMATIC, Backend, Execution, Losses, Session


def test_losses_are_summed_per_term():
    losses = Losses(
        content={"relu4_4": 1.0, "relu1_1": 0.5}, style={"relu1_1": 2.0, "relu2_1": 4.0},
        total_variation=8.0, total=100.0,
    )  # fmt: skip
    assert (losses.content_sum, losses.style_sum) == (1.5, 6.0)
    nothing = Losses(content={}, style={}, total_variation=0.0, total=0.0)
    assert (nothing.content_sum, nothing.style_sum) == (0, 0)


def test_the_defaults_are_automatic():
    assert Execution(conv="auto", precision="auto", checkpointing=False) == AUTOMATIC


@pytest.mark.parametrize(
    ("protocol", "implementation"),
    [(Backend, FakeBackend), (Session, FakeSession), (Backend, type(BACKEND))],
)
def test_the_backends_of_the_tests_take_the_protocols_parameters(protocol, implementation):
    for name, method in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            expected = inspect.signature(method).parameters
            assert inspect.signature(getattr(implementation, name)).parameters.keys() == (
                expected.keys()
            ), name
