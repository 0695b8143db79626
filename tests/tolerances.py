"""Every bound of the parity proof, and the largest deviation from the oracle that was measured.

Measured on x86-64 with torch 2.15 and mxnet 1.9.1, on the CPU, one thread.
`pytest tests/conformance --deviations` prints the deviations again. The bounds allow for other
processors and other orders of summation, but not for another formula.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One bound.

    Attributes:
        bound: The largest deviation from the oracle that passes.
        relative_to: What the absolute difference is divided by.
        pytorch: The largest deviation measured with PyTorch.
        mxnet: The largest deviation measured with MXNet; None where it refuses.
    """

    bound: float
    relative_to: str
    pytorch: float
    mxnet: float | None


FEATURE, LOSS, GRADIENT = "largest feature of the tap", "the loss", "largest gradient"
NORM, MOMENT, RATE = "norm of the gradient", "largest moment", "learning rate"
ENTRY = "largest entry of the matrix"
TOTAL, WHITE = "total of the step", "1, which is white"

TOLERANCES = {
    # All cases, at one image each.
    "features float64": Tolerance(1e-12, FEATURE, pytorch=4.2e-15, mxnet=3.1e-16),
    "content float64": Tolerance(1e-10, LOSS, pytorch=7.1e-15, mxnet=7.2e-16),
    "style float64": Tolerance(1e-10, LOSS, pytorch=2.3e-15, mxnet=1.7e-15),
    "total variation float64": Tolerance(1e-10, LOSS, pytorch=1.6e-16, mxnet=1.6e-16),
    "total float64": Tolerance(1e-10, LOSS, pytorch=7.7e-16, mxnet=6.8e-16),
    "gradient float64": Tolerance(1e-11, GRADIENT, pytorch=1.2e-14, mxnet=1.8e-15),
    "Wasserstein style float64": Tolerance(1e-9, LOSS, pytorch=2.6e-11, mxnet=2.6e-11),
    "Wasserstein total float64": Tolerance(1e-9, LOSS, pytorch=2.6e-12, mxnet=2.6e-12),
    "Wasserstein gradient float64": Tolerance(1e-9, GRADIENT, pytorch=1.7e-11, mxnet=1.7e-11),
    "features float32": Tolerance(1e-5, FEATURE, pytorch=1.8e-6, mxnet=2.6e-6),
    "content float32": Tolerance(1e-5, LOSS, pytorch=1.1e-6, mxnet=2.1e-6),
    "style float32": Tolerance(1e-5, LOSS, pytorch=1.2e-6, mxnet=1.1e-6),
    "total variation float32": Tolerance(1e-5, LOSS, pytorch=8.2e-8, mxnet=7.3e-8),
    "total float32": Tolerance(1e-5, LOSS, pytorch=2.9e-7, mxnet=3.4e-7),
    "gradient float32": Tolerance(1e-4, GRADIENT, pytorch=4.2e-6, mxnet=3.7e-6),
    # Products of bfloat16, with eight bits of mantissa; the norm of the gradient's deviation.
    "total bf16": Tolerance(3e-2, LOSS, pytorch=9.8e-3, mxnet=None),
    "gradient bf16": Tolerance(0.5, NORM, pytorch=0.37, mxnet=None),
    # The blend of the styles' statistics, per tap and region.
    "style targets float64": Tolerance(1e-11, ENTRY, pytorch=1.5e-15, mxnet=1.4e-15),
    "style targets float32": Tolerance(1e-5, ENTRY, pytorch=3.1e-7, mxnet=5.5e-7),
    # Compared with finite differences; the deviation is the rounding error of these.
    "slope float64": Tolerance(1e-6, NORM, pytorch=4.8e-9, mxnet=4.8e-9),
    # One step of Adam.
    "Adam moments float64": Tolerance(1e-12, MOMENT, pytorch=1.7e-15, mxnet=1.5e-15),
    "Adam image float64": Tolerance(1e-12, RATE, pytorch=1.2e-14, mxnet=1.8e-14),
    # Converting x to image() and back rounds it; where neighbours differ by less, |x| has its kink.
    "Adam moments float32": Tolerance(5e-2, MOMENT, pytorch=8.9e-4, mxnet=1.2e-3),
    "Adam image float32": Tolerance(1e-4, RATE, pytorch=2.0e-6, mxnet=2.0e-6),
    # Fifty steps of Adam.
    "trajectory content float64": Tolerance(1e-10, LOSS, pytorch=6.0e-15, mxnet=2.1e-15),
    "trajectory style float64": Tolerance(1e-10, LOSS, pytorch=6.5e-15, mxnet=4.4e-15),
    "trajectory total variation float64": Tolerance(1e-10, LOSS, pytorch=6.3e-16, mxnet=6.3e-16),
    "trajectory total float64": Tolerance(1e-10, LOSS, pytorch=1.8e-15, mxnet=9.9e-16),
    "trajectory image float64": Tolerance(1e-9, WHITE, pytorch=8.3e-14, mxnet=5.1e-14),
    "trajectory losses float32": Tolerance(2e-2, TOTAL, pytorch=1.3e-2, mxnet=1.1e-2),
    # Twelve steps of L-BFGS, which magnifies rounding errors when it divides by s . y.
    "L-BFGS image float64": Tolerance(1e-9, WHITE, pytorch=4.4e-13, mxnet=2.3e-13),
    # An image that is given and returned again.
    "image float64": Tolerance(1e-12, WHITE, pytorch=8.9e-16, mxnet=8.9e-16),
    "image float32": Tolerance(1e-5, WHITE, pytorch=3.3e-7, mxnet=3.3e-7),
}
