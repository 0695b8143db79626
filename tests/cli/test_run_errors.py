"""Mistakes of the user in `nst run`: one line that says what is wrong and what to do, status 2."""

import struct
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

FAST = ("--size", "16x24", "--steps", "1", "--weights", "random")

# Root may write anywhere, unless it gives up CAP_DAC_OVERRIDE.
LIKE_ANYONE = """
import ctypes
libc, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522), (ctypes.c_uint32 * 6)()
assert libc.capget(header, sets) == 0
sets[0] &= ~(1 << 1)
assert libc.capset(header, sets) == 0
from nst_core.cli import main
main()
"""


@pytest.fixture
def refused(nst, pair, tmp_path):
    def check(*arguments, pictures=pair):
        before = sorted(path.name for path in tmp_path.rglob("*"))
        done = nst("run", *pictures, *FAST, "-o", "out.png", *arguments)
        assert done.status == 2
        assert done.out == ""
        assert done.err.startswith("nst: error: ")
        assert done.err.count("\n") == 1
        assert sorted(path.name for path in tmp_path.rglob("*")) == before
        return done.err

    return check


def test_no_such_file(refused):
    assert "missing.jpg: no such file" in refused(pictures=("missing.jpg", "style.png"))
    assert "missing.jpg: no such file" in refused(pictures=("content.png", "missing.jpg"))


def test_not_a_picture(refused, tmp_path):
    (tmp_path / "notes.jpg").write_text("dear calls")
    assert "notes.jpg: not a JPEG, PNG" in refused(pictures=("notes.jpg", "style.png"))


def test_truncated(refused, tmp_path):
    whole = (tmp_path / "content.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    assert "half.png: truncated or corrupt" in refused(pictures=("half.png", "style.png"))


def test_empty_and_directory(refused, tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    assert "empty.png: the file is empty" in refused(pictures=("empty.png", "style.png"))
    assert "folder.png: it is a directory" in refused(pictures=("folder.png", "style.png"))


def test_libraries_keep_their_own_lines_to_themselves(pair, tmp_path):
    """Pillow's logger and libtiff, each of which would print a line before ours."""
    for name, tag, value, reason in (
        ("samples.tif", 277, 127, "nst doesn't read TIFF of this kind (8-bit RGB of 127 channels)"),
        ("packed.tif", 279, 3, "truncated or corrupt TIFF"),
    ):
        PIL.Image.new("RGB", (24, 16)).save(tmp_path / name, compression="packbits")
        data = bytearray((tmp_path / name).read_bytes())
        entry = data.index(struct.pack("<H", tag), data[4] + 256 * data[5])
        data[entry + 8 : entry + 12] = struct.pack("<I", value)
        (tmp_path / name).write_bytes(data)
        done = subprocess.run(
            [sys.executable, "-m", "nst_core.cli", "run", name, "style.png"],
            check=False, cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr.startswith(f"nst: error: can't read {name}: {reason}")
        assert done.stderr.count("\n") == 1


def test_a_bomb(refused):
    assert "raise the limit by --max-pixels 3456" in refused("--max-pixels", "100")


@pytest.mark.parametrize("name", ["out.gif", "out", "out.txt"])
def test_an_ending_that_is_unknown(refused, name):
    line = refused("-o", name)
    assert ".png" in line
    assert ".tif" in line


def test_output_is_checked_before_the_run(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "nst_core.run.loop.run", lambda *_, **__: pytest.fail("the run was started")
    )
    assert "there is no directory" in refused("-o", "missing/out.png")
    (tmp_path / "here.png").mkdir()
    assert "it is a directory" in refused("-o", "here.png")
    assert "there is no directory" in refused("--history", "missing/h.csv")
    assert "there is no directory" in refused("--plot", "missing/p.png")
    assert "output content.png is also an input" in refused("-o", "content.png")
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "link.png").symlink_to("style.png")
    for name in ("history", "plot", "checkpoint"):
        line = refused(f"--{name}", "link.png")
        assert f"{name} link.png is also an input: name another" in line
    assert "history a.toml is also" in refused("--config", "a.toml", "--history", "a.toml")
    (tmp_path / "out-00001.png").symlink_to("style.png")
    line = refused("--save-every", "1", pictures=("out-00001.png", "style.png"))
    assert "out-00001.png is an input and has the name of a snapshot of out.png" in line
    assert "too long" in refused("-o", f"{'x' * 251}.png", "--save-every", "1").lower()
    assert "need a file each" in refused("--plot", "out.png")


@pytest.mark.skipif(sys.platform != "linux", reason="gives up a capability of Linux")
def test_a_directory_that_is_read_only(pair, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    done = subprocess.run(
        [sys.executable, "-c", LIKE_ANYONE, "run", *pair, *FAST, "-o", "locked/out.png"],
        check=False, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "nst: error: can't write locked/out.png: no permission in locked; "
        "write to another directory\n"
    )


def test_a_file_system_that_is_read_only(refused):
    # /proc refuses new files even to root.
    assert "can't write /proc/out.png" in refused("-o", "/proc/out.png")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--backend", "caffe"), "unknown backend 'caffe': known are "),
        (("--preset", "monet"), "unknown preset 'monet': known are"),
        (("--style-layers", "relu7_1"), "unknown tap 'relu7_1'"),
        (("--content-layers", "relu4_2=x"), "weight of relu4_2 = 'x': should be a number"),
        (("--weights", "magic"), "unknown weights 'magic': allowed are bundled"),
        (("--weights", "none.safetensors"), "none.safetensors: no such file"),
        (("--weights", "random:x"), "random"),
        (("--size", "8"), "too small for the deepest tap: both sides need at least 16 pixels"),
        (("--size", "big"), "allowed are HEIGHTxWIDTH"),
        (("--steps", "0"), "steps = 0"),
        (("--steps", "many"), "steps = 'many'"),
        (("--style-weight", "nan"), "style.weight = nan: should be a finite number"),
        (("--content-weight", "-1"), "content.weight = -1.0: should be greater than or equal to 0"),
        (("--tv-weight", "x"), "'x' is not a valid float"),
        (("--lr", "0"), "optimiser.learning_rate = 0.0"),
        (("--dtype", "float16"), "run.dtype = 'float16': should be 'float32' or 'float64'"),
        (("--device", "cuda:99"), "no device 'cuda:99' for backend 'pytorch' here: available are"),
        (("--init", "missing.png"), "missing.png: no such file"),
        (("--config", "missing.toml"), "missing.toml: can't be read: No such file"),
        (("--nonsense",), "No such option"),
        (("--log-every", "0"), "--log-every"),
        (("--style-blend", "1,2"), "style blend 1,2: 2 weights for 1 style picture; give one"),
        (("style.png", "--style-blend", "1"), "style blend 1: 1 weight for 2 style pictures"),
        (("style.png", "--style-blend", "1,-1"), "style blend 1,-1: weights should be finite"),
        (("style.png", "--style-blend", "0,0"), "at least one weight should be above 0"),
        (("--style-blend", "much"), "style_blend = 'much': should be numbers with commas"),
        (("--style-mask", "style.png"), "a style mask needs a content mask"),
        (("--content-mask", "missing.png"), "missing.png: no such file"),
        (("--init-noise", "2"), "start.noise = 2.0: should be less than or equal to 1"),
        (
            ("--statistics", "mean"),
            "style.statistics = 'mean': should be 'gram', 'wasserstein' or 'sliced-wasserstein'",
        ),
        (("--content-distance", "far"), "content.distance = 'far': should be 'mse' or 'scaled'"),
        (("--style-scale", "0"), "style.scale = 0.0: should be greater than 0"),
        (("--style-scale", "0.5"), "size = '8x12' makes the style picture 8x12, which is too sm"),
        (("--style-scale", "1e300"), "style.scale = 1e+300: should be less than or equal to 65535"),
        (
            ("--style-scale", "60000"),
            "makes the style picture 960000x1440000: sides may have up to",
        ),
        (("--pyramid", f"16:32:{'9' * 300}"), "pyramid"),
        (("--preset", ""), "unknown preset ''"),
        (("--lr", "1e38"), "optimiser.learning_rate = 1e+38: should be less than or equal to 1000"),
        (
            ("--style-weight", "1e300"),
            "style.weight = 1e+300: should be less than or equal to 1000",
        ),
        (("--style-size", "huge"), "style.size = 'huge': allowed are HEIGHTxWIDTH"),
    ],
)
def test_values_that_are_not_allowed(refused, arguments, line):
    assert line in refused(*arguments)


@pytest.mark.parametrize("source", ["magic", "none.pth", "caffe:none.pth", "random:x", "dir.pt"])
def test_weights_that_are_none_are_refused_before_a_framework_is_loaded(
    refused, monkeypatch, tmp_path, source
):
    (tmp_path / "dir.pt").mkdir()
    monkeypatch.setattr(
        "nst_core.backend.registry.load", lambda name: pytest.fail(f"{name} was loaded")
    )
    assert source.removeprefix("caffe:").removeprefix("random:") in refused("--weights", source)


def test_no_cuda(refused):
    import torch

    if torch.cuda.is_available():
        assert "no device 'mps'" in refused("--device", "mps")
    else:
        assert "no device 'cuda' for backend 'pytorch' here" in refused("--device", "cuda")


def test_a_config_with_a_mistake(refused, tmp_path):
    (tmp_path / "a.toml").write_text("[style]\nwieght = 3\n")
    assert "style.wieght: no such field" in refused("--config", "a.toml")


def test_more_than_any_memory(nst, pair, tmp_path):
    for history in (10**9, 10**15):  # what no machine has, and what NumPy can't count
        (tmp_path / "a.toml").write_text(f'[optimiser]\nname = "lbfgs"\nhistory = {history}\n')
        done = nst("run", *pair, *FAST, "--config", "a.toml", "-o", "out.png", "-q")
        assert done.status == 2
        foreseen, line = done.err.splitlines()
        assert foreseen.startswith("nst: warning: the memory may not be enough: about ")
        assert line.startswith("nst: error: stage 1, 16x24: the memory is not enough: ")
        assert not (tmp_path / "out.png").exists()


def test_a_value_of_thousands_of_characters_is_not_repeated_whole(refused):
    line = refused("--preset", "x" * 5000)
    assert line.startswith("nst: error: unknown preset 'xxx")
    assert "known are" in line
    assert len(line) < 1000


def test_a_backend_that_is_not_installed(refused, monkeypatch, tmp_path_factory):
    from importlib.metadata import EntryPoint, EntryPoints

    from nst_core.backend import registry

    directory = tmp_path_factory.mktemp("plugins")
    (directory / "plugin_lack.py").write_text("import no_such_framework")
    monkeypatch.syspath_prepend(directory)
    found = EntryPoints([EntryPoint("lack", "plugin_lack:BACKEND", registry.GROUP)])
    monkeypatch.setattr(registry, "entry_points", found.select)
    assert "pip install 'nst[lack]'" in refused("--backend", "lack")


def test_a_full_disk_at_the_end_loses_no_picture(nst, pair, tmp_path, monkeypatch):
    from nst_core import images
    from nst_core.errors import PictureError

    write = images.write

    def full(image, path, **extras):
        if path.name == "out.png" and path.parent == Path():
            raise PictureError("can't write out.png: the disk is full; free some space")
        write(image, path, **extras)

    monkeypatch.setattr(images, "write", full)
    done = nst("run", *pair, *FAST, "-o", "out.png", "-q")
    assert done.status == 2
    spare = done.err.split("the picture was saved as ")[1].strip()
    with PIL.Image.open(spare) as picture:
        assert picture.size == (24, 16)
    monkeypatch.setattr("tempfile.tempdir", "/proc")
    done = nst("run", *pair, *FAST, "-o", "out.png", "-q")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.endswith("and it could not be saved elsewhere either\n")


def test_a_full_disk_on_the_way_costs_a_snapshot_and_not_the_run(nst, pair, monkeypatch):
    from nst_core import images
    from nst_core.errors import PictureError

    write = images.write

    def full(image, path, **extras):
        if "-0000" in path.name:
            raise PictureError(f"can't write {path}: the disk is full; free some space")
        write(image, path, **extras)

    monkeypatch.setattr(images, "write", full)
    done = nst("run", *pair, *FAST, "-o", "out.png", "-q", "--save-every", "1")
    assert done.status == 0
    assert done.err == (
        "nst: warning: can't write out-00001.png: the disk is full; free some space; "
        "the run goes on without this snapshot\n"
    )
    assert Path("out.png").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--conv", "fft"), "run.conv = 'fft'"),
        (("--conv", "winograd"), "use --conv direct or auto"),
        (("--precision", "tf32"), "--precision tf32"),
    ],
)
def test_a_way_to_compute_that_a_backend_lacks(refused, options, words):
    assert words in refused("--quiet", "--backend", "mxnet", *options)


def test_pipes_are_not_waited_for(refused, nst, pair, tmp_path):
    """Not to the pictures, of which Pillow reads parts again; a config may come out of one."""
    import os
    import threading

    os.mkfifo(tmp_path / "pipe")
    assert "pipe: it is a pipe or device" in refused(pictures=("pipe", "style.png"))
    assert "/dev/zero: it is a pipe or device" in refused(pictures=("/dev/zero", "style.png"))
    assert "it is a pipe that nobody writes into" in refused("--config", "pipe")
    assert "it is a device" in refused("--config", "/dev/zero")
    assert "Is a directory" in refused("--config", ".")
    (tmp_path / "large.toml").write_bytes(b"#" * ((16 << 20) + 1))
    assert "large.toml: can't be read: it has more than 16 MB" in refused("--config", "large.toml")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("nonsense = 3",))
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # so that it can be opened
    writer.start()
    writer.join()
    assert "nonsense: no such field" in refused("--config", "pipe")
    os.close(reader)


def test_a_config_of_windows(nst, pair, pretended, tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbf[style]\r\nweight = 3.0\r\n")
    done = nst("run", *pair, *pretended, "--config", "a.toml", "-o", "out.png", "-q")
    assert (done.status, done.err) == (0, "")
    assert "weight = 3.0" in nst("recipe", "out.png").out
