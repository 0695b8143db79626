"""Pictures in and out: read, fit to a size, write, and the recipe that a picture carries.

Inside nst a picture is an ``Image``, an array (H, W, 3) of RGB in sRGB, nominally [0, 1]; outside
it is a file or a ``PIL.Image.Image``. Everything that can go wrong is a ``PictureError`` of one
line that names the file.
"""

from nst_core.images.embedded_recipe import read_recipe
from nst_core.images.output import DEFAULT_OUTPUT, DecodedPicture, EncodeOptions, Output
from nst_core.images.reading import MAX_PIXELS, decoded, read, read_decoded
from nst_core.images.resize import fit, from_array, to_8bit, truncated
from nst_core.images.writing import ENDINGS, check_output, write

__all__ = [
    "DEFAULT_OUTPUT",
    "ENDINGS",
    "MAX_PIXELS",
    "DecodedPicture",
    "EncodeOptions",
    "Output",
    "check_output",
    "decoded",
    "fit",
    "from_array",
    "read",
    "read_decoded",
    "read_recipe",
    "to_8bit",
    "truncated",
    "write",
]
