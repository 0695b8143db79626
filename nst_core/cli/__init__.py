"""The command line: one module per command, imported only when its command is used.

``nst_core.cli.run`` declares ``nst run`` and its options, ``nst_core.cli.run_picture`` does the
work; the same for ``batch`` and ``compare``. The declarations import neither NumPy nor Pillow, so
that ``--help`` answers at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from importlib import import_module
from types import MappingProxyType
from typing import NoReturn

import click
from typing_extensions import override

from nst_core.errors import NstError, OutOfMemoryError
from nst_core.system import supervision, threads
from nst_core.system.warning_lines import show_only_nst_warnings
from nst_core.terminal import streams

COMMANDS = MappingProxyType(
    {
        "run": "Paint one picture in the style of another.",
        "batch": "Paint many pictures in many styles.",
        "studio": "Open a page in the browser to paint in.",
        "compare": "Run backends or presets side by side and check whether they agree.",
        "recipe": "Print how a picture was made, as a config file.",
        "presets": "List the presets, or print one.",
        "backends": "List the backends and the devices that they can use here.",
        "weights": "List the sources of VGG-19 weights, fetch the bundled ones, or export one.",
    }
)

_LOAD_FRAMEWORKS = ("run", "batch", "studio", "compare", "backends", "weights")
"""The commands that may load a framework, in this process or in one that it starts."""

_MAX_MESSAGE_LENGTH = 800
"""In characters."""


class _LazyGroup(click.Group):
    """Knows the names and one-line helps of its commands, and imports a command when it is used."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"nst_core.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nst", message="nst %(version)s")
@click.pass_context
def nst(context: click.Context) -> None:
    """Neural style transfer: one algorithm on interchangeable frameworks."""
    if context.invoked_subcommand in _LOAD_FRAMEWORKS:
        for line in threads.corrected(os.environ):
            streams.warn(line)


def main() -> NoReturn:
    """Run the command line.

    Exit status 2: a mistake of the user or a missing resource, with one line on stderr. 130:
    Ctrl-C. 143 and 129: the signals TERM and HUP.
    """
    show_only_nst_warnings(lambda line: streams.echo(line, err=True))
    if not sys.warnoptions:
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        status = _run_command()
    except SystemExit as ended:
        if not supervision.in_child():
            raise
        status = ended.code if isinstance(ended.code, int) else 0
    except Exception:
        if not supervision.in_child():
            raise
        traceback.print_exc()
        status = 1
    if supervision.in_child():
        _exit_now(status)  # so that what happens in an exit handler is not taken for the result
    sys.exit(status)


def _run_command() -> int:
    """Run the command that the command line names and return the exit status."""
    try:
        status = nst.main(standalone_mode=False)
    except click.ClickException as error:
        status = _print_error(error.format_message())
    except OutOfMemoryError as error:
        _exit_now(_print_error(str(error)))
    except NstError as error:
        status = _print_error(str(error))
    except MemoryError:
        _exit_now(_print_error("the memory is not enough for that; try a smaller --size"))
    except (click.Abort, KeyboardInterrupt) as error:
        streams.echo("nst: interrupted", err=True)
        # Click replaces a KeyboardInterrupt by an Abort. Signals other than Ctrl-C carry a status.
        status = getattr(error.__cause__, "status", getattr(error, "status", 130))
    return status if isinstance(status, int) else 0


def _exit_now(status: int) -> NoReturn:
    """Exit without the frameworks' exit handlers: MXNet aborts in one after a failed allocation."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _print_error(message: str) -> int:
    """Print an error as one line on stderr and return the exit status."""
    line = " ".join(message.split())
    if len(line) > _MAX_MESSAGE_LENGTH:
        # It quotes a value of thousands of characters. Its end says what to do.
        half = _MAX_MESSAGE_LENGTH // 2
        line = f"{line[:half]} ... {line[-half:]}"
    streams.echo(f"nst: error: {line}", err=True)
    return 2
