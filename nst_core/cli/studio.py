"""``nst studio``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import cloup

from nst_core.cli.option_group import CONTEXT, FORMATTER, examples

_EXAMPLES = examples(
    ("Paint in the browser; everything is kept in ./nst-studio", "nst studio"),
    ("Let a tablet in the same network paint too", "nst studio --host 0.0.0.0 --password"),
)


@cloup.command("studio", context_settings=CONTEXT, formatter_settings=FORMATTER, epilog=_EXAMPLES)
@cloup.argument(
    "directory",
    required=False,
    default="nst-studio",
    help="Directory of pictures and paintings; made if necessary.  [default: nst-studio]",
)
@cloup.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Port of the page.  [default: the first free one from 8650 on]",
)
@cloup.option("--no-browser", is_flag=True, help="Only print the address, open no browser.")
@cloup.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Address to listen at. Any but this machine's own needs --password or --i-know.  "
    "[default: 127.0.0.1]",
)
@cloup.option(
    "--password",
    is_flag=True,
    help="Let in whoever knows a password: $NST_STUDIO_PASSWORD, or else it is asked for.",
)
@cloup.option(
    "--i-know",
    is_flag=True,
    help="Let other machines in without a password: whoever has the address may paint.",
)
def command(**options: Any) -> None:
    """Open a page in the browser to paint in.

    Paintings, pictures, recipes and checkpoints are kept in DIRECTORY. Ctrl-C ends the studio; a
    painting that is not done goes on when it is opened again.
    """
    from nst_core.cli.run_studio import run_studio  # noqa: PLC0415

    run_studio(**{**options, "directory": Path(options["directory"])})
