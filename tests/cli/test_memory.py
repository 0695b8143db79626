"""Memory that is not enough: one line that says so, and no picture lost."""

import subprocess
import sys

import PIL.Image
import pytest

LIMITED = """
import resource, sys
from nst_core.backend import registry
registry.load(sys.argv.pop(1))  # its threads and libraries are there before the limit
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = taken + int(sys.argv.pop(1)) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from nst_core.cli import main
main()
"""


def limited(backend, megabytes, *arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", LIMITED, backend, str(megabytes), *arguments,
         "--preset", "d2l", "--backend", backend, "--device", "cpu", "--weights", "random", "-q",
         "--content-layers", "relu2_2", "--style-layers", "relu1_1"],
        check=False, cwd=cwd, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
def test_too_large_is_one_line(pair, tmp_path):
    done = limited("pytorch", 700, "run", *pair, "--size", "1000x1400", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    foreseen, line = done.stderr.splitlines()
    assert foreseen.startswith("nst: warning: the memory may not be enough: about ")
    start, advice = line.split("; ")
    assert start.startswith("nst: error: stage 1, 1000x1400: the memory is not enough: ")
    assert " MB were asked for (" in start
    assert start.endswith(" MB are free)")
    size = advice.removeprefix("--size ").partition(" ")[0]
    assert (
        advice == f"--size {size} is likely to fit, or try --checkpointing where the backend has it"
    )
    assert [path.name for path in tmp_path.glob("content-*")] == []
    again = limited("pytorch", 700, "run", *pair, "--size", size, "--steps", "1", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
@pytest.mark.parametrize("size", ["1000x1400", "2000x2800"])
def test_too_large_on_mxnet_is_one_line(pair, tmp_path, size):
    pytest.importorskip("mxnet")
    # With 1070 MB a step of 1000x1400 fails while MXNet enlarges its temporary buffer, after which
    # MXNet's exit handler aborts. (With 1000 MB MXNet itself crashes in one of its threads.)
    done = limited("mxnet", 1070, "run", *pair, "--size", size, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    *foreseen, line = done.stderr.splitlines()
    assert len(foreseen) == (size == "2000x2800")
    assert "".join(foreseen).startswith("nst: warning: " * len(foreseen))
    assert line.startswith(f"nst: error: stage 1, {size}: the memory is not enough: more was ")
    assert " is likely to fit, or try --checkpointing where the backend has it" in line


@pytest.mark.parametrize(
    ("name", "good"),
    [("Network", 1), ("read", 3)],
)
def test_what_mxnet_refuses_later_keeps_the_picture(nst, pair, monkeypatch, name, good):
    mxnet = pytest.importorskip("mxnet")
    from nst_mxnet import session

    holder = session if name == "Network" else session.WeightedLosses
    real, calls = getattr(holder, name), []

    def lacking(*given, **named):
        calls.append(name)
        if len(calls) > good:
            raise mxnet.MXNetError("Traceback ...\nMXNetError: Failed to allocate CPU Memory")
        return real(*given, **named)

    monkeypatch.setattr(holder, name, lacking)
    done = nst("run", *pair, "--size", "16x24,32x48", "--steps", "2", "--backend", "mxnet",
               "--device", "cpu", "--weights", "random", "-q", "--content-layers", "relu2_2",
               "--style-layers", "relu1_1", "-o", "out.png")  # fmt: skip
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(
        "nst: error: stage 2, 32x48: the memory is not enough: more was asked "
    )
    assert done.err.endswith("; the picture is the best one before: out.png\n")
    with PIL.Image.open("out.png") as picture:
        assert picture.size in ((24, 16), (48, 32))


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
def test_a_later_stage_that_is_too_large_keeps_the_picture(pair, tmp_path):
    sizes = ("--size", "32x48,1000x1400", "--steps", "2,1", "-o", "out.png")
    done = limited("pytorch", 600, "run", *pair, *sizes, cwd=tmp_path)
    assert done.stderr.splitlines()[-1].startswith(
        "nst: error: stage 2, 1000x1400: the memory is not enough: "
    )
    with PIL.Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (48, 32)
