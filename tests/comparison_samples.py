"""Measurements and reports of comparisons, made up."""

import numpy as np

from nst_core.compare.agreement import check_agreement
from nst_core.compare.record import Measurement, StepRecord, VariantRecord
from nst_core.compare.report import Report
from nst_core.compare.tolerances import TOLERANCES
from nst_core.compare.variant import CommonSettings
from nst_core.spec.recipe import Run


def step(number, *, content=0.0, style=(3.0, 1.0), tv=2.0):
    return StepRecord(
        stage=1, step=number, content={"relu4_4": content},
        style=dict(zip(("relu1_1", "relu2_1"), style, strict=True)), tv=tv,
        total=content + sum(style) + tv, seconds=0.5,
    )  # fmt: skip


def measurement(label, *, preset="d2l", steps=None, **arrays):
    ramp = np.linspace(-1, 1, 4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3)
    record = VariantRecord(
        label=label, preset=preset, backend=label, version="1.0", device="cpu",
        device_description="2 threads", sizes=((4, 6),), weights_sha256="abc" * 8,
        steps=steps or (step(1), step(2, content=1.0)), seconds=1.5, peak_memory_mb=321.4,
        python="3.11", numpy="1.23", recipe="<recipe>",
    )  # fmt: skip
    names = ("image", "start", "gradient_at_start", "gradient_at_common")
    return Measurement(record=record, **{name: arrays.get(name, ramp) for name in names})


def report(*measurements, content="a.png"):
    return Report(
        settings=CommonSettings(
            run=Run(content=content, style=("b.png",), weights="random", device="cpu"),
            max_pixels=100, log_every=1, quiet=True, command="nst compare",
        ),
        measurements=measurements,
        deviations=check_agreement(measurements, TOLERANCES["float32"]),
        stems=[f"result-{index}" for index in range(len(measurements))],
    )  # fmt: skip
