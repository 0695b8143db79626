"""``nst run``: from the command line to a saved picture."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from nst_core.cli import checkpoints, estimating, inputs, outputs, overrides
from nst_core.cli.progress import progress_observer
from nst_core.cli.signals import Begun, Signals
from nst_core.cli.streams import say
from nst_core.run.observers import Observer
from nst_core.run.result import Interrupted, Result
from nst_core.run.transfer import transfer
from nst_core.spec import recipe
from nst_core.spec.recipe import Config
from nst_core.system import toml

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
@checkpoints.options
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
    checkpoint: Path | None,
    checkpoint_every: int,
    resume: Path | None,
    max_pixels: int,
    dry_run: bool,
    quiet: bool,
    **options: object,
) -> None:
    """Paint the picture CONTENT in the style of the picture STYLE, or of several.

    Without pictures, the demo pair that comes with nst is used. Options override the config file,
    which overrides the preset. INT, TERM and HUP save the picture reached so far.
    """
    point = checkpoints.read(resume)
    settings = recipe.resolve(
        toml.read(config) if config else checkpoints.table(point, preset=preset),
        preset=preset,
        over=overrides.table(content=content, style=style, options=options),
        sizes=overrides.sizes(options),
        steps=overrides.steps(options),
        pyramid=overrides.pyramid(options),
    )
    content, style = inputs.pictures(settings.run)
    named = "-".join(Path(path).stem for path in (content, *style))
    given = checkpoints.remembered(
        point,
        {
            "output": output or Path(f"{named}.png"),
            "history": history,
            "plot": plot,
            "save_every": save_every,
            "log_every": log_every,
            "max_pixels": max_pixels,
            "checkpoint_every": checkpoint_every,
        },
    )
    files = outputs.Outputs(
        picture=given["output"],
        history=given["history"],
        plot=given["plot"],
        save_every=given["save_every"],
        checkpoint=checkpoint or resume,
        output=settings.run.output,
    )
    files.check(inputs=inputs.files(settings, config=config))
    work = partial(
        transfer,
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
        log_every=given["log_every"],
        max_pixels=given["max_pixels"],
        command=inputs.command_line(),
        on_prepared=estimating.dry_run if dry_run else estimating.before_a_run,
        checkpoint=checkpoints.keep(
            files.checkpoint, values=given, run=settings.run, pictures=(content, style)
        ),
        resume=point,
    )
    showing = progress_observer(quiet=quiet, every=given["log_every"])
    with suppress(estimating.DryRun):
        result = _painted(work, showing, files)
        _warn_of_other_weights(settings, result.plan.weights_checksum)
        if not quiet:
            say(str(files.picture))


def _painted(
    work: Callable[..., Result], showing: Sequence[Observer], files: outputs.Outputs
) -> Result:
    """Do the work, save what came of it, and end here unless that is the whole of it.

    Raises:
        SystemExit: after a signal, and where the numbers or the memory ended the run.
    """
    with Signals() as signals:
        try:
            result = work(
                observers=[Begun(signals), *showing, *files.observers()], stop=signals.stopping
            )
            interrupted = False
        except Interrupted as interruption:
            result, interrupted = interruption.result, True
        signals.saving()
        files.save(result)
    if interrupted:
        line = f"nst: interrupted; the picture reached so far is {files.picture}"
        resumable = f"; go on by nst run --resume {files.checkpoint}" if files.checkpoint else ""
        say(line + resumable, err=True)
        sys.exit(signals.status)
    if result.note:
        say(f"nst: error: {result.note}: {files.picture}", err=True)
        sys.exit(2)
    return result


def _warn_of_other_weights(settings: Config, now: str) -> None:
    """Say so if a recipe was run again with other numbers than it was made with."""
    before = settings.made_with.get("weights_sha256")
    if before is not None and before != now:
        say(
            "nst: warning: the weights are not those that the recipe was made with; "
            "expect another picture",
            err=True,
        )
