"""VGG-19's weights: one canonical form, several sources, none of which needs a framework.

``load("bundled")`` is the default and works offline. A backend takes a ``Weights``, and returns
the arrays of its own model zoo, of which ``from_features`` makes one.
"""

from nst_core.weights.canonical import Weights, from_features
from nst_core.weights.catalogue import OFFLINE, Source, check, load, sources
from nst_core.weights.storage import save

__all__ = ["OFFLINE", "Source", "Weights", "check", "from_features", "load", "save", "sources"]
