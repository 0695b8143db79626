"""What JAX says when memory is not enough, in one line."""

import pytest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "RESOURCE_EXHAUSTED: Out of memory allocating 7200000000 bytes.",
            "a further 7200 MB were asked for",
        ),
        (
            "RESOURCE_EXHAUSTED: Failed to allocate request for 1.2GiB on device ordinal 0, GPU_0",
            "on the GPU more was asked for than there is",
        ),
        ("INVALID_ARGUMENT: shapes differ", None),
    ],
)
def test_what_jax_says(backend, text, told):
    from nst_jax.out_of_memory import out_of_memory_message

    found = out_of_memory_message(RuntimeError(text))
    assert found is None if told is None else found.startswith(told)
    assert out_of_memory_message(ValueError(text)) is None
