"""Valid files of kinds that nst does not read."""


class UnsupportedKindError(Exception):
    """A file is not damaged, but nst doesn't read its kind of picture.

    The message says what the file is, and after a semicolon what to do. The reader puts the name of
    the file before it.
    """
