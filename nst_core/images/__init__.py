"""Reading, resizing and writing pictures, and the recipe that is embedded in a picture.

Inside nst a picture is an ``Image``: an array (H, W, 3) of RGB in sRGB, nominally in [0, 1].
Outside it is a file or a ``PIL.Image.Image``. Every failure is a ``PictureError``: one line that
names the file.
"""

from nst_core.images.embedded_recipe import read_recipe
from nst_core.images.formats import READ_EXTENSIONS
from nst_core.images.output import DEFAULT_OUTPUT, DecodedPicture, EncodeOptions, Output
from nst_core.images.reading import MAX_PIXELS, decoded, read, read_decoded
from nst_core.images.resize import from_array, resize_picture, to_8bit, truncate_to_8bit
from nst_core.images.writing import EXTENSIONS, check_output, write

__all__ = [
    "DEFAULT_OUTPUT",
    "EXTENSIONS",
    "MAX_PIXELS",
    "READ_EXTENSIONS",
    "DecodedPicture",
    "EncodeOptions",
    "Output",
    "check_output",
    "decoded",
    "from_array",
    "read",
    "read_decoded",
    "read_recipe",
    "resize_picture",
    "to_8bit",
    "truncate_to_8bit",
    "write",
]
