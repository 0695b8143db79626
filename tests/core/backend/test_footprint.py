"""The memory that a session takes."""

from fakes import FakeBackend

from nst_core.backend.footprint import Footprint, HasFootprint


def test_the_peak_is_that_of_the_targets_or_of_a_step():
    assert Footprint(fixed=1.0, content=5.0, style=3.0).peak == 6.0
    assert Footprint(fixed=1.0, content=5.0, style=7.0).peak == 8.0


def test_a_backend_need_not_have_one():
    class Knows(FakeBackend):
        def footprint(self, *, objective, size, device, dtype, execution):
            return Footprint(fixed=0.0, content=0.0, style=0.0)

    assert isinstance(Knows(), HasFootprint)
    assert not isinstance(FakeBackend(), HasFootprint)
