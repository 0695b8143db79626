"""A framework's out-of-memory errors become one line of nst's own."""

import pytest

from nst_core.backend import Session
from nst_core.backend.out_of_memory import translates_out_of_memory
from nst_core.errors import OutOfMemoryError


class FrameworkError(Exception):
    pass


def message(error):
    return "3 GB were asked for" if "memory" in str(error) else None


METHODS = tuple(name for name in vars(Session) if not name.startswith("_"))
"""Every method of a session, as the protocol has them."""


def session(method, raised):
    """Return a session of which one method raises."""

    def fail(self, **given):
        """The method's own docstring."""
        raise raised

    methods = {name: lambda self, **given: given for name in METHODS}
    methods |= {"__init__": lambda self: None, method: fail}
    return translates_out_of_memory(message)(type("Session", (), methods))


@pytest.fixture
def constructors():
    """A class whose constructor fails."""

    def build(raised):
        @translates_out_of_memory(message)
        class Session:
            def __init__(self):
                raise raised

            features = evaluate = match = step = losses = image = lambda self: None
            style_targets = state = restore = lambda self: None

        return Session

    return build


def test_the_frameworks_error_becomes_one_line(constructors):
    error = FrameworkError("out of memory\nat line 3")
    with pytest.raises(OutOfMemoryError) as caught:
        constructors(error)()
    assert str(caught.value) == "the memory is not enough: 3 GB were asked for"
    assert caught.value.__cause__ is error


def test_memory_errors_of_python_and_numpy_too(constructors):
    with pytest.raises(OutOfMemoryError, match="Unable to allocate 8 GiB") as caught:
        constructors(MemoryError("Unable to allocate 8 GiB"))()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("raised", [FrameworkError("a bug"), KeyError("x"), KeyboardInterrupt()])
def test_any_other_exception_stays_as_it_is(constructors, raised):
    with pytest.raises(type(raised)) as caught:
        constructors(raised)()
    assert caught.value is raised


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_a_session_is_translated(method):
    broken = session(method, FrameworkError("no memory"))()
    with pytest.raises(OutOfMemoryError):
        getattr(broken, method)(a=1)
    for other in {*METHODS} - {method}:
        assert getattr(broken, other)(a=1) == {"a": 1}, "arguments and results pass through"


def test_methods_keep_their_names():
    step = session("step", ValueError()).step
    assert (step.__name__, step.__doc__) == ("fail", "The method's own docstring.")
