"""Measures the weight of style relative to content at several sizes of the demo pair.

    python benchmarks/balance.py --output benchmarks/results/balance.json

The weight is the L1 norm of the style losses' gradient divided by that of the content loss's. The
image is the content picture with a fifth of noise; taps and weights are those of d2l; both
distances are compared. No time is measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measuring import results, script
from nst_core import demo, images
from nst_core.backend import Distance, Execution, Objective, Problem, StyleSource, registry
from nst_core.problem.initial_image import noise
from nst_core.spec import presets
from nst_core.weights import load

SIZES = (128, 256, 512)
DISTANCES: tuple[Distance, ...] = ("mse", "scaled")


def gradient_norm(objective: Objective, width: int) -> float:
    """Return the L1 norm of the objective's gradient at a picture ``width`` pixels wide."""
    size = {"height": width * 2 // 3, "width": width}
    content, style = (
        images.resize_picture(images.read(path), **size)
        for path in (demo.landscape(), demo.painting())
    )
    image = np.asarray(0.8 * content + 0.2 * noise(**size, seed=0), np.float32)
    problem = Problem(
        content=content,
        styles=(StyleSource(image=style),),
        start=image,
        weights=load("bundled"),
        objective=objective,
        adam=presets.load("d2l").adam(),
    )
    session = registry.load("pytorch").start(
        problem, device="cpu", dtype="float32", execution=Execution()
    )
    return float(np.abs(session.evaluate(image=image).gradient).sum())


def main() -> None:
    """Write the ratios."""
    options = script.parser(__doc__, "output_file").parse_args()
    objective = replace(presets.load("d2l").objective(), total_variation=0.0)
    ratios: dict[str, dict[str, float]] = {}
    for distance in DISTANCES:
        both = replace(objective, content_distance=distance, style_distance=distance)
        ratios[distance] = {
            str(width): gradient_norm(replace(both, content={}), width)
            / gradient_norm(replace(both, style={}), width)
            for width in SIZES
        }
    results.write_json(options.output_file, ratios)


if __name__ == "__main__":
    main()
