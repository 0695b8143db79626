"""The optimisers that a spec may name."""

import pytest
from pydantic import TypeAdapter, ValidationError

from nst_core import backend
from nst_core.spec import LBFGS, Adam, Optimiser

read = TypeAdapter(Optimiser).validate_python


def test_adam_is_the_default_and_the_name_chooses():
    assert read({}) == Adam()
    assert read({"name": "adam", "learning_rate": 0.5}) == Adam(learning_rate=0.5)
    assert read({"name": "lbfgs", "history": 7}) == LBFGS(history=7)
    assert read(LBFGS(history=7)) == LBFGS(history=7)


def test_adams_constants_are_those_of_the_seam():
    adam = Adam(betas=(0.8, 0.95), epsilon=1e-6, epsilon_form="mxnet")
    assert adam.constants() == backend.Adam(
        beta1=0.8, beta2=0.95, epsilon=1e-6, epsilon_form="mxnet"
    )


def test_carry_state_is_written_only_if_it_is_set():
    assert "carry_state" not in Adam().model_dump()
    assert Adam(carry_state=True).model_dump()["carry_state"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "sgd"},
        {"name": "adam", "history": 3},
        {"name": "lbfgs", "betas": (0.9, 0.99)},
        {"betas": (0.9, 1.0)},
        {"carry_state": 1},
        {"name": "lbfgs", "history": 0},
        {"name": "lbfgs", "line_search": "armijo"},
        {"name": "lbfgs", "smoothing": 4.1},
        {"name": "lbfgs", "loss_scale": 0.0},
    ],
)
def test_wrong_fields_are_refused(fields):
    with pytest.raises(ValidationError):
        read(fields)
