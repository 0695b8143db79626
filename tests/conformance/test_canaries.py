"""Every check of the suite fails on a canary, a backend with one deliberate mistake."""

from dataclasses import replace
from functools import partial

import pytest
from conformance import broken_contract as broken
from conformance import broken_matching as unmatched
from conformance import broken_numbers as numbers
from conformance import checks_adam as adam
from conformance import checks_arrays as arrays
from conformance import checks_matching as matching
from conformance import checks_session as contract
from conformance import checks_style_targets as targets
from conformance import checks_trajectory as trajectory
from conformance import checks_values as values
from conformance.cases import (
    ADAM,
    BLENDED,
    COUNTED,
    LEFT_OUT,
    MATCHED,
    MATCHED_MIXTURE,
    MATCHED_REGIONS,
    MATCHED_TAPS,
    PYRAMID,
    REGIONS,
    SCALED,
    SLICED,
    SMALL,
    SOFT,
    WASSERSTEIN,
    Case,
)
from conformance.numpy_backend import BACKEND
from conformance.reference import Subject

OUTSIDE = Case(
    name="from noise",
    size=(12, 10),
    content={"relu1_1": 1.0},
    style={},
    start="noise",
)


def on(check, case=SMALL, dtype="float64"):
    return partial(check, case=case, dtype=dtype)


def fixed_gradients(gradient: float, constants=ADAM):
    return partial(adam.check_adam_on_fixed_gradients, gradient=gradient, adam=constants)


CANARIES = {
    numbers.StockEpsilon: (fixed_gradients(1e-9), fixed_gradients(1e-2)),
    numbers.PapersEpsilon: (
        fixed_gradients(1e-9, replace(ADAM, epsilon_form="mxnet")),
        fixed_gradients(1e-2, replace(ADAM, epsilon_form="mxnet")),
    ),
    numbers.CountedOnce: (
        on(values.check_total, case=COUNTED),
        on(values.check_gradient, case=COUNTED),
        partial(values.check_slopes, case=COUNTED),
    ),
    numbers.CountedInReport: (on(values.check_style, case=COUNTED),),
    numbers.Uncorrected: (fixed_gradients(1e-6), on(adam.check_step_follows_evaluate)),
    numbers.LateLearningRate: (
        on(trajectory.check_trajectory),
        on(trajectory.check_trajectory, dtype="float32"),
        fixed_gradients(1e-6),
    ),
    numbers.InPlaceReLU: (
        on(values.check_features),
        on(values.check_content),
        on(values.check_style),
    ),
    numbers.GramOverPixels: (
        on(values.check_style),
        on(values.check_style, dtype="float32"),
        on(values.check_gradient),
        partial(values.check_slopes, case=SMALL),
    ),
    numbers.GramOverImageSize: (on(values.check_style), on(values.check_gradient)),
    numbers.BlendNotNormalised: (on(values.check_style, case=BLENDED),),
    numbers.LastStyle: (
        on(values.check_style, case=BLENDED),
        on(values.check_style, case=BLENDED, dtype="float32"),
    ),
    numbers.IgnoresContentDistance: (on(values.check_content, case=SCALED),),
    numbers.IgnoresStyleDistance: (
        on(values.check_style, case=SCALED),
        on(values.check_gradient, case=SCALED),
    ),
    numbers.IgnoresStatistics: (
        on(values.check_style, case=WASSERSTEIN),
        on(values.check_style, case=SLICED),
    ),
    numbers.OtherDirections: (
        on(values.check_style, case=SLICED),
        on(targets.check_style_targets, case=SLICED),
    ),
    numbers.LongDirections: (on(values.check_style, case=SLICED),),
    numbers.QuantilesAtEnds: (
        on(values.check_style, case=SLICED),
        on(values.check_gradient, case=SLICED),
    ),
    numbers.MaxPooling: (on(values.check_features, case=SOFT, dtype="float32"),),
    numbers.ZeroPadding: (on(values.check_features, case=SOFT, dtype="float32"),),
    numbers.IgnoresGuides: (on(values.check_style, case=REGIONS),),
    numbers.HardEdges: (
        on(values.check_style, case=REGIONS),
        on(values.check_style, case=REGIONS, dtype="float32"),
    ),
    numbers.RootsForDensities: (on(values.check_style, case=REGIONS),),
    numbers.IgnoresVisibility: (
        on(values.check_content, case=LEFT_OUT),
        on(values.check_content, case=LEFT_OUT, dtype="float32"),
        on(values.check_total_variation, case=LEFT_OUT),
    ),
    numbers.CountsAllPixels: (on(values.check_content, case=LEFT_OUT),),
    numbers.DifferencesOfOnePixel: (
        on(values.check_total_variation, case=LEFT_OUT),
        on(values.check_gradient, case=LEFT_OUT),
    ),
    numbers.SumForMean: (on(values.check_content), on(values.check_total)),
    numbers.StyleSumForMean: (on(values.check_style), on(values.check_total)),
    numbers.ChannelsFlipped: (
        on(values.check_features),
        on(values.check_features, dtype="float32"),
    ),
    numbers.NoBias: (on(values.check_features),),
    numbers.GradientOfNormalised: (
        on(values.check_gradient),
        on(values.check_gradient, dtype="float32"),
        partial(values.check_slopes, case=SMALL),
        on(adam.check_step_follows_evaluate),
        on(adam.check_step_follows_evaluate, dtype="float32"),
    ),
    numbers.VariationOfImage: (
        on(values.check_total_variation),
        on(values.check_total_variation, dtype="float32"),
        on(values.check_gradient),
    ),
    numbers.NoVariationGradient: (on(values.check_gradient), on(trajectory.check_trajectory)),
    numbers.AlignedCorners: (on(trajectory.check_trajectory, case=PYRAMID),),
    numbers.DecomposedGradient: (on(trajectory.check_trajectory, case=PYRAMID),),
    numbers.IgnoresLevels: (
        on(trajectory.check_trajectory, case=PYRAMID),
        on(arrays.check_dtypes_and_shapes, case=PYRAMID),
    ),
    numbers.Float32Within: (
        on(values.check_features, case=OUTSIDE),
        on(values.check_total_variation),
        on(values.check_gradient),
        on(contract.check_image_is_not_clipped, case=OUTSIDE),
    ),
    broken.LossesAfterUpdate: (
        on(contract.check_losses_are_those_before_the_update),
        on(trajectory.check_trajectory),
    ),
    broken.Clipped: (on(contract.check_image_is_not_clipped, case=OUTSIDE),),
    broken.ForgetsStep: (on(contract.check_restore_continues_exactly),),
    broken.StateIsAView: (on(arrays.check_returned_arrays_are_copies),),
    broken.StateIsTheImage: (on(contract.check_state_holds_the_normalised_image),),
    broken.EvaluateMoves: (on(contract.check_evaluate_is_pure),),
    broken.KeepsInput: (
        on(arrays.check_inputs_are_copied),
        on(arrays.check_inputs_are_not_changed),
    ),
    broken.KeepsDType: (
        on(arrays.check_dtypes_may_be_mixed),
        on(arrays.check_dtypes_may_be_mixed, dtype="float32"),
    ),
    broken.WrongDType: (on(arrays.check_dtypes_and_shapes, dtype="float32"),),
    broken.IgnoresStyleTargets: (on(targets.check_style_targets_can_be_reused),),
    broken.TargetsOfFirstStyle: (
        on(targets.check_style_targets, case=BLENDED),
        on(targets.check_style_targets_can_be_reused, case=BLENDED),
    ),
    broken.TargetsAreAView: (on(targets.check_style_targets_are_copies),),
    broken.LossesFromTheStart: (on(contract.check_losses_need_a_step),),
    unmatched.SearchNotCentred: (
        on(values.check_style, case=MATCHED),
        on(values.check_style, case=MATCHED_TAPS, dtype="float32"),
        on(values.check_gradient, case=MATCHED),
    ),
    unmatched.LossNotCentred: (on(values.check_style, case=MATCHED_TAPS),),
    unmatched.MeanHasNoGradient: (
        on(values.check_gradient, case=MATCHED_TAPS),
        on(values.check_gradient, case=MATCHED_TAPS, dtype="float32"),
    ),
    unmatched.CornersNotAligned: (
        on(values.check_style, case=MATCHED),
        on(values.check_style, case=MATCHED, dtype="float32"),
    ),
    unmatched.ChannelsNotCounted: (on(values.check_style, case=MATCHED),),
    unmatched.SumForMean: (on(values.check_style, case=MATCHED),),
    unmatched.QueryIgnored: (on(matching.check_renewal, case=MATCHED),),
    unmatched.NotRenewed: (on(matching.check_renewal, case=MATCHED),),
    unmatched.SeedIgnored: (on(matching.check_renewal, case=MATCHED_TAPS),),
    unmatched.MatchMoves: (on(matching.check_renewal, case=MATCHED),),
    unmatched.KeepsQuery: (on(matching.check_query_is_copied, case=MATCHED),),
    unmatched.NeedsNoQuery: (partial(matching.check_needs_a_query, case=MATCHED, plain=SMALL),),
    unmatched.TwinsDiffer: (on(matching.check_ties, case=MATCHED_TAPS),),
    unmatched.FlatHasDirection: (on(matching.check_flat_pictures, case=MATCHED),),
    unmatched.RotationsIgnored: (on(values.check_style, case=MATCHED_MIXTURE),),
    unmatched.SamplesIgnored: (on(values.check_style, case=MATCHED_TAPS),),
    unmatched.DivisorIgnored: (on(values.check_style, case=MATCHED_MIXTURE),),
    unmatched.SharesIgnored: (on(values.check_style, case=MATCHED_MIXTURE),),
    unmatched.RegionsMixed: (on(values.check_style, case=MATCHED_REGIONS),),
}
INTACT = Subject("numpy", BACKEND)


@pytest.mark.parametrize(
    ("session", "check"),
    [
        pytest.param(session, check, id=f"{session.__name__}-{check.func.__name__}-{number}")
        for session, checks in CANARIES.items()
        for number, check in enumerate(checks)
    ],
)
def test_broken_backend_is_caught(session, check):
    check(INTACT)  # the intact backend passes, so it is the break that is caught
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(Subject(session.__name__, broken.backend_of(session)))


def test_backend_that_takes_any_device_is_caught():
    arrays.check_devices(INTACT, SMALL)
    with pytest.raises(pytest.fail.Exception):
        arrays.check_devices(Subject("any device", broken.AnyDevice()), SMALL)
