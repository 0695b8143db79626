"""Pictures in and out: read, fit to a size, write, and the recipe that a picture carries.

Inside nst a picture is an ``Image``, an array (H, W, 3) of RGB in sRGB, nominally [0, 1]; outside
it is a file or a ``PIL.Image.Image``. Everything that can go wrong is a ``PictureError`` of one
line that names the file.
"""

from nst_core.images.fitting import fit, from_array, to_8bit, truncated
from nst_core.images.output import PLAIN, Finish, Output, Source
from nst_core.images.reading import MAX_PIXELS, read, read_source, source
from nst_core.images.recipes import read_recipe
from nst_core.images.writing import ENDINGS, check_output, write

__all__ = [
    "ENDINGS",
    "MAX_PIXELS",
    "PLAIN",
    "Finish",
    "Output",
    "Source",
    "check_output",
    "fit",
    "from_array",
    "read",
    "read_recipe",
    "read_source",
    "source",
    "to_8bit",
    "truncated",
    "write",
]
