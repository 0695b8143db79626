"""``nst presets``."""

from pathlib import Path


def test_presets(nst):
    listed = nst("presets")
    assert listed.status == 0
    assert "d2l" in listed.out
    printed = nst("presets", "d2l")
    Path("mine.toml").write_text(printed.out)
    done = nst(
        "run", "--config", "mine.toml", "--size", "16", "--steps", "1", "--weights", "random",
        "--style-layers", "0", "--content-layers", "1", "-q",
    )  # fmt: skip
    assert done.status == 0
    assert nst("presets", "monet").status == 2


def test_presets_side_by_side(nst):
    shown = nst("presets", "--diff", "d2l", "d2l-slides")
    assert shown.status == 0
    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[0] == ["d2l", "d2l-slides"]
    assert ["content.layers", "relu4_4", "conv4_2"] in lines
    assert ["start.image", "content", "noise"] in lines
    assert not any(line[0].startswith("style") for line in lines)
    assert nst("presets", "--diff", "d2l", "monet").status == 2
    assert nst("presets", "--diff", "d2l", "d2l").out == "d2l and d2l compute the same\n"
    assert nst("presets", "--diff", "d2l").status == 2
    assert nst("presets", "gala", "--diff", "d2l", "d2lzh").status == 2
