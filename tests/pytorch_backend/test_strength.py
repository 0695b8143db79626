"""``strength`` in runs of the demo pair with trained weights: more of it, more style."""

import numpy as np
import pytest

import nst_core as nst
from nst_core import demo, images, weights
from nst_core.backend import AUTOMATIC, Adam, Objective, Problem, StyleSource, registry

SIZE = (48, 72)
JUDGED = Objective(
    content={"relu4_1": 1.0},
    style={"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0, "relu4_1": 1.0},
    total_variation=0.0,
)
SLACK = 1.02
"""Few steps reach no minimum, so two strong pictures may be nearly equal."""


@pytest.fixture(scope="module")
def trained():
    return weights.load("bundled")


@pytest.fixture(scope="module")
def judge(trained):
    """Returns the content loss and the style loss of an image, by weights that don't change."""
    height, width = SIZE
    content, style = (
        images.resize_picture(images.read(path), height=height, width=width)
        for path in (demo.landscape(), demo.painting())
    )
    problem = Problem(
        content=content, styles=(StyleSource(image=style, weight=1.0),), start=content,
        weights=trained, objective=JUDGED, adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
    )  # fmt: skip
    session = registry.load("pytorch").start(
        problem, device="cpu", dtype="float32", execution=AUTOMATIC
    )

    def losses(image):
        found = session.evaluate(image=image).losses
        return sum(found.content.values()), sum(found.style.values())

    return losses


SMALL = {
    "best": {
        "pyramid": {"from": 36, "to": "48x72", "steps": 8, "coarse": {"up_to": 60, "steps": 8}}
    },
    "fast": {"stages": [{"size": "48x72", "steps": 12}]},
}


@pytest.mark.parametrize("preset", ["best", "fast"])
def test_more_strength_is_more_style_and_less_content(trained, judge, preset):
    found = [
        judge(
            nst.transfer(
                demo.landscape(), demo.painting(), preset=preset, weights=trained, device="cpu",
                overrides={**SMALL[preset], "strength": strength},
            ).image
        )
        for strength in (0.0, 0.3, 0.6, 1.0)
    ]  # fmt: skip
    content, style = np.transpose(found)
    assert (content[1:] * SLACK >= content[:-1]).all()
    assert (style[1:] <= style[:-1] * SLACK).all()
    assert content[0] < 0.2 * content[-1]
    assert style[-1] < 0.8 * style[0]
