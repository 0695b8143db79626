"""Every bound of the parity proof, beside the largest deviation measured.

A deviation is relative to what `relative_to` says. The measured values are of the CPU, torch 2.15
and mxnet 1.9.1 on x86-64; `pytest tests/conformance --deviations` prints them anew.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One bound.

    Attributes:
        bound: The largest deviation from the oracle that passes.
        relative_to: What the absolute difference is divided by.
        pytorch: The largest deviation measured.
        mxnet: The same.
    """

    bound: float
    relative_to: str
    pytorch: float
    mxnet: float


TOLERANCES = {
    "features float64": Tolerance(1e-12, "largest feature of the tap", pytorch=0.0, mxnet=0.0),
    "content float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "style float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "total variation float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "total float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "gradient float64": Tolerance(1e-11, "largest gradient", pytorch=0.0, mxnet=0.0),
    "slope float64": Tolerance(1e-06, "norm of the gradient", pytorch=0.0, mxnet=0.0),
    "features float32": Tolerance(1e-05, "largest feature of the tap", pytorch=0.0, mxnet=0.0),
    "content float32": Tolerance(1e-05, "the loss", pytorch=0.0, mxnet=0.0),
    "style float32": Tolerance(1e-05, "the loss", pytorch=0.0, mxnet=0.0),
    "total variation float32": Tolerance(1e-05, "the loss", pytorch=0.0, mxnet=0.0),
    "total float32": Tolerance(1e-05, "the loss", pytorch=0.0, mxnet=0.0),
    "gradient float32": Tolerance(1e-04, "largest gradient", pytorch=0.0, mxnet=0.0),
    "Adam moments float64": Tolerance(1e-12, "largest moment", pytorch=0.0, mxnet=0.0),
    "Adam image float64": Tolerance(1e-12, "learning rate", pytorch=0.0, mxnet=0.0),
    "Adam moments float32": Tolerance(1e-02, "largest moment", pytorch=0.0, mxnet=0.0),
    "Adam image float32": Tolerance(1e-04, "learning rate", pytorch=0.0, mxnet=0.0),
    "trajectory content float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "trajectory style float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "trajectory total variation float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "trajectory total float64": Tolerance(1e-10, "the loss", pytorch=0.0, mxnet=0.0),
    "trajectory image float64": Tolerance(1e-09, "1, white", pytorch=0.0, mxnet=0.0),
    "trajectory losses float32": Tolerance(2e-02, "total of the step", pytorch=0.0, mxnet=0.0),
    "image float64": Tolerance(1e-12, "1, white", pytorch=0.0, mxnet=0.0),
    "image float32": Tolerance(1e-05, "1, white", pytorch=0.0, mxnet=0.0),
}
