"""What the completion of a truncated file returns."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 0.1
"""The largest share of a picture that may be missing."""


class TooMuchMissingError(Exception):
    """More of a picture is missing than may be.

    Attributes:
        share: The missing share of the picture, 0...1.
    """

    def __init__(self, share: float) -> None:
        super().__init__(share)
        self.share = share


@dataclass(frozen=True, slots=True)
class Completed:
    """A truncated file, completed.

    Attributes:
        data: A file that the decoder reads.
        share: The missing share of the picture, 0...1; None if it has to be measured.
        others: If the share has to be measured, the file completed in other ways. The missing
            pixels are those that differ.
        last_scan: If every pixel is there but some lack details, which are in the last scan of
            several: the share of the last scan in the data that is there. Otherwise None.
    """

    data: bytes
    share: float | None = None
    others: tuple[bytes, ...] = ()
    last_scan: float | None = None

    def measured(self, differing: float) -> float:
        """Return the missing share of the picture, from the share of pixels that differ.

        If pixels lack details, the share is the number of bytes that is missing, estimated from
        the bytes for the pixels that have them.

        Raises:
            TooMuchMissingError: if it is more than a tenth.
        """
        if self.last_scan is None or differing == 0:
            return checked(differing)
        if differing == 1:
            return checked(1.0)
        missing = self.last_scan * differing / (1 - differing)
        return checked(missing / (1 + missing))


def checked(share: float) -> float:
    """Return the share.

    Raises:
        TooMuchMissingError: if it is more than a tenth.
    """
    if share > MOST:
        raise TooMuchMissingError(share)
    return share
