"""The cache on disk: only in the user's own directory, bounded, and not left switched on."""

import warnings

import pytest

from nst_core.errors import NstWarning


@pytest.fixture
def cache(backend, monkeypatch, tmp_path):
    from nst_jax import compile_cache

    home = tmp_path / "nst"
    monkeypatch.setenv("NST_CACHE_HOME", str(home))
    monkeypatch.setattr(compile_cache, "IS_SAFE", True)
    return home


def test_what_is_compiled_inside_is_kept_and_nothing_is_left_on(cache):
    import jax

    from nst_jax.compile_cache import kept_on_disk

    jitted = jax.jit(lambda x: x * 3).lower(1.0)
    with kept_on_disk():
        jitted.compile()
    assert [path for path in cache.rglob("*") if path.is_file()]
    assert not any(path.stat().st_mode & 0o022 for path in [cache / "jax", *cache.glob("jax/*")])
    assert jax.config.jax_compilation_cache_dir is None


def test_a_directory_that_others_can_write_to_is_not_used(cache):
    import jax

    from nst_jax.compile_cache import kept_on_disk

    cache.mkdir()
    cache.chmod(0o777)
    with pytest.warns(NstWarning, match="others can write to"), kept_on_disk():
        jax.jit(lambda x: x * 5).lower(1.0).compile()
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_link_is_not_followed(cache, tmp_path):
    from nst_jax.compile_cache import kept_on_disk

    (tmp_path / "theirs").mkdir()
    cache.symlink_to(tmp_path / "theirs")
    with pytest.warns(NstWarning), kept_on_disk():
        pass


def test_a_cache_of_the_program_stays(cache, tmp_path):
    import jax

    from nst_jax.compile_cache import kept_on_disk

    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "theirs"))
    try:
        with kept_on_disk():
            assert jax.config.jax_compilation_cache_dir == str(tmp_path / "theirs")
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
    assert not cache.exists()


def test_the_oldest_files_go_first(cache, monkeypatch):
    import os

    from nst_jax import compile_cache

    monkeypatch.setattr(compile_cache, "MOST_BYTES", 25)
    with warnings.catch_warnings(), compile_cache.kept_on_disk():
        for age, name in enumerate(("new", "middle", "old")):
            path = next(cache.glob("jax/*")) / name
            path.write_bytes(b"x" * 10)
            os.utime(path, (1000 - age, 1000 - age))
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["middle", "new"]
