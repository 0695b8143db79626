from importlib.metadata import EntryPoint, EntryPoints

import pytest
from fakes import FakeBackend

from nst_core.backend import registry
from nst_core.errors import BackendError


@pytest.fixture
def points(monkeypatch, tmp_path):
    """Registers the modules given as name = source."""
    monkeypatch.syspath_prepend(tmp_path)

    def register(**sources):
        for name, source in sources.items():
            (tmp_path / f"plugin_{name}.py").write_text(source)
        found = EntryPoints(
            EntryPoint(name, f"plugin_{name}:BACKEND", registry.GROUP) for name in sources
        )
        monkeypatch.setattr(registry, "entry_points", found.select)

    return register


def test_both_backends_are_registered():
    assert {"mxnet", "pytorch"} <= set(registry.names())


def test_only_the_named_backend_is_imported(points):
    points(one="BACKEND = 1", two="raise SystemExit('imported')")
    assert registry.load("one") == 1


def test_an_unknown_backend(points):
    points(one="BACKEND = 1", two="BACKEND = 2")
    with pytest.raises(BackendError, match="unknown backend 'three': known are one, two"):
        registry.load("three")


def test_a_missing_framework_is_one_line_with_the_command(points):
    points(lack="import no_such_framework")
    with pytest.raises(BackendError) as caught:
        registry.load("lack")
    assert str(caught.value) == (
        "backend 'lack' needs the package 'no_such_framework', which is not installed: "
        "pip install 'nst[lack]'"
    )


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import nst_core.no_such_module", ModuleNotFoundError),
        ("import plugin_bug.inner", ModuleNotFoundError),
        ("from os import no_such_name", ImportError),
        ("1 / 0", ZeroDivisionError),
    ],
)
def test_a_bug_in_a_backend_is_never_called_not_installed(points, source, error):
    points(bug=source)
    with pytest.raises(error):
        registry.load("bug")


def test_choosing_a_device():
    backend = FakeBackend()
    chosen = [
        registry.choose_device(backend, name).name for name in ("auto", "cuda", "cuda:0", "cpu")
    ]
    assert chosen == ["cuda:0", "cuda:0", "cuda:0", "cpu"]
    with pytest.raises(BackendError, match=r"no device 'mps' .* available are auto, cuda:0, cpu"):
        registry.choose_device(backend, "mps")
