"""Winograd's algorithm made of MXNet's operators."""

import json


def test_winograd_by_mxnets_operators_computes_the_same(script, tmp_path):
    done = script(
        "mxnet_winograd.py", "--size", "32x40", "--repeats", 1, "--output", tmp_path / "winograd"
    )
    assert done.returncode == 0, done.stderr  # 1 if results differ
    content = json.loads((tmp_path / "winograd.json").read_text())
    assert [one["layer"] for one in content["found"]][::11] == ["conv1_2", "conv5_1"]
    assert all(0 < one["deviation"] < 1e-4 for one in content["found"])
