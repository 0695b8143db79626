"""Where fetched files go, on each system."""

import os
import sys
from pathlib import Path

import pytest

from nst_core.system.user_data import user_cache_directory, user_data_directory


@pytest.mark.parametrize("value", [None, "", "relative/path"])
def test_the_place_of_each_system(monkeypatch, value):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("XDG_DATA_HOME", value)
    monkeypatch.setattr(os.path, "expanduser", lambda _: "/home/me")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    for platform, expected in {
        "linux": "/home/me/.local/share/nst",
        "darwin": "/home/me/Library/Application Support/nst",
        "win32": "/local/nst",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert user_data_directory() == Path(expected)


def test_the_variable_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_data_directory() == tmp_path / "nst"


def test_the_cache_of_each_system(monkeypatch, tmp_path):
    for name in ("NST_CACHE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda _: "/home/me")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    for platform, expected in {
        "linux": "/home/me/.cache/nst",
        "darwin": "/home/me/Library/Caches/nst",
        "win32": "/local/nst/cache",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert user_cache_directory() == Path(expected)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_directory() == tmp_path / "nst"
    monkeypatch.setenv("NST_CACHE_HOME", str(tmp_path / "own"))
    assert user_cache_directory() == tmp_path / "own"
