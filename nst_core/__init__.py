"""nst: neural style transfer as one backend-neutral algorithm.

    import nst_core as nst

    result = nst.transfer("a.jpg", "b.jpg", backend="pytorch", preset="d2l")
    result.save("out.png")

Importing nst_core imports no framework, and next to nothing else: the names below come with their
modules when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nst_core.backend import Execution
    from nst_core.errors import NstError
    from nst_core.images import Output
    from nst_core.problem.style_cache import TargetCache
    from nst_core.run.observers import Observer, Plan, Row, Step
    from nst_core.run.result import Interrupted, Result
    from nst_core.run.transfer import transfer
    from nst_core.spec import Spec
    from nst_core.weights import Weights

_LAZY = MappingProxyType(
    {
        "Execution": "nst_core.backend",
        "Interrupted": "nst_core.run.result",
        "NstError": "nst_core.errors",
        "Observer": "nst_core.run.observers",
        "Output": "nst_core.images",
        "Plan": "nst_core.run.observers",
        "Result": "nst_core.run.result",
        "Row": "nst_core.run.observers",
        "Spec": "nst_core.spec",
        "Step": "nst_core.run.observers",
        "TargetCache": "nst_core.problem.style_cache",
        "Weights": "nst_core.weights",
        "transfer": "nst_core.run.transfer",
    }
)

__all__ = [
    "Execution",
    "Interrupted",
    "NstError",
    "Observer",
    "Output",
    "Plan",
    "Result",
    "Row",
    "Spec",
    "Step",
    "TargetCache",
    "Weights",
    "transfer",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
