"""How style and content weigh against each other at several sizes of the demo pair.

    python benchmarks/balance.py --output benchmarks/results/balance.json

At the content picture with a fifth of noise: the L1 norm of the style losses' gradient over that of
the content loss's, taps and weights those of d2l, for both distances. No time is measured.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from nst_core import demo, images
from nst_core.backend import Distance, Execution, Objective, Problem, StyleSource, registry
from nst_core.problem.initial_image import noise
from nst_core.spec import presets
from nst_core.weights import load

SIZES = (128, 256, 512)
DISTANCES: tuple[Distance, ...] = ("mse", "scaled")


def gradient_size(objective: Objective, width: int) -> float:
    """Return the L1 norm of the objective's gradient at a picture ``width`` pixels wide."""
    size = {"height": width * 2 // 3, "width": width}
    content, style = (
        images.resize_picture(images.read(path), **size) for path in (demo.landscape(), demo.painting())
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
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, required=True)
    output = parser.parse_args().output
    whole = replace(presets.load("d2l").objective(), total_variation=0.0)
    found: dict[str, dict[str, float]] = {}
    for distance in DISTANCES:
        both = replace(whole, content_distance=distance, style_distance=distance)
        found[distance] = {
            str(width): gradient_size(replace(both, content={}), width)
            / gradient_size(replace(both, style={}), width)
            for width in SIZES
        }
    output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
