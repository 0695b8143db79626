"""A framework's errors about memory become one of core's; other errors stay as they are."""

import pytest

from nst_core.backend import out_of_memory
from nst_core.errors import OutOfMemoryError


def test_a_bug_stays_what_it_is():
    class Session:
        def __init__(self, error=None):
            self.error = error

        features = evaluate = losses = image = state = restore = __init__

        def step(self):
            raise self.error

    told = out_of_memory.translates_out_of_memory(
        lambda error: "much" if str(error) == "no memory" else None
    )(Session)
    with pytest.raises(OutOfMemoryError, match=r"^the memory is not enough: much$"):
        told(RuntimeError("no memory")).step()
    with pytest.raises(OutOfMemoryError, match=r"^the memory is not enough: Unable"):
        told(MemoryError("Unable")).step()
    bug = RuntimeError("a bug")
    with pytest.raises(RuntimeError) as caught:
        told(bug).step()
    assert caught.value is bug
