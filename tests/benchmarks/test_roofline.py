"""The fraction of the machine's limits that a step reaches."""

import json

import pytest


def test_fractions_of_the_peak(modules, compared):
    import roofline

    runs = json.loads((compared[1] / "result.json").read_text())["runs"]
    runs[0]["record"]["seconds"] = [0.5]
    peaks = [{"matmul": {"float32": x}, "bandwidth": 10} for x in (1.0, 2.0, 9.0)]
    one = roofline.Roofline.model_validate({"peaks": peaks, "runs": runs[:1]})
    assert roofline.gflop(one.runs[0].record) == pytest.approx(0.55, rel=0.1)
    assert "| 16x24 | 1 | 0.50 | 1 | 0.5" in roofline.table(one)
