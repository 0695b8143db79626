"""What is measured of a variant, with a backend that keeps a calls."""

import time

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend

from nst_core.backend import AUTOMATIC, Evaluation
from nst_core.compare.measure import measure
from nst_core.compare.variant import CommonSettings, Variant
from nst_core.spec import presets
from nst_core.spec.recipe import Run

SMALL = [{"size": "16x24", "steps": 3}]
LARGER = [*SMALL, {"size": "32x48", "steps": 2}]


class Evaluating(FakeBackend):
    """Its gradient is the image and tells the stage; its set-up and its steps take their time."""

    def start(self, problem, *, device, dtype, execution=AUTOMATIC):
        time.sleep(0.15)
        session = super().start(problem, device=device, dtype=dtype, execution=execution)
        session.evaluate = lambda *, image: Evaluation(losses=None, gradient=image + 100)
        losses = session.losses

        def slowly():
            time.sleep(0.02)
            return losses()

        session.losses = slowly
        return session


@pytest.fixture
def measured(tmp_path):
    path = str(tmp_path / "picture.png")
    PIL.Image.new("RGB", (96, 64), (128, 128, 128)).save(path)

    def run(stages, common=None):
        table = {**presets.table("d2l"), "stages": stages}
        settings = CommonSettings(
            run=Run(content=path, style=(path,), weights="random", device="cpu"),
            max_pixels=10**6, log_every=10, quiet=True, command="a test",
        )  # fmt: skip
        variant = Variant(label="d2l on fake", preset="d2l", backend="fake", spec=table)
        backend = Evaluating()
        _, found = measure(backend, variant, settings, common_image=common)
        return backend, found

    return run


def test_every_step_of_every_stage(measured):
    _, found = measured(LARGER)
    steps = found.record.steps
    assert [(one.stage, one.step) for one in steps] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert [one.total for one in steps] == [11.75, 22.75, 33.75, 11.75, 22.75]
    assert steps[1].style == {"relu1_1": 20.0, "relu2_1": 0.5}
    assert found.record.sizes == ((16, 24), (32, 48))
    assert (found.record.device, found.record.version) == ("cpu", "1.0")
    assert 'command = "a test"' in found.record.recipe


def test_seconds_wait_for_the_losses_and_leave_out_the_setting_up(measured):
    _, found = measured(LARGER)
    seconds = [one.seconds for one in found.record.steps]
    assert min(seconds) >= 0.02
    assert found.record.seconds > sum(seconds) + 0.25


@pytest.mark.parametrize(("stages", "starts"), [(SMALL, 1), (LARGER, 3)])
def test_the_gradient_at_the_start_is_of_the_first_stage(measured, stages, starts):
    backend, found = measured(stages)
    assert found.start.shape == (16, 24, 3)
    np.testing.assert_array_equal(found.gradient_at_start, found.start + 100)
    assert len(backend.problems) == starts
    assert backend.problems[-1 if starts == 3 else 0].start.shape == (16, 24, 3)


def test_the_common_image_is_its_own_or_the_one_given(measured):
    _, found = measured(SMALL)
    assert found.image.mean() > found.start.mean()
    np.testing.assert_array_equal(found.gradient_at_common, found.image + 100)
    common = np.full((16, 24, 3), 0.25, np.float32)
    _, other = measured(SMALL, common=common)
    np.testing.assert_array_equal(other.gradient_at_common, common + 100)
