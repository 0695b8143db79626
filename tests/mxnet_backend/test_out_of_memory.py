"""What MXNet says when memory is not enough, in one line."""

import pytest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Traceback ...\nMXNetError: Failed to allocate CPU Memory", "more was asked for than "),
        ("cudaMalloc retry failed: out of memory", "on the GPU more was asked for than it has"),
        ("Check failed: shape", None),
    ],
)
def test_what_mxnet_says(text, told):
    mxnet = pytest.importorskip("mxnet")
    from nst_mxnet.out_of_memory import out_of_memory_message

    found = out_of_memory_message(mxnet.MXNetError(text))
    assert found is None if told is None else found.startswith(told)
    assert out_of_memory_message(ValueError(text)) is None
