"""Arguments and options of pictures, config files, output files and checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import cloup

from nst_core.cli.option_group import Options

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def _max_pixels() -> int:
    from nst_core import images  # noqa: PLC0415 - NumPy and Pillow, which --help doesn't need

    return images.MAX_PIXELS


def pictures(function: F) -> F:
    """Decorate a command with the arguments CONTENT and STYLE..., all optional."""
    content = cloup.argument(
        "content",
        required=False,
        help="Picture to paint: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF, JPEG XL.",
    )
    style = cloup.argument(
        "style",
        nargs=-1,
        metavar="[STYLE]...",
        help="Picture in whose style to paint. Several are blended, or one per region.",
    )
    return content(style(function))


def algorithm(default: str) -> Options:
    """Return the options --preset and --config.

    Args:
        default: The preset without them.
    """
    return {
        "--preset": {
            "metavar": "NAME",
            "help": "The algorithm with all its settings; see `nst presets`.  "
            f"[default: {default}]",
        },
        "--config": {
            "type": _PATH,
            "metavar": "FILE",
            "help": "TOML with settings, as `nst presets NAME` prints them; or a recipe, as "
            "`nst recipe PICTURE` prints it.",
        },
    }


PICTURE: Options = {
    "-o --output": {
        "type": _PATH,
        "metavar": "FILE",
        "help": "Picture to write: PNG, JPEG, WebP or TIFF, by its extension. By default it is "
        "named after CONTENT and STYLE.",
    },
}

LOG_EVERY: Options = {
    "--log-every": {
        "type": click.IntRange(min=1),
        "default": 10,
        "show_default": True,
        "metavar": "N",
        "help": "Steps between two lines of progress.",
    },
}

REPORTS: Options = {
    "--history": {
        "type": _PATH,
        "metavar": "FILE.csv",
        "help": "Write the losses over the steps.",
    },
    "--log-every": {
        **LOG_EVERY["--log-every"],
        "help": "Steps between two rows of the history and two lines of progress.",
    },
    "--plot": {
        "type": _PATH,
        "metavar": "FILE.png",
        "help": "Draw the losses beside the picture.",
    },
    "--save-every": {
        "type": click.IntRange(min=1),
        "metavar": "N",
        "help": "Steps between two numbered snapshots beside the output.",
    },
}

LIVE: Options = {
    "--live": {
        "is_flag": True,
        "help": "Print the address of a page that shows the picture as it is painted (extra "
        "studio).",
    },
}

QUIET: Options = {"-q --quiet": {"is_flag": True, "help": "Print nothing except errors."}}

CHECKPOINTS: Options = {
    "--checkpoint": {
        "type": _PATH,
        "metavar": "FILE",
        "help": "Keep a checkpoint in this file, to resume from after an interruption.",
    },
    "--checkpoint-every": {
        "type": click.IntRange(min=1),
        "default": 100,
        "show_default": True,
        "metavar": "N",
        "help": "Steps between two checkpoints.",
    },
    "--resume": {
        "type": _PATH,
        "metavar": "FILE",
        "help": "Resume the run of a checkpoint, with the same outputs.",
    },
}

DRY_RUN: Options = {
    "--dry-run": {
        "is_flag": True,
        "help": "Only print the memory and the time that the run will take.",
    },
}

MAX_PIXELS: Options = {
    "--max-pixels": {
        "type": click.IntRange(min=1),
        "default": _max_pixels,
        "show_default": False,  # it would be computed
        "metavar": "N",
        "help": "Refuse pictures with more pixels.  [default: 178956970]",
    },
}

OUTPUT_DIR: Options = {
    "--output-dir": {
        "type": _PATH,
        "required": True,
        "metavar": "DIR",
        "help": "Directory of the output; made if necessary.",
    },
}
