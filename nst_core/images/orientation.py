"""Where a format's reader leaves the orientation, if it is not that of the EXIF data."""

ORIENTATION_INFO = "nst_orientation"
"""The key of a picture's ``info`` with the orientation, 1...8 as in EXIF, that has to be applied.

The containers of HEIC, AVIF and JPEG XL say how a picture is turned; their EXIF data don't count.
"""
