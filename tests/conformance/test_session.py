"""The contract of the session under test, besides its numbers; see `checks_session`."""

import pytest
from conformance import checks_arrays as arrays
from conformance import checks_session as contract
from conformance.cases import BY_NAME, D2L, PYRAMID, SMALL
from conformance.reference import DTYPES

OUTSIDE = BY_NAME["outside [0, 1]"]
ON_BOTH = (
    contract.check_evaluate_is_pure,
    contract.check_losses_are_those_before_the_update,
    contract.check_restore_continues_exactly,
)
ON_SMALL = (
    contract.check_losses_need_a_step,
    arrays.check_dtypes_and_shapes,
    arrays.check_returned_arrays_are_copies,
    arrays.check_inputs_are_not_changed,
    arrays.check_inputs_are_copied,
    arrays.check_dtypes_may_be_mixed,
)
ON_OUTSIDE = (
    contract.check_image_is_not_clipped,
    contract.check_state_holds_the_normalised_image,
)
PAIRS = (
    *((check, case) for check in ON_BOTH for case in (SMALL, D2L)),
    *((check, SMALL) for check in ON_SMALL),
    *((check, OUTSIDE) for check in ON_OUTSIDE),
    *((check, PYRAMID) for check in (*ON_BOTH, *ON_SMALL[1:], ON_OUTSIDE[1])),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("check", "case"),
    [
        pytest.param(check, case, id=f"{check.__name__.removeprefix('check_')}: {case.name}")
        for check, case in PAIRS
    ],
)
def test_contract(subject, check, case, dtype):
    check(subject, case, dtype)


def test_devices(subject):
    arrays.check_devices(subject, SMALL)
