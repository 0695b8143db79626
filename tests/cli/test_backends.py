"""``nst backends``."""


def test_backends(nst):
    import torch

    done = nst("backends")
    assert done.status == 0
    assert f"pytorch {torch.__version__}: " in done.out
    assert "cpu (" in done.out


def test_backends_says_why_one_cannot_be_used(nst, monkeypatch, tmp_path):
    from importlib.metadata import EntryPoint, EntryPoints

    from nst_core.backend import registry

    (tmp_path / "plugin_jax.py").write_text("import no_such_framework")
    monkeypatch.syspath_prepend(tmp_path)
    found = EntryPoints([EntryPoint("jax", "plugin_jax:BACKEND", registry.GROUP)])
    monkeypatch.setattr(registry, "entry_points", found.select)
    assert nst("backends").out == (
        "jax: backend 'jax' needs the package 'no_such_framework', which is not installed: "
        "pip install 'nst[jax]'\n"
    )
