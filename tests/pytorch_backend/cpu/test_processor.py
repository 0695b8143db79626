"""What a processor's instruction sets say."""

import pytest
import torch

from nst_pytorch.cpu import processor


@pytest.fixture(autouse=True)
def _not_cached():
    processor.multiplies_bf16.cache_clear()
    yield
    processor.multiplies_bf16.cache_clear()


@pytest.mark.parametrize(
    ("names", "wanted"),
    [("avx2 avx512_bf16", True), ("amx_tile amx_bf16", True), ("avx512f avx512_vnni", False)],
)
def test_it_is_found_in_either_list(monkeypatch, tmp_path, names, wanted):
    found = {**dict.fromkeys(names.split(), True), "sse3": False, "l1d_cache_size": 1}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert processor.multiplies_bf16() == wanted
    assert processor._instruction_sets() == {*names.split()}

    processor.multiplies_bf16.cache_clear()
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")
    assert not processor.multiplies_bf16()  # no such file: another system
    processor.multiplies_bf16.cache_clear()
    (tmp_path / "cpuinfo").write_text(f"model name\t: avx512_bf16 amx_bf16\nflags\t\t: {names}\n")
    assert processor.multiplies_bf16() == wanted
