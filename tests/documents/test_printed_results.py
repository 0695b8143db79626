"""The results that d2lzh prints of its stages, compared with nst on other pictures.

Its pictures can't be shipped, so the demo pictures are used, with the bundled weights. What is
compared is not the numbers but how they behave: the total variation at the start of a stage, and
the course of the losses.
"""

import itertools

import numpy as np
import PIL.Image
import pytest

import nst_core as nst
from nst_core import demo, images

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
WEIGHT = 10
SMALL, LARGE = "32x48", "64x96"


def total_variation(picture: np.ndarray) -> float:
    """Return the document's ``tv_loss`` times its weight for an 8-bit picture (H, W, 3)."""
    x = (picture / 255 - MEAN) / STD
    return WEIGHT * 0.5 * (np.abs(np.diff(x, axis=0)).mean() + np.abs(np.diff(x, axis=1)).mean())


def history(backend, *stages):
    """Run d2lzh with these stages; between them the image is rounded to 8 bits."""
    result = nst.transfer(
        demo.landscape(),
        demo.painting(),
        backend=backend,
        preset="d2lzh",
        device="cpu",
        log_every=1,
        overrides={
            "stages": [
                {"size": size, "steps": steps, "through_8_bits": index > 0}
                for index, (size, steps) in enumerate(stages)
            ]
        },
    )
    return [[row for row in result.history if row.stage == n + 1] for n in range(len(stages))]


@pytest.fixture(scope="module")
def stages(backend):
    return history(backend, (SMALL, 20), (LARGE, 1))


def test_starts_at_the_contents_own_total_variation(stages):
    height, width = map(int, SMALL.split("x"))
    picture = images.read(demo.landscape()).resize((width, height), PIL.Image.Resampling.BILINEAR)
    first = stages[0][0]
    assert first.tv == pytest.approx(total_variation(np.asarray(picture, float)), rel=1e-5)
    assert first.content == pytest.approx(0, abs=1e-6)


def test_losses_run_as_printed(stages):
    """Style falls from 1.12 to 0.67, content rises little; TV starts stage 2 at 0.79, not 1.03."""
    (*_, last), (second,) = stages
    style = [row.style for row in stages[0]]
    assert all(after < before for before, after in itertools.pairwise(style))
    assert last.content < style[0] - style[-1]
    assert second.tv < 0.75 * last.tv
