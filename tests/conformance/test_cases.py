"""The suite's own problems are suitable for comparisons; no backend is used."""

import pytest
from conformance.cases import CASES, NEAREST_CASES
from conformance.kink_distance import kink_distance, match_margin


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name, indirect=True)
def test_probe_is_far_from_kinks(case):
    # Float32 is off by about 1e-7 of a layer's largest value, at most 1.8e-6 after the last layer.
    assert kink_distance(case) > 1.5e-6, f"choose another probe_seed for {case.name!r}"


@pytest.mark.parametrize("case", NEAREST_CASES, ids=lambda case: case.name)
def test_no_two_features_are_equally_near(case):
    assert match_margin(case) > 1e-5, f"choose another seed for {case.name!r}"
