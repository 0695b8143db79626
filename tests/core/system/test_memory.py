"""What this process uses of the main memory, and which limit leaves least."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from nst_core.system import control_groups, memory

LINUX = sys.platform.startswith("linux")


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """``cgroups(lines, files)`` writes /proc/self/cgroup and files below /sys/fs/cgroup."""

    def write(lines, files):
        for name, text in files.items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "cgroup").write_text(lines)
        monkeypatch.setattr(control_groups, "_ROOT", tmp_path / "root")
        monkeypatch.setattr(control_groups, "_PROC", tmp_path / "cgroup")

    return write


def test_limits_of_control_groups_count(cgroups):
    cgroups(
        "0::/outer/inner\n",
        {
            "outer/inner/memory.max": "max\n",
            "outer/inner/memory.current": "5000000\n",
            "outer/memory.max": "9000000\n",
            "outer/memory.current": "6000000\n",
            "outer/memory.stat": "anon 1\ninactive_file 500000\n",
        },
    )
    assert memory.available_mb() == pytest.approx(3.5)


def test_limits_of_control_groups_of_version_1_count(cgroups):
    cgroups(
        "12:cpu,cpuacct:/a\n5:memory:/a\n1:name=systemd:/a\n",
        {
            "memory/a/memory.limit_in_bytes": "8000000\n",
            "memory/a/memory.usage_in_bytes": "6000000\n",
            # Of the group above, as of a group without a limit: the largest number there is.
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/memory.usage_in_bytes": "7000000\n",
        },
    )
    assert memory.available_mb() == pytest.approx(2)


def test_a_container_sees_its_own_group_as_the_root(cgroups):
    cgroups("0::/docker/abc\n", {"memory.max": "4000000\n", "memory.current": "5000000\n"})
    assert memory.available_mb() == 0


def test_without_limits_the_systems_figure_counts(cgroups, monkeypatch):
    cgroups("0::/\n", {"memory.max": "max\n", "memory.current": "1\n"})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=123_000_000))
    monkeypatch.setattr(memory, "_address_space_left", lambda: None)
    assert memory.available_mb() == 123


@pytest.mark.skipif(not LINUX, reason="MemAvailable is a field of Linux")
def test_the_systems_figure_is_that_of_the_kernel():
    text = Path("/proc/meminfo").read_text()
    fields = dict(line.split(":") for line in text.splitlines())
    kernel = int(fields["MemAvailable"].split()[0]) * 1024
    assert memory._system_memory_left() == pytest.approx(kernel, rel=0.05)


@pytest.mark.skipif(not LINUX, reason="address space is limited and measured on Linux")
def test_the_limit_of_the_address_space_counts():
    code = (
        "import resource; from nst_core.system import memory; memory.available_mb();"
        "used = memory._status_bytes('VmSize');"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000,) * 2);"
        "print(memory.available_mb(), memory.free_memory_note())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    figure, note = done.stdout.split(" ", 1)
    assert 30 < float(figure) <= 50
    assert note.strip() == f"({float(figure):.0f} MB are free)"


def test_the_resident_set_is_that_of_this_process():
    before = memory.rss_mb()
    block = np.ones(100_000_000, np.uint8)
    assert memory.rss_mb() - before == pytest.approx(100, abs=5)
    assert memory.rss_mb() <= memory.peak_mb()
    del block


@pytest.mark.skipif(not LINUX, reason="/proc is a thing of Linux")
def test_peak_memory_is_of_this_process_and_not_of_its_parent():
    code = "from nst_core.system.memory import peak_mb as p; print(p())"
    outer = (
        "import subprocess, sys; hog = b'x' * 600_000_000; "
        f"subprocess.run([sys.executable, '-c', {code!r}], check=True, close_fds=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", outer], check=True, capture_output=True, text=True, timeout=60
    )
    assert 10 < float(done.stdout) < 400


def test_the_peak_where_there_is_no_proc(tmp_path, monkeypatch):
    import resource

    monkeypatch.setattr(memory, "_PROC_STATUS", tmp_path / "missing")
    usage = SimpleNamespace(ru_maxrss=2_000_000)
    monkeypatch.setattr(resource, "getrusage", lambda _: usage)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.peak_mb() == 2, "bytes on macOS"
    monkeypatch.setattr(sys, "platform", "freebsd")
    assert memory.peak_mb() == 2048, "KiB elsewhere"
    # Windows: no module ``resource``, and psutil has the peak.
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory.peak_mb() is None
    info = SimpleNamespace(rss=1, peak_wset=3_000_000)
    monkeypatch.setattr(psutil.Process, "memory_info", lambda _: info)
    assert memory.peak_mb() == 3


def test_figures_that_cannot_be_had_are_none(tmp_path, monkeypatch):
    def fail(*_):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "virtual_memory", fail)
    monkeypatch.setattr(psutil.Process, "memory_info", fail)
    monkeypatch.setattr(memory, "_PROC_STATUS", tmp_path / "missing")
    monkeypatch.setattr(control_groups, "_PROC", tmp_path / "missing")
    assert memory.rss_mb() is None
    assert memory.available_mb() is None
    assert memory.free_memory_note() == ""


def test_memory_errors_in_half_a_sentence(monkeypatch):
    monkeypatch.setattr(memory, "available_mb", lambda: 12.4)
    assert memory.memory_error_message(MemoryError()) == (
        "the memory is not enough: more was asked for than there is (12 MB are free)"
    )
    assert memory.memory_error_message(MemoryError("Unable to\nallocate 9 GiB")) == (
        "the memory is not enough: Unable to allocate 9 GiB (12 MB are free)"
    )


def test_trimming_the_heap_raises_nothing(monkeypatch):
    memory.trim_heap()
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())  # as musl: no malloc_trim
    memory.trim_heap()
