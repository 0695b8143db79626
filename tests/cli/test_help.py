"""``--help`` of every command: its text, its groups, its examples, its speed."""

import re
import resource
import shlex
import subprocess
import sys

import click
import pytest

from nst_core import cli, images
from nst_core.run import checkpoint

GROUPED = ("run", "batch", "compare")


def loaded(name):
    return cli.nst.get_command(click.Context(cli.nst), name)


def commands():
    for name in cli.COMMANDS:
        command = loaded(name)
        yield from getattr(command, "commands", {name: command}).items()


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",)])
def test_help(nst, arguments):
    done = nst(*arguments)
    assert done.status == 0
    assert "nst" in done.out


@pytest.mark.parametrize("name", ["", *GROUPED])
def test_help_answers_at_once(name):
    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "nst_core.cli", *name.split(), "--help"],
            check=True, capture_output=True,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, because other tests may run beside this one; and the best of three.
    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", GROUPED)
def test_options_are_in_groups(nst, name):
    shown = nst(name, "--help").out
    headings = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert headings == [
        "Positional arguments", "Pictures", "Algorithm", "Style", "Colour and regions",
        "How it is computed", "Output", "Safety", "Other options", "Examples",
    ]  # fmt: skip
    ungrouped = shown.partition("\nOther options:\n")[2].partition("\nExamples:\n")[0]
    assert ungrouped.split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]


@pytest.mark.parametrize("name", GROUPED)
@pytest.mark.parametrize("columns", [80, 100])
def test_lines_fit_a_terminal(nst, monkeypatch, name, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = nst(name, "--help").out.splitlines()
    assert len(lines) > 50
    assert not [line for line in lines if len(line) > columns]


def test_every_option_and_argument_is_explained():
    for name, command in commands():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"
            assert parameter.help[0].isupper(), f"{name} {parameter.name}"


@pytest.mark.parametrize("name", GROUPED)
def test_the_three_examples_are_command_lines(name):
    example = re.compile(r"^    (nst (?:[^\n\\]|\\\n)*)$", re.MULTILINE)
    lines = example.findall(loaded(name).epilog)
    assert len(lines) == 3
    for line in lines:
        for part in line.replace("\\\n", " ").split("&&"):
            _, which, *arguments = shlex.split(part.partition(">")[0])
            assert loaded(which).make_context(which, arguments).params


@pytest.mark.parametrize("name", GROUPED)
def test_numbers_in_the_help_are_those_of_the_core(name):
    options = {option.name: option for option in loaded(name).params}
    assert f"[default: {images.MAX_PIXELS}]" in options["max_pixels"].help
    assert options["max_pixels"].default() == images.MAX_PIXELS
    if name == "run":
        assert options["checkpoint_every"].default == checkpoint.DEFAULT_EVERY


def test_an_unknown_command(nst):
    done = nst("paint")
    assert (done.status, done.out) == (2, "")
    assert done.err == "nst: error: No such command 'paint'.\n"
