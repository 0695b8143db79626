"""``nst compare``: backends or presets on the same pictures, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from nst_core.backend import Execution, registry
from nst_core.cli import inputs, overrides
from nst_core.cli.streams import say
from nst_core.compare import contest, processes
from nst_core.compare.job import Contestant, Setting
from nst_core.compare.tables import markdown
from nst_core.errors import BackendError, SpecError
from nst_core.spec import recipe
from nst_core.spec.presets import REFERENCE
from nst_core.spec.recipe import Config, Run
from nst_core.system import toml

_PATH = click.Path(path_type=Path)


@click.command("compare", context_settings={"max_content_width": 100})
@inputs.arguments
@click.option("--output-dir", type=_PATH, required=True, metavar="DIR", help="Made if missing.")
@click.option("--backends", metavar="NAME,...", help="All that are usable here, by default.")
@click.option("--presets", metavar="NAME,...", help="Compare these presets; see `nst presets`.")
@inputs.algorithm
@overrides.options
@click.option(
    "--log-every",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Steps between two lines of progress.",
)
@inputs.max_pixels
@click.option("-q", "--quiet", is_flag=True, help="Print the report and errors, no progress.")
def command(
    content: str | None,
    style: tuple[str, ...],
    output_dir: Path,
    backends: str | None,
    presets: str | None,
    config: Path | None,
    preset: str | None,
    log_every: int,
    max_pixels: int,
    quiet: bool,
    **options: object,
) -> None:
    """Run backends on the pictures CONTENT and STYLE, one after the other, and compare them.

    DIR gets the pictures, sheet.png, losses.png, report.json and report.html; the report is also
    printed as Markdown. Exit status 1 says that backends disagree beyond the tolerances. Results
    of different presets are shown side by side, and not judged. Unless it is given, the preset is
    d2l. Without pictures, the demo pair that comes with nst is used.
    """
    if presets is not None and preset is not None:
        raise SpecError("--preset and --presets: give one of them")
    table = toml.read(config) if config else {}
    named = preset or (None if table else REFERENCE)
    over = overrides.table(content=content, style=style, options={**options, "backend": None})
    sizes, steps = overrides.sizes(options), overrides.steps(options)
    configs = [
        recipe.resolve(
            table,
            preset=name,
            over=over,
            sizes=sizes,
            steps=steps,
            pyramid=overrides.pyramid(options),
        )
        for name in ([named] if presets is None else _names("presets", presets))
    ]
    setting = _setting(configs[0], log_every=log_every, max_pixels=max_pixels, quiet=quiet)
    listed = _listed(backends, presets=len(configs))
    pictures = contest.opened(setting, [config.spec for config in configs])
    with contest.workplace(output_dir) as workplace:
        usable = _usable(listed, setting, workplace, all_wanted=backends is not None)
        contestants = _contestants(configs, usable)
        one = contest.Contest(contestants=contestants, setting=setting, directory=output_dir)
        report = contest.run(one, pictures, workplace=workplace, tell=_silence if quiet else _tell)
    say(markdown(report))
    for deviation in report.disagreements:
        say(f"nst: backends disagree: {deviation.line}", err=True)
    sys.exit(1 if report.disagreements else 0)


# Taken by --backends.
command.params = [param for param in command.params if param.name != "backend"]


def _names(option: str, text: str) -> list[str]:
    """Return the names in a list with commas, each once."""
    names = list(dict.fromkeys(part.strip() for part in text.split(",")))
    if not all(names):
        raise SpecError(f"{option} = {text!r}: should be names with commas between them")
    return names


def _listed(backends: str | None, *, presets: int) -> list[str]:
    """Return the names of the backends that were asked for; they are known, and enough."""
    known = registry.names()
    names = list(known) if backends is None else _names("backends", backends)
    for name in names:
        if name not in known:
            raise BackendError(f"unknown backend {name!r}: known are {', '.join(known) or 'none'}")
    _check_enough(names, presets)
    return names


def _check_enough(backends: Sequence[str], presets: int) -> None:
    if len(backends) * presets < 2:
        found = f"the only backend is {backends[0]!r}" if backends else "there is no backend"
        raise BackendError(
            f"a comparison takes two, and {found}: name more by --backends (`nst backends` lists "
            "what can be used here) or --presets"
        )


def _usable(
    names: Sequence[str], setting: Setting, workplace: Path, *, all_wanted: bool
) -> list[str]:
    """Return the backends that can be used on the device.

    Raises:
        BackendError: if one can't be used that was asked for by its name, or too few are left.
    """
    usable = []
    for name in names:
        try:
            processes.check_backend(name, device=setting.device, directory=workplace)
        except BackendError as error:
            if all_wanted:
                raise
            say(f"nst: {name} is left out: {error}", err=True)
        else:
            usable.append(name)
    return usable


def _contestants(configs: Sequence[Config], backends: Sequence[str]) -> list[Contestant]:
    _check_enough(backends, len(configs))
    return [
        Contestant(
            label=_label(
                config.spec.name if len(configs) > 1 else "",
                backend if len(backends) > 1 or len(configs) == 1 else "",
            ),
            preset=config.spec.name,
            backend=backend,
            spec=config.spec.to_table(),
        )
        for config in configs
        for backend in backends
    ]


def _label(preset: str, backend: str) -> str:
    return " on ".join(part for part in (preset, backend) if part)


def _setting(config: Config, *, log_every: int, max_pixels: int, quiet: bool) -> Setting:
    """Return what all contestants share."""
    content, styles = inputs.pictures(config.run)
    return Setting(
        content=content,
        styles=styles,
        style_blend=config.run.style_blend,
        content_mask=config.run.content_mask,
        style_mask=config.run.style_mask,
        weights=config.run.weights,
        device=config.run.device,
        dtype=config.run.dtype,
        execution=_execution(config.run),
        max_pixels=max_pixels,
        log_every=log_every,
        quiet=quiet,
        command=inputs.command_line(),
    )


def _execution(run: Run) -> Execution:
    """Return what was asked for; the tolerances are those of float32, not of what is faster."""
    execution = run.execution
    return replace(execution, precision="float32") if execution.precision == "auto" else execution


def _tell(line: str) -> None:
    say(line, err=True)


def _silence(line: str) -> None:
    """Say nothing."""
