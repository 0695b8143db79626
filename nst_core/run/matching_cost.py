"""The time that the searches of nearest neighbours take, estimated before a run."""

from __future__ import annotations

import time

import numpy as np

from nst_core.backend import Objective
from nst_core.backend.footprint import StageSize
from nst_core.backend.positions import count_positions
from nst_core.run.prepared import PreparedRun
from nst_core.vgg19 import convolution_flops

_SIDE = 768
"""The side of the matrices whose product is timed."""


def seconds(prepared: PreparedRun, *, seconds_per_flop: float) -> float:
    """Return the time of all searches of a run; 0 without nearest neighbours.

    On a CPU the cosines of a search are timed by a matrix product of NumPy. Elsewhere they are left
    out: a GPU computes them in less time than a few steps take.

    Args:
        prepared: The run.
        seconds_per_flop: Of a step, per operation of its forward pass. A style's forward pass
            counts as much as a step of its size, which is too much rather than too little.
    """
    spec, total = prepared.plan.spec, 0.0
    per_product: float | None = None
    for number, (stage, size) in enumerate(zip(spec.stages, prepared.sizes, strict=True)):
        own = spec.in_stage(number)
        if not own.neighbours.layers:
            continue
        objective, every = own.objective(), own.neighbours.every
        searches = -(-stage.steps // every) if every else 1
        passes = objective.matching.pictures_per_style * sum(
            convolution_flops(objective.taps(), height=height, width=width)
            for height, width in size.styles
        )
        total += searches * seconds_per_flop * passes
        if prepared.plan.device.name == "cpu":
            per_product = per_product or _seconds_per_product(prepared.dtype)
            total += searches * per_product * search_flops(objective, size)
    return total


def search_flops(objective: Objective, size: StageSize) -> int:
    """Return the operations of the cosines of one search."""
    matching = objective.matching
    pictures = matching.pictures_per_style
    total = 0
    for group in objective.tap_groups():
        height, width = size.content
        channels = group.channels
        mine = count_positions(
            group, matching, height=height, width=width, samples=matching.samples
        )
        theirs = sum(
            count_positions(
                group, matching, height=height, width=width, samples=matching.style_samples
            )
            for height, width in size.styles
        )
        total += 2 * channels * mine * pictures * theirs
    return total


def _seconds_per_product(dtype: str) -> float:
    matrix = np.ones((_SIDE, _SIDE), dtype)
    matrix @ matrix  # the libraries start their threads
    began = time.perf_counter()
    matrix @ matrix
    return (time.perf_counter() - began) / (2 * _SIDE**3)
