"""What can go wrong for a user, each as one line that says what is wrong and what to do."""


class NstError(Exception):
    """A mistake or a lack outside nst's own code: bad input, a missing package, a missing device.

    The command line prints the message as one line and exits with status 2; everything that is
    not an ``NstError`` is a bug and keeps its traceback. Messages hold no newline.
    """


class SpecError(NstError):
    """A spec, preset, config or option holds a value that is not allowed."""


class PictureError(NstError):
    """A picture can't be read, resized or written."""


class WeightsError(NstError):
    """VGG-19 weights can't be found, read or trusted."""


class BackendError(NstError):
    """A backend is unknown, not installed, or can't do what was asked on this machine."""


class OutOfMemoryError(NstError):
    """The memory of a device is not enough; what is there and what was asked for is in the line."""
