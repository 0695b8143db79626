"""``nst compare``: from the values of the options to the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from nst_core.backend import registry
from nst_core.cli import config_table, inputs
from nst_core.compare import comparison, launch
from nst_core.compare.comparison import Comparison
from nst_core.compare.tables import markdown
from nst_core.compare.variant import CommonSettings, Variant
from nst_core.errors import BackendError, SpecError
from nst_core.images import DEFAULT_OUTPUT
from nst_core.spec import recipe
from nst_core.spec.presets import REFERENCE
from nst_core.spec.recipe import Config, Run
from nst_core.system import toml
from nst_core.terminal.streams import echo


def run_comparison(
    *,
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
    """Compare backends or presets.

    Args:
        content: Path of the content picture; None for that of the config or the demo pair.
        style: Paths of the style pictures; likewise if empty.
        output_dir: The directory of the output.
        backends: Names of backends, with commas; None for all that can be used.
        presets: Names of presets, with commas.
        config: A config file or a recipe.
        preset: The name of a preset.
        log_every: Steps between two lines of progress.
        max_pixels: Pictures with more pixels are refused.
        quiet: Whether to print only the report and errors.
        **options: Values of the options in ``spec_options``; None if an option was not given.

    Raises:
        NstError: one line.
        SystemExit: always. Status 1: backends disagree.
    """
    if presets is not None and preset is not None:
        raise SpecError("--preset and --presets: give one of them")
    table = toml.read(config) if config else {}
    default = preset or (None if table else REFERENCE)
    configs = [
        recipe.resolve(
            table,
            preset=name,
            over=config_table.from_options(content=content, style=style, options=options),
            sizes=config_table.sizes(options),
            steps=config_table.steps(options),
            pyramid=config_table.pyramid(options),
        )
        for name in ([default] if presets is None else _names("presets", presets))
    ]
    settings = _common_settings(
        configs[0].run, log_every=log_every, max_pixels=max_pixels, quiet=quiet
    )
    names = _backend_names(backends, presets=len(configs))
    pictures = comparison.read_pictures(settings, [config.spec for config in configs])
    height, width = pictures.content.height, pictures.content.width
    configs = [
        replace(config, spec=config.spec.for_content(height=height, width=width))
        for config in configs
    ]
    with comparison.temporary_work_dir(output_dir) as work_dir:
        usable = _usable(names, settings, work_dir, all_wanted=backends is not None)
        report = comparison.run(
            Comparison(
                variants=_variants(configs, usable), settings=settings, directory=output_dir
            ),
            pictures,
            work_dir=work_dir,
            on_start=_ignore if quiet else _echo_to_stderr,
        )
    echo(markdown(report))
    for deviation in report.disagreements:
        echo(f"nst: backends disagree: {deviation.line}", err=True)
    sys.exit(1 if report.disagreements else 0)


def _names(option: str, text: str) -> list[str]:
    """Return the names of a list with commas, each once."""
    names = list(dict.fromkeys(part.strip() for part in text.split(",")))
    if not all(names):
        raise SpecError(f"{option} = {text!r}: should be names with commas between them")
    return names


def _backend_names(backends: str | None, *, presets: int) -> list[str]:
    """Return the names of the backends to compare: known names, and enough of them."""
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
    names: Sequence[str], settings: CommonSettings, work_dir: Path, *, all_wanted: bool
) -> list[str]:
    """Return the backends that can be used on the device.

    Raises:
        BackendError: if all are wanted and one can't be used.
    """
    usable = []
    for name in names:
        try:
            launch.check_backend(name, device=settings.run.device, directory=work_dir)
        except BackendError as error:
            if all_wanted:
                raise
            echo(f"nst: {name} is left out: {error}", err=True)
        else:
            usable.append(name)
    return usable


def _variants(configs: Sequence[Config], backends: Sequence[str]) -> list[Variant]:
    _check_enough(backends, len(configs))
    return [
        Variant(
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


def _common_settings(run: Run, *, log_every: int, max_pixels: int, quiet: bool) -> CommonSettings:
    """Return what all variants share.

    The tolerances assume float32, so ``auto`` means float32 here. What a config says about the
    files of pictures (bits, dpi) is left out.
    """
    precision = "float32" if run.precision == "auto" else run.precision
    run = inputs.with_pictures(run)
    return CommonSettings(
        run=run.model_copy(update={"precision": precision, **asdict(DEFAULT_OUTPUT)}),
        max_pixels=max_pixels,
        log_every=log_every,
        quiet=quiet,
        command=inputs.command_line(),
    )


def _echo_to_stderr(line: str) -> None:
    echo(line, err=True)


def _ignore(line: str) -> None:
    """Do nothing."""
