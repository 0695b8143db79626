"""The command line: one module per command, loaded only when its command is run."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from importlib import import_module
from types import MappingProxyType
from typing import NoReturn

import click

from nst_core.cli import streams
from nst_core.errors import NstError, OutOfMemoryError

COMMANDS = MappingProxyType(
    {
        "run": "Paint one picture in the style of another.",
        "batch": "Paint many pictures in many styles.",
        "compare": "Run backends or presets side by side and judge whether they agree.",
        "recipe": "Print how a picture was made, as a config file.",
        "presets": "List the presets, or print one.",
        "backends": "List the backends and what they can use here.",
        "weights": "List the sources of VGG-19 weights, or export one.",
    }
)


_LONGEST = 800
"""Characters of a message."""


class _LazyGroup(click.Group):
    """Knows its commands' names and one-line helps; imports a command's module to run it.

    So that ``nst --help`` answers at once: no NumPy, no Pillow, no framework.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"nst_core.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nst", message="nst %(version)s")
def nst() -> None:
    """Neural style transfer: one algorithm, interchangeable frameworks under it."""


def main() -> NoReturn:
    """Run the command line. Mistakes are one line on stderr and exit status 2; Ctrl-C is 130."""
    if not sys.warnoptions:
        # Libraries warn programmers (Pillow over odd EXIF data, frameworks over versions); what
        # concerns the person who runs this is said in nst's own lines. `python -W` still wins.
        warnings.simplefilter("ignore")
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        status = nst.main(standalone_mode=False)
    except click.ClickException as error:
        status = _complain(error.format_message())
    except OutOfMemoryError as error:
        _end_at_once(_complain(str(error)))
    except NstError as error:
        status = _complain(str(error))
    except MemoryError:
        _end_at_once(_complain("the memory is not enough for that; try a smaller --size"))
    except (click.Abort, KeyboardInterrupt) as error:
        streams.say("nst: interrupted", err=True)
        # Click has made an Abort of it; a signal other than Ctrl-C has a status of its own.
        status = getattr(error.__cause__, "status", getattr(error, "status", 130))
    sys.exit(status if isinstance(status, int) else 0)


def _end_at_once(status: int) -> NoReturn:
    """End without what frameworks do at exit: MXNet aborts there once an allocation has failed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _complain(message: str) -> int:
    line = " ".join(message.split())
    if len(line) > _LONGEST:  # a value of thousands of characters; how it ends says what to do
        line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    streams.say(f"nst: error: {line}", err=True)
    return 2
