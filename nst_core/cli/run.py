"""``nst run``: from the command line to a saved picture."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nst_core import recipe, toml
from nst_core.cli import estimating, inputs, outputs, overrides
from nst_core.cli.progress import progress_observer
from nst_core.recipe import Config
from nst_core.result import Interrupted
from nst_core.run import transfer

_PATH = click.Path(path_type=Path)


@click.command("run", context_settings={"max_content_width": 100})
@inputs.arguments
@click.option("-o", "--output", type=_PATH, help="PNG, JPEG, WebP or TIFF, by its ending.")
@inputs.algorithm
@overrides.options
@overrides.output_options
@click.option("--history", type=_PATH, metavar="FILE.csv", help="Write losses over the steps.")
@click.option(
    "--log-every",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Steps between two rows of the history and two lines of progress.",
)
@click.option("--plot", type=_PATH, metavar="FILE.png", help="Draw the losses beside the picture.")
@click.option("--save-every", type=click.IntRange(min=1), metavar="N", help="Numbered snapshots.")
@inputs.max_pixels
@click.option("--dry-run", is_flag=True, help="Only say what memory and time it will take.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(
    content: str | None,
    style: tuple[str, ...],
    output: Path | None,
    config: Path | None,
    preset: str | None,
    history: Path | None,
    log_every: int,
    plot: Path | None,
    save_every: int | None,
    max_pixels: int,
    dry_run: bool,
    quiet: bool,
    **options: object,
) -> None:
    """Paint the picture CONTENT in the style of the picture STYLE, or of several.

    Without pictures, the demo pair that comes with nst is used. Options override the config file,
    which overrides the preset.
    """
    settings = recipe.resolve(
        toml.read(config) if config else {},
        preset=preset,
        over=overrides.table(content=content, style=style, options=options),
        sizes=overrides.sizes(options),
        steps=overrides.steps(options),
    )
    content, style = inputs.pictures(settings.run)
    named = "-".join(Path(path).stem for path in (content, *style))
    target = output or Path(f"{named}.png")
    files = outputs.Outputs(
        picture=target,
        history=history,
        plot=plot,
        save_every=save_every,
        output=settings.run.output,
    )
    files.check(inputs=[content, *style, *inputs.masks(settings.run)])
    try:
        result = transfer(
            content,
            style,
            style_blend=settings.run.style_blend,
            content_mask=settings.run.content_mask,
            style_mask=settings.run.style_mask,
            spec=settings.spec,
            backend=settings.run.backend,
            weights=settings.run.weights,
            device=settings.run.device,
            dtype=settings.run.dtype,
            execution=settings.run.execution,
            output=settings.run.output,
            observers=[*progress_observer(quiet=quiet, every=log_every), *files.observers()],
            log_every=log_every,
            max_pixels=max_pixels,
            command=inputs.command_line(),
            consider=estimating.dry_run if dry_run else estimating.before_a_run,
        )
    except estimating.DryRun:
        return
    except Interrupted as interruption:
        files.save(interruption.result)
        click.echo(f"nst: interrupted; the picture reached so far is {target}", err=True)
        sys.exit(130)
    files.save(result)
    if result.note:
        click.echo(f"nst: warning: {result.note}", err=True)
    _warn_of_other_weights(settings, result.plan.weights_checksum)
    if not quiet:
        click.echo(str(target))


def _warn_of_other_weights(settings: Config, now: str) -> None:
    """Say so if a recipe was run again with other numbers than it was made with."""
    before = settings.made_with.get("weights_sha256")
    if before is not None and before != now:
        click.echo(
            "nst: warning: the weights are not those that the recipe was made with; "
            "expect another picture",
            err=True,
        )
