"""The estimate of memory for shallow networks, against peaks that were measured.

The peaks are those of whole processes (``VmHWM``) after two steps of d2l's Adam, in 10^6 bytes,
over what the process held before its first stage (306) and what libraries allocate (60).
"""

from math import prod

import pytest

from nst_core.backend import Execution
from nst_core.backend.footprint import StageSize
from nst_core.vgg19 import feature_shape

BASE = 306 + 60
MEASURED = [
    ((), "relu1_1", (250, 350), False, 412),
    ((), "relu2_2", (250, 350), False, 448),
    (("relu2_2",), "relu1_1", (250, 350), False, 449),
    (("relu2_2",), "relu1_1", (250, 350), True, 453),
    (("relu2_2",), "relu1_1", (500, 700), False, 646),
    ((), "relu1_1", (500, 700), False, 546),
    ((), "relu2_2", (500, 700), False, 630),
    (("relu3_1",), "relu1_1", (500, 700), False, 739),
    ((), "relu1_1", (1000, 1400), False, 1066),
    (("relu1_1",), None, (1000, 1400), False, 1699),
    ((), "relu1_2", (1000, 1400), False, 1115),
    ((), "relu1_2", (1000, 1400), True, 963),
    ((), "relu2_1", (1000, 1400), False, 1324),
    ((), "relu2_2", (1000, 1400), False, 1254),
    (("relu2_1",), None, (1000, 1400), False, 1448),
    (("relu1_2",), "relu2_2", (1000, 1400), False, 1594),
    (("relu2_2",), "relu1_1", (1000, 1400), False, 1460),
    (("relu2_2",), "relu1_1", (1000, 1400), True, 1369),
    (("relu4_2",), "relu4_1", (1000, 1400), True, 1259),
]


@pytest.mark.parametrize(("content", "style", "size", "checkpointing", "peak"), MEASURED)
def test_estimates_are_near_the_measured_peaks(content, style, size, checkpointing, peak):
    pytest.importorskip("mxnet")
    from nst_mxnet.footprint import footprint

    taps = tuple(dict.fromkeys((*content, *([style] if style else ()))))
    execution = Execution(checkpointing=checkpointing)
    found = footprint(
        taps=taps, size=StageSize(size, (size,)), dtype="float32", execution=execution
    ).peak
    height, width = size
    # The optimiser's arrays and the content's features, which the core adds.
    found += 4 * 8 * 3 * height * width
    found += 4 * sum(prod(feature_shape(tap, height=height, width=width)) for tap in content)
    assert BASE + found / 1e6 == pytest.approx(peak, rel=0.15)
