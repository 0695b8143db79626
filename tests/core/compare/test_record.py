"""The records of a variant, and their file."""

import math

import numpy as np
from comparison_samples import measurement, step

from nst_core.compare.record import Measurement


def test_the_first_step_is_left_out_of_the_median():
    steps = [step(1).model_copy(update={"seconds": 9.0})]
    assert measurement("a", steps=steps).record.seconds_per_step == 9
    steps += [step(n).model_copy(update={"seconds": s}) for n, s in ((2, 1.0), (3, 2.0), (4, 9.0))]
    assert measurement("a", steps=steps).record.seconds_per_step == 2


def test_a_measurement_comes_back_from_its_file(tmp_path):
    one = measurement("a", steps=(step(1, tv=math.inf),))
    one.save(tmp_path / "a.npz")
    again = Measurement.load(tmp_path / "a.npz")
    assert again.record == one.record
    np.testing.assert_array_equal(again.gradient_at_common, one.gradient_at_common)
    assert again.image.dtype == np.float32
