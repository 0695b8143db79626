"""What every backend's sessions promise besides numbers."""

import pytest
from conformance import checks_arrays as arrays
from conformance import checks_session as promises
from conformance.cases import BY_NAME, D2L, SMALL
from conformance.reference import DTYPES

OUTSIDE = BY_NAME["outside [0, 1]"]
ON_BOTH = (
    promises.check_evaluate_is_pure,
    promises.check_losses_are_those_before_the_update,
    promises.check_restore_continues_exactly,
)
ON_SMALL = (
    promises.check_losses_need_a_step,
    arrays.check_dtypes_and_shapes,
    arrays.check_returned_arrays_are_owned,
    arrays.check_inputs_are_left_alone,
    arrays.check_inputs_are_copied,
    arrays.check_dtypes_may_be_mixed,
)
ON_OUTSIDE = (
    promises.check_image_is_not_clipped,
    promises.check_state_holds_the_normalised_image,
)
PAIRS = (
    *((check, case) for check in ON_BOTH for case in (SMALL, D2L)),
    *((check, SMALL) for check in ON_SMALL),
    *((check, OUTSIDE) for check in ON_OUTSIDE),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("check", "case"),
    [
        pytest.param(check, case, id=f"{check.__name__.removeprefix('check_')}: {case.name}")
        for check, case in PAIRS
    ],
)
def test_promise(subject, check, case, dtype):
    check(subject, case, dtype)


def test_devices(subject):
    arrays.check_devices(subject, SMALL)
