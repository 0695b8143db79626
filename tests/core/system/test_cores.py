"""How many cores a process may use: affinity, quotas of control groups, other workers."""

import os

import pytest

from nst_core.system import control_groups, cores


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """``machine(processors, lines, files)``: the affinity, and what the control groups say."""

    def make(processors, lines="", files=()):
        for name, text in dict(files).items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "cgroup").write_text(lines)
        monkeypatch.setattr(control_groups, "_ROOT", tmp_path / "root")
        monkeypatch.setattr(control_groups, "_PROC", tmp_path / "cgroup")
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _: set(range(processors)), raising=False
        )

    return make


@pytest.mark.parametrize(
    ("most", "quota", "share"),
    [
        ("max 100000", None, 8),
        ("400000 100000", 4, 4),
        ("150000 100000", 1.5, 2),
        ("20000 100000", 0.2, 1),
        ("9900000 100000", 99, 8),
    ],
)
def test_a_quota_limits_the_threads(machine, most, quota, share):
    machine(8, "0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": f"{most}\n"})
    assert cores.quota() == quota
    assert cores.share() == share


def test_a_quota_of_version_1_limits_the_threads(machine):
    files = {
        "cpu/a/cpu.cfs_quota_us": "300000\n",
        "cpu/a/cpu.cfs_period_us": "100000\n",
        "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n",
    }
    machine(8, "4:cpu,cpuacct:/a\n", files)
    assert cores.quota() == 3
    assert cores.share() == 3


def test_workers_share_the_cores(machine):
    machine(8)
    assert [cores.share(workers) for workers in (1, 2, 3, 20)] == [8, 4, 2, 1]
    assert cores.quota() is None


def test_without_affinity_every_processor_counts(machine, monkeypatch):
    machine(8)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores.allowed_processors() == 6
