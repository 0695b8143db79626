"""The comparison of variants: its files, and the losses that it refuses."""

import json

import pytest


def test_unknown_variants_are_refused_in_one_line(script):
    done = script("compare.py", "nst-tensorflow", "--output", "x")
    assert done.returncode == 1
    assert done.stderr == (
        "variant 'nst-tensorflow': known are nst-pytorch, nst-mxnet, nst-jax, d2l-torch, "
        "d2l-mxnet, d2l-jax, pastiche\n"
    )


@pytest.mark.parametrize("name", ["d2l-mxnet@threads=0", "d2l-torch@conv=direct", "nst-mxnet@fast"])
def test_unknown_settings_are_refused_in_one_line(script, name):
    done = script("compare.py", name, "--output", "x")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert name in done.stderr


def test_compare_writes_table_plot_and_records_and_refuses_unequal_losses(modules, compared):
    printed, folder = compared
    assert (folder / "result.md").read_text() == printed
    assert "| nst, PyTorch, conv=direct |" in printed
    assert (folder / "result.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((folder / "result.json").read_text())
    assert content["kind"] == "compare"
    assert content["command"].startswith("python benchmarks/compare.py nst-pytorch ")
    assert [run["record"]["variant"] for run in content["runs"]] == [
        "nst-pytorch", "nst-pytorch@conv=direct",
    ]  # fmt: skip

    import compare

    def comparison(*losses, at=1):
        runs = json.loads(json.dumps(content["runs"]))
        runs[at]["record"]["losses"] = list(losses)
        return compare.Comparison.model_validate({"runs": runs})

    first, second = content["runs"][0]["record"]["losses"]
    compare.check_losses(comparison(first * 1.00005, second * 1.01))
    for losses in ((first * 1.0002, second), (first, second * 1.06), (first, float("nan"))):
        with pytest.raises(SystemExit, match="not comparable at 16x24: at step"):
            compare.check_losses(comparison(*losses))
