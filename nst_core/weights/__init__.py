"""VGG-19's weights: one canonical form, several sources, none of which needs a framework.

``load("bundled")`` is the default and works offline. A backend takes a ``Weights`` and gives one
from its own zoo by ``from_features``.
"""

from nst_core.weights.canonical import Weights, from_features
from nst_core.weights.catalogue import Source, check, load, sources
from nst_core.weights.offline import OFFLINE
from nst_core.weights.storage import save

__all__ = ["OFFLINE", "Source", "Weights", "check", "from_features", "load", "save", "sources"]
