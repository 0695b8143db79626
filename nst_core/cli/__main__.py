"""``python -m nst_core.cli`` is ``nst``."""

from nst_core.cli import main

if __name__ == "__main__":
    main()
