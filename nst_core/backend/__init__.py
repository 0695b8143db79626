"""The seam between core and backends: what a backend is given, and what it implements.

- ``problem``: the records that a backend is given.
- ``protocol``: the two Protocols that it implements, ``Backend`` and ``Session``.
- ``notices``: what it tells the user before work of seconds, which is optional.
- ``footprint``: its estimate of memory, which is optional.
- ``precision``: where it multiplies bfloat16 faster, which is optional too.
- ``guidance``: how regions of a picture become regions of its features.
- ``matching`` and ``positions``: nearest neighbours, and where they are sought.
- ``registry``: how backends are found.
"""

from nst_core.backend.footprint import Footprint, HasFootprint, StageSize
from nst_core.backend.matching import (
    FLAT,
    HYPERCOLUMN,
    NEAREST,
    Matching,
    MatchingForm,
    Query,
    TapGroup,
)
from nst_core.backend.precision import HasFastBf16
from nst_core.backend.problem import (
    COVARIANCE_EPSILON,
    MEAN,
    PLAIN_VGG,
    SCALED_EPSILON,
    STD,
    Adam,
    Architecture,
    Distance,
    EpsilonForm,
    Objective,
    Padding,
    Pooling,
    Problem,
    Statistics,
    StyleSource,
    StyleTargets,
)
from nst_core.backend.protocol import (
    AUTOMATIC,
    AdamState,
    Backend,
    Conv,
    Device,
    DType,
    Evaluation,
    Execution,
    Losses,
    Precision,
    Session,
)

__all__ = [
    "AUTOMATIC",
    "COVARIANCE_EPSILON",
    "FLAT",
    "HYPERCOLUMN",
    "MEAN",
    "NEAREST",
    "PLAIN_VGG",
    "SCALED_EPSILON",
    "STD",
    "Adam",
    "AdamState",
    "Architecture",
    "Backend",
    "Conv",
    "DType",
    "Device",
    "Distance",
    "EpsilonForm",
    "Evaluation",
    "Execution",
    "Footprint",
    "HasFastBf16",
    "HasFootprint",
    "Losses",
    "Matching",
    "MatchingForm",
    "Objective",
    "Padding",
    "Pooling",
    "Precision",
    "Problem",
    "Query",
    "Session",
    "StageSize",
    "Statistics",
    "StyleSource",
    "StyleTargets",
    "TapGroup",
]
