"""``nst run`` as a user meets it, on the PyTorch backend with random weights for speed."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nst_core import demo
from nst_core.system import toml

FAST = ("--preset", "d2l", "--size", "16x24", "--steps", "3", "--weights", "random")


def test_a_picture_with_everything_beside_it(nst, pair, tmp_path):
    done = nst(
        "run", *pair, *FAST, "-o", "out.jpg", "--history", "h.csv", "--plot", "p.png",
        "--save-every", 2, "--log-every", 2,
    )  # fmt: skip
    assert (done.status, done.out) == (0, "out.jpg\n")
    with PIL.Image.open("out.jpg") as picture:
        assert picture.size == (24, 16)
    rows = list(csv.DictReader(Path("h.csv").read_text().splitlines()))
    assert list(rows[0]) == [
        "step", "stage", "content", "style", "tv", "total", "learning_rate", "seconds",
    ]  # fmt: skip
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert float(rows[0]["content"]) == 0
    parts = sum(float(rows[2][name]) for name in ("content", "style", "tv"))
    assert parts == pytest.approx(float(rows[2]["total"]), rel=1e-5)
    assert float(rows[2]["total"]) < float(rows[0]["total"])
    with PIL.Image.open("p.png") as plot:
        assert min(plot.size) > 300
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "content.png", "h.csv", "out-00002.jpg", "out.jpg", "p.png", "style.png",
    ]  # fmt: skip
    lines = done.err.splitlines()
    assert lines[0].startswith("d2l: 16x24, 3 steps, pytorch 2.")
    assert "on cpu (" in lines[0]
    assert lines[-1].startswith("stage 1  step 3/3  content ")


def test_quiet_says_nothing(nst, pair):
    done = nst("run", *pair, *FAST, "-o", "out.png", "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_the_demo_pair_and_the_name_of_its_picture(nst):
    assert demo.landscape().is_file()
    assert demo.painting().is_file()
    done = nst("run", *FAST, "-q")
    assert done.status == 0
    with PIL.Image.open("landscape-painting.png") as picture:
        assert picture.size == (24, 16)


def test_a_recipe_makes_the_same_picture_again(nst, pair):
    nst("run", *pair, *FAST, "--style-weight", "5", "--seed", 3, "--init", "noise", "-o", "a.png")
    recipe = nst("recipe", "a.png")
    assert recipe.status == 0
    table = toml.loads(recipe.out, origin="recipe")
    assert table["style"]["weight"] == 5
    assert table["run"]["content"] == "content.png"
    assert table["made_with"]["command"].startswith("nst run content.png style.png --preset d2l")
    Path("a.toml").write_text(recipe.out)
    again = nst("run", "--config", "a.toml", "-o", "b.png")
    assert (again.status, again.out) == (0, "b.png\n")
    with PIL.Image.open("a.png") as first, PIL.Image.open("b.png") as second:
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))
    other = nst("run", "--config", "a.toml", "--weights", "random:7", "-o", "c.png", "-q")
    assert "the weights are not those that the recipe was made with" in other.err


def test_two_styles_and_their_recipe(nst, pair):
    content, style = pair
    with PIL.Image.open(style) as picture:
        picture.transpose(PIL.Image.Transpose.ROTATE_90).save("other.png")
    options = (*FAST, "--style-blend", "3,1", "--style-scale", "1.5", "--style-size", "20x24")
    assert nst("run", content, style, "other.png", *options).out == "content-style-other.png\n"
    Path("a.toml").write_text(nst("recipe", "content-style-other.png").out)
    table = toml.read("a.toml")
    assert table["run"]["style"] == ["style.png", "other.png"]
    assert table["run"]["style_blend"] == [3.0, 1.0]
    assert (table["style"]["scale"], table["style"]["size"]) == (1.5, "20x24")
    # Styles on the command line are instead of the config's, and want weights of their own.
    again = nst("run", content, style, "other.png", "--config", "a.toml", "-o", "b.png", "-q")
    assert again.status == 0
    with PIL.Image.open("content-style-other.png") as first, PIL.Image.open("b.png") as second:
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


def test_regions_each_in_its_style(nst, pair):
    content, style = pair
    mask = PIL.Image.new("L", (48, 30))
    mask.paste(255, (0, 0, 24, 30))
    mask.save("mask.png")
    options = ("--init", "content-recoloured", "--init-noise", "0.2", "--statistics", "wasserstein")
    arguments = (content, style, content, *FAST, "--content-mask", "mask.png", *options, "-q")
    assert nst("run", *arguments, "-o", "a.png").status == 0
    Path("a.toml").write_text(nst("recipe", "a.png").out)
    table = toml.read("a.toml")
    assert (table["run"]["content_mask"], table["start"]["noise"]) == ("mask.png", 0.2)
    assert nst("run", "--config", "a.toml", "-o", "b.png", "-q").status == 0
    masks = ("--style-mask", "mask.png") * 2
    assert nst("run", *arguments, *masks, "-o", "c.png").status == 0
    first, again, other = (np.asarray(PIL.Image.open(f"{name}.png")) for name in "abc")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    refused = nst("run", *arguments, "-o", "mask.png")
    assert (refused.status, "mask.png is also an input" in refused.err) == (2, True)


def test_options_reach_the_spec(nst, pair):
    nst(
        "run", *pair, "--weights", "random", "--size", "16,32", "--steps", "1,2",
        "--content-weight", "2", "--style-weight", "3", "--tv-weight", "4", "--lr", "0.5",
        "--content-layers", "relu2_2", "--style-layers", "0,conv2_1=0.5", "--init", "noise",
        "--seed", "9", "--dtype", "float64", "--device", "cpu", "--backend", "pytorch",
        "--preset", "d2l", "-o", "out.png", "-q",
    )  # fmt: skip
    table = toml.loads(nst("recipe", "out.png").out, origin="recipe")
    assert table["stages"] == [{"size": "16", "steps": 1}, {"size": "32", "steps": 2}]
    assert table["content"] == {"weight": 2.0, "layers": ["relu2_2"]}
    layers = {"conv1_1": 1.0, "conv2_1": 0.5}
    assert table["style"] == {"weight": 3.0, "layers": layers, "counted": 1.0}
    assert table["total_variation"] == {"weight": 4.0}
    assert table["optimiser"]["learning_rate"] == 0.5
    assert table["start"] == {"image": "noise", "seed": 9}
    assert (table["run"]["dtype"], table["run"]["backend"]) == ("float64", "pytorch")


def test_ctrl_c_saves_the_picture_reached_so_far(child, pair, tmp_path):
    arguments = (
        "run", *pair, "--size", "16x24", "--steps", "100000", "--weights", "random",
        "-o", "out.png", "--history", "h.csv", "--log-every", "1",
    )  # fmt: skip
    with child(*arguments, cwd=tmp_path) as run:
        for line in run.stderr:
            if "step 3/" in line:
                run.send_signal(signal.SIGINT)
                break
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "nst: interrupted; the picture reached so far is out.png" in err
    assert "Traceback" not in err
    with PIL.Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (24, 16)
    assert (tmp_path / "h.csv").read_text().count("\n") >= 4


def test_ctrl_c_before_the_first_step(child, pair, tmp_path):
    # Large enough for the targets to take a while after the headline.
    arguments = ("run", *pair, "--size", "400", "--weights", "random", "-o", "out.png")
    with child(*arguments, cwd=tmp_path) as run:
        assert run.stderr.readline().startswith("best: ")
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert err.strip() == "nst: interrupted"
    assert not (tmp_path / "out.png").exists()


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is a thing of POSIX")
def test_a_bar_on_a_terminal(pair, tmp_path):
    import pty

    outer, inner = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "nst_core.cli", "run", *pair, *FAST, "-o", "out.png"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=inner,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )  # fmt: skip
    os.close(inner)
    seen = b""
    try:
        while chunk := os.read(outer, 65536):
            seen += chunk
    except OSError:  # Linux's way to say that the other side has closed
        pass
    finally:
        os.close(outer)
    assert run.wait(timeout=60) == 0
    text = seen.decode()
    assert "3/3" in text
    assert "s/step" in text
    assert "style" in text


@pytest.mark.parametrize("backend", ["pytorch", "mxnet"])
def test_best_is_what_paints_unless_another_preset_is_asked_for(nst, pair, backend):
    pytest.importorskip({"pytorch": "torch"}.get(backend, backend))
    done = nst(
        "run", *pair, "--backend", backend, "--weights", "random", "--size", "360", "--steps", "1",
        "-o", "out.png",
    )  # fmt: skip
    assert done.status == 0
    assert done.err.startswith("best: 42x64, 60x90, 85x128, 120x180, 170x255, 240x360, 6 steps, ")
    # Wasserstein's distance has no choice of another, which the preset makes for Gram matrices.
    options = ("--statistics", "wasserstein", "--size", "32", "--steps", "1", "-o", "out.png", "-q")
    assert nst("run", *pair, "--weights", "random", "--backend", backend, *options).status == 0


def test_lbfgs_by_option(nst, pair):
    done = nst(
        "run", *pair, "--weights", "random", "--size", "16", "--steps", "3", "--optimiser", "lbfgs",
        "--lr", "0.5", "--content-layers", "relu1_1", "--style-layers", "0", "--device", "cpu",
        "-o", "out.png", "-q",
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    table = toml.loads(nst("recipe", "out.png").out, origin="recipe")
    assert table["optimiser"]["name"] == "lbfgs"
    assert table["optimiser"]["learning_rate"] == 0.5
    assert "betas" not in table["optimiser"]


@pytest.mark.parametrize("backend", ["pytorch", "mxnet"])
def test_numbers_that_go_wrong_never_end_well(nst, pair, backend):
    pytest.importorskip({"pytorch": "torch"}.get(backend, backend))

    def run(*options):
        return nst(
            "run", *pair, "--preset", "d2l", "--backend", backend, "--weights", "random", "--size",
            "16", "--steps", "9", "--content-layers", "relu1_1", "--style-layers", "0",
            "--device", "cpu", "-o", "out.png", "-q", *options,
        )  # fmt: skip

    done = run("--optimiser", "lbfgs", "--lr", "1e12")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("nst: error: stage 1, step 2: L-BFGS diverged")
    with PIL.Image.open("out.png") as picture:
        assert np.asarray(picture).std() > 10, "the last good point, and not black"
    Path("out.png").unlink()
    done = run("--lr", "1e20")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("nst: error: stage 1, step 2: the ")
    assert "; try a smaller learning rate or smaller weights; " in done.err
    assert not Path("out.png").exists()


def test_what_the_file_holds_by_options_and_again_by_its_recipe(nst, pair):
    content = PIL.Image.open("content.png").convert("RGBA")
    content.putalpha(PIL.Image.new("L", content.size, 99))
    exif = PIL.Image.Exif()
    exif[271] = "Maker"
    content.save("clear.png", exif=exif)
    done = nst(
        "run", "clear.png", pair[1], *FAST, "-o", "out.png", "--bits", 16, "--dpi", 300,
        "--keep-alpha", "--keep-exif", "--save-every", 2,
    )  # fmt: skip
    assert (done.status, done.out) == (0, "out.png\n")
    recipe = nst("recipe", "out.png").out
    run = toml.loads(recipe, origin="recipe")["run"]
    assert [run[key] for key in ("bits", "dpi", "keep_alpha", "keep_exif")] == [16, 300, True, True]
    Path("a.toml").write_text(recipe)
    assert nst("run", "--config", "a.toml", "-o", "again.png", "-q").status == 0
    for name in ("out.png", "out-00002.png", "again.png"):
        assert Path(name).read_bytes()[24] == 16  # the bit depth
        with PIL.Image.open(name) as picture:
            assert (picture.mode, picture.size) == ("RGBA", (24, 16))
            assert picture.getchannel("A").getextrema() == (99, 99)
            assert picture.getexif()[271] == "Maker"
            assert round(picture.info["dpi"][0]) == 300


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("-o", "a.jpg", "--bits", "16"), "JPEG has 8 bits per channel"),
        (("-o", "a.jpg", "--keep-alpha"), "JPEG has no transparency"),
        (("-o", "a.pdf"), "which want CMYK, and nst writes RGB"),
        (("-o", "a.png", "--bits", "12"), "run.bits = 12: should be 8 or 16"),
        (("-o", "a.png", "--dpi", "0"), "run.dpi = 0.0: should be greater than 0"),
    ],
)
def test_what_a_file_cannot_hold(nst, pair, options, says):
    done = nst("run", *pair, *FAST, *options)
    assert (done.status, done.out) == (2, "")
    assert says in done.err
    assert done.err.count("\n") == 1


def test_colours_by_option_and_by_recipe(nst, pair):
    nst("run", *pair, *FAST, "-o", "plain.png", "-q")
    done = nst("run", *pair, *FAST, "-o", "kept.png", "--colors", "content", "-q")
    assert (done.status, done.err) == (0, "")
    recipe = nst("recipe", "kept.png").out
    assert toml.loads(recipe, origin="recipe")["colours"] == "content"
    Path("a.toml").write_text(recipe)
    assert nst("run", "--config", "a.toml", "-o", "again.png", "-q").status == 0
    pictures = {}
    for name in ("plain.png", "kept.png", "again.png"):
        with PIL.Image.open(name) as picture:
            pictures[name] = np.asarray(picture).copy()
    np.testing.assert_array_equal(pictures["kept.png"], pictures["again.png"])
    assert (pictures["plain.png"] != pictures["kept.png"]).any()
    options = ("--colors", "oklab", "--bits", "16", "--save-every", "1")
    assert nst("run", *pair, *FAST, *options, "-o", "moved.png", "-q").status == 0
    with PIL.Image.open("moved.png") as picture:
        assert (np.asarray(picture.convert("RGB")) != pictures["plain.png"]).any()
    refused = nst("run", *pair, *FAST, "--strength", "0.7")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "strength = 0.7: d2l follows a document" in refused.err
    wrong = nst("run", *pair, *FAST, "--colors", "grey")
    assert wrong.status == 2
    assert "colours = 'grey': should be 'style', 'content', 'match' or 'oklab'" in wrong.err


def saved(array, name):
    PIL.Image.fromarray(np.asarray(array, np.uint8)).save(name)


@pytest.mark.parametrize("shape", [(32, 640), (640, 32)])
def test_a_panorama_leaves_out_the_stages_that_it_is_too_narrow_for(nst, pair, pretended, shape):
    saved(np.random.default_rng(0).integers(0, 256, (*shape, 3)), "panorama.png")
    options = (*pretended[:-4], "--preset", "best", "--pyramid", "64:320", "--steps", "1")
    for arguments in (("panorama.png", pair[1]), (pair[0], "panorama.png")):
        for end in (("-o", "a.png", "-q"), ("--dry-run",)):
            done = nst("run", *arguments, *options, *end)
            assert done.status == 0
            said = "left out" if arguments[0] == "panorama.png" else "instead of"
            assert done.err.startswith("nst: warning: ")
            assert (said in done.err.splitlines()[0], done.err.count("warning")) == (True, 1)


def test_grey_pictures_and_masks_are_said(nst, pair, pretended):
    saved(np.random.default_rng(0).integers(0, 256, (48, 72)), "grey.png")
    done = nst("run", "grey.png", "grey.png", *pretended, "-o", "a.png", "-q")
    assert "content and style are grey, so the result is grey" in done.err
    chosen = nst(
        "run", "grey.png", "grey.png", *pretended, "-o", "b.png", "--colors", "style", "-q"
    )
    assert (chosen.status, chosen.err) == (0, "")
    mask = np.indices((48, 72))[1] // 36
    mask[:2, :2] = 2
    saved(mask, "mask.png")
    regions = ("--content-mask", "mask.png", "-o", "c.png", "-q")
    done = nst("run", pair[0], *pair, *pretended, *regions)
    assert (done.status, done.err.count("\n")) == (0, 1)
    assert "content mask: flat colours cover less than 1/500" in done.err
