"""Runs cases in a process with limits and prints the outcome of each as JSON. Run by ``campaign``.

The backend is a fake one, because only the code before and after it is tested. Everything else is
the command line as it is.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fakes
from fuzz.cases import KINDS, Case, case
from fuzz.fake_backend import Backend
from fuzz.valid_checkpoints import PICTURE

ADDRESS_SPACE = 2 << 30
"""Bytes beyond what the process has at its start. Whatever needs more gets a MemoryError."""

KEPT = "the picture is the best one before"

LONGEST_LINE = 1000
"""Characters of the longest message that counts as one line."""

_allowed: list[str] = []
"""Directories where the case may write."""

_written: list[str] = []
"""What the case has written elsewhere."""


def main(arguments: Sequence[str]) -> None:
    """Run the cases ``start, start + stride ...`` below ``stop`` of a kind."""
    kind, (seed, start, stop, stride) = arguments[0], map(int, arguments[1:])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    directory = Path(tempfile.mkdtemp(prefix="nst-fuzz-"))
    try:
        _prepare(directory)
        KINDS[kind].seeds()  # made before the clock of the first case runs
        for index in range(start, stop, stride):
            print(json.dumps({"index": index, "begins": True}), file=answers)
            print(json.dumps({"index": index, **attempt(case(kind, seed, index))}), file=answers)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _prepare(directory: Path) -> None:
    """Load what a command line loads, replace the backend, set the limits."""
    import matplotlib.font_manager  # noqa: F401

    from nst_core import weights
    from nst_core.backend import registry
    from nst_core.cli import recipe, run, run_comparison, run_picture  # noqa: F401
    from nst_core.system import supervision

    # Under the limit below a run would fork. Here commands run in this process, which is watched.
    supervision.allocations_can_fail = lambda: False

    os.chdir(directory)
    for name in ("in", "out", "tmp"):
        Path(name).mkdir()
    PICTURE.save("style.png")
    tempfile.tempdir = str(directory / "tmp")
    registry.load = lambda name: Backend()
    plain, load = fakes.tiny_weights(), weights.load
    weights.load = lambda source: plain if source == "bundled" else load(source)
    sys.addaudithook(_watch)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = size + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(event: str, arguments: Any) -> None:
    """Note every write, rename and removal outside the allowed directories."""
    if event == "open":
        path, _, flags = arguments
        paths = [path] if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else []
    elif event in ("os.rename", "os.link", "os.symlink"):
        paths = list(arguments[:2])
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate"):
        paths = [arguments[0]]
    elif event in ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen"):
        _written.append(event)
        return
    else:
        return
    for path in paths:
        if not isinstance(path, int):
            # Not Path.resolve, which would be an event itself.
            absolute = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
            if not absolute.startswith(tuple(_allowed)):
                _written.append(f"{event} {absolute}"[:200])


def attempt(one: Case) -> dict[str, Any]:
    """Give the file to nst and return the outcome: ``accepted``, ``refused`` or ``bug``."""
    one.write(Path())
    _allowed[:] = [str(Path(place).absolute()) for place in _places(one)]
    before = _contents()
    _reset_peak()
    _written.clear()
    began, start = time.process_time(), _resident("VmRSS")
    status, out, err = _call(one.arguments)
    result: dict[str, Any] = {
        "seconds": round(time.process_time() - began, 3),
        "megabytes": round((_resident("VmHWM") - start) / 1024),
    }
    writes, after = list(_written), _contents()
    made = sorted(after.keys() - before.keys())
    for path in (*map(Path, made), *Path("tmp").iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    wrong = complaint(one, status, out, err, made)
    if writes:
        wrong = f"wrote elsewhere: {writes[0]}"
    elif {path: after.get(path) for path in before} != before:
        wrong = "changed what was there"
    if wrong:
        return {**result, "verdict": "bug", "what": wrong[-3000:], "case": one.name}
    return {**result, "verdict": "refused" if status == 2 else "accepted"}


def _places(one: Case) -> Sequence[str]:
    # A checkpoint may name outputs in the working directory, and there is the default as well.
    return (".",) if "--resume" in one.arguments else ("out", "tmp")


def _contents() -> dict[str, bytes]:
    """Return the files of the working directory except temporary ones; the beginning if large."""
    found = {}
    for path in Path().rglob("*"):
        if path.is_file() and path.parts[0] != "tmp":
            with path.open("rb") as stream:
                found[str(path)] = stream.read(1 << 16)
    return found


def complaint(one: Case, status: object, out: str, err: str, made: list[str]) -> str:
    """Return what is wrong with an outcome; empty if nothing is."""
    if isinstance(status, str):
        return status
    pictures = bool(made) if "--resume" in one.arguments else made == ["out/out.png"]
    pictures = pictures or one.arguments[0] != "run"
    if status == 2:
        # Lines about a picture that was read may come before the error.
        while err.startswith("nst: warning: "):
            err = err.partition("\n")[2]
        good = err.count("\n") == 1 and err.startswith("nst: error: ") and not out
        # If a loss was not finite during the run, the best picture is kept.
        good = good and (not made or (pictures and KEPT in err))
        good = good and len(err) <= LONGEST_LINE
    else:
        good = status in (0, 130) and all(line.startswith("nst: ") for line in err.splitlines())
        good = good and pictures
    return "" if good else f"status {status}, out {out[:200]!r}, files {made}, err {err[:2000]!r}"


def _call(arguments: Sequence[str]) -> tuple[object, str, str]:
    """Call the command line; return its status or a traceback, its output and its errors."""
    from nst_core import cli

    cli._exit_now = sys.exit  # which would end this worker
    sys.argv = ["nst", *arguments]
    kept = [os.dup(1), os.dup(2)]
    streams = [tempfile.TemporaryFile(dir="tmp") for _ in kept]  # noqa: SIM115
    for target, stream in enumerate(streams, 1):
        os.dup2(stream.fileno(), target)
    try:
        cli.main()
    except SystemExit as ended:
        status: object = ended.code
    except BaseException:
        status = traceback.format_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, (saved, stream) in enumerate(zip(kept, streams, strict=True), 1):
            os.dup2(saved, target)
            os.close(saved)
            stream.seek(0)
    out, err = (stream.read().decode(errors="replace") for stream in streams)
    for stream in streams:
        stream.close()
    return status, out, err


def _reset_peak() -> None:
    # Resets VmHWM.
    Path("/proc/self/clear_refs").write_text("5")


def _resident(field: str) -> int:
    """Return the resident memory in kilobytes: now (VmRSS), or at its peak (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise LookupError(field)


if __name__ == "__main__":
    main(sys.argv[1:])
