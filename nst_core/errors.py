"""The errors that a user can cause or meet: one line that says what is wrong and what to do."""


class NstError(Exception):
    """The cause is outside of nst's code: wrong input, a missing package, a missing device.

    The message is one line, without a newline. The command line prints it and exits with status 2.
    Every error of another type is a bug in nst and keeps its traceback.
    """


class SpecError(NstError):
    """A spec, preset, config or option holds a value that is not allowed."""


class PictureError(NstError):
    """A picture can't be read, resized or written."""


class WeightsError(NstError):
    """The weights of VGG-19 can't be found, read or trusted."""


class BackendError(NstError):
    """A backend is unknown or not installed, or can't do what was asked for on this machine."""


class OutOfMemoryError(NstError):
    """The memory of a device is not enough; the line says how much is there and was asked for."""


class NstWarning(UserWarning):
    """One line about something that nst decided or left out, and that the user may want to know.

    The command line prints it as ``nst: warning: ...``; the run continues.
    """


class PictureWarning(NstWarning):
    """A picture was read, but the file leaves open what it means, or not all of it was used."""
