"""The common command line."""

import pytest


def test_required_arguments_defaults_and_lists_of_sizes(modules):
    from measuring import script

    parser = script.parser(
        "What it does.\n\nMore.", "variants", "output", sizes="64, 32x48", steps=3
    )
    options = parser.parse_args(["nst-pytorch", "nst-mxnet", "--output", "x"])
    assert (options.variants, str(options.output)) == (["nst-pytorch", "nst-mxnet"], "x")
    assert (options.sizes, options.steps) == (["64", "32x48"], 3)
    assert parser.parse_args(["a", "--output", "x", "--size", "8,9"]).sizes == ["8", "9"]
    with pytest.raises(SystemExit):
        parser.parse_args(["nst-pytorch"])
    text = parser.format_help()
    assert "What it does." in text
    assert "More." not in text
    assert "(default: 3)" in text
