"""The weights of VGG-19: one canonical form, and several sources to load them from.

``load("bundled")`` is the default and works offline. No source needs a framework, except the model
zoos of the frameworks. A backend takes a ``Weights``; it returns the arrays of its own model zoo,
from which ``from_features`` makes a ``Weights``.
"""

from nst_core.weights.canonical import Weights, from_features
from nst_core.weights.catalogue import OFFLINE, Source, check, load, sources
from nst_core.weights.storage import save

__all__ = ["OFFLINE", "Source", "Weights", "check", "from_features", "load", "save", "sources"]
