"""The algorithm as data: layers, weights, optimiser, schedule and sizes.

A spec is frozen and validated, and can be written to and read from TOML. Besides a spec, a run
needs only the pictures, the VGG-19 weights and the machine. ``presets`` holds the published
descriptions of the algorithm in this form.
"""

from nst_core.spec.fields import describe
from nst_core.spec.neighbours import Neighbours
from nst_core.spec.optimisers import LBFGS, Adam, Optimiser
from nst_core.spec.spec import FeatureLosses, Schedule, Spec, Start, Style, TotalVariation
from nst_core.spec.stages import FinalStage, Pyramid, Stage
from nst_core.spec.variables import Variables

__all__ = [
    "LBFGS",
    "Adam",
    "FeatureLosses",
    "FinalStage",
    "Neighbours",
    "Optimiser",
    "Pyramid",
    "Schedule",
    "Spec",
    "Stage",
    "Start",
    "Style",
    "TotalVariation",
    "Variables",
    "describe",
]
