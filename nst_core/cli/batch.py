"""``nst batch``: its options. The work is in ``run_batch``, imported only when it is needed."""

from __future__ import annotations

from typing import Any

import click
import cloup

from nst_core.cli import file_options, spec_options
from nst_core.cli.option_group import CONTEXT, FORMATTER, Options, examples, option_group

_EXAMPLES = examples(
    (
        "Paint all photographs in two styles",
        "nst batch photos/*.jpg --style oak.jpg --style night.jpg --output-dir out",
    ),
    (
        "Paint all pictures in and below a directory, in two processes",
        "nst batch photos --recursive --names content --style oak.jpg \\\n"
        "        --output-dir out --jobs 2",
    ),
    (
        "Give each photograph its own mask, masks/NAME.png",
        "nst batch photos/*.jpg --content-masks masks --style oak.jpg \\\n"
        "        --style-mask oak-mask.png --output-dir out",
    ),
)

_STYLES: Options = {
    "--style styles": {
        "multiple": True,
        "required": True,
        "metavar": "FILE",
        "help": "Picture in whose style to paint, or a directory or pattern. May be given several "
        "times.",
    },
}

_RECURSIVE: Options = {
    "--recursive": {
        "is_flag": True,
        "help": "Paint also the pictures in the directories below the directories CONTENTS.",
    },
}

_NAMES: Options = {
    "--names naming": {
        "type": click.Choice(["content-style", "content"]),
        "default": "content-style",
        "show_default": True,
        "help": "Names of the pictures: CONTENT-STYLE, or the content's own name; several styles "
        "then have a directory each. Directories found by --recursive are made anew in DIR.",
    },
}

_MASKS: Options = {
    "--content-mask": {
        "metavar": "FILE",
        "help": "Label picture of all contents, with one flat colour per region.",
    },
    "--content-masks": {
        "metavar": "DIR",
        "help": "Directory with one label picture per content, of the content's name.",
    },
    "--style-mask": {
        "metavar": "FILE",
        "multiple": True,
        "help": "Label picture of a style: a region takes its style from the same colour. Once "
        "per --style, in the same order.",
    },
}

_ENGINE: Options = {
    "--on": {
        "default": "local",
        "show_default": True,
        "metavar": "ENGINE[:ADDRESS]",
        "help": "Where the jobs run: local, or another engine that is installed.",
    },
    "--jobs --slots slots": {
        "type": click.IntRange(min=1),
        "metavar": "N",
        "help": "Number of jobs that run at the same time: processes of this machine, or slots of "
        "the engine.  [default: 1 process, or all slots that the engine has]",
    },
    "--cpus-per-job": {
        "type": click.FloatRange(min=0, min_open=True),
        "metavar": "N",
        "help": "CPU cores that a job takes of the engine's machines.",
    },
    "--gpus-per-job": {
        "type": click.FloatRange(min=0),
        "metavar": "N",
        "help": "GPUs that a job takes of the engine's machines; 0.5: two jobs share one.",
    },
    "--checkpoint-every": {
        "type": click.IntRange(min=0),
        "metavar": "N",
        "help": "Steps between two checkpoints of a job, kept beside its output until it is made; "
        "0: none.  [default: 0, or 100 with an engine other than local]",
    },
}

_OUTPUT_DIR: Options = {
    "--output-dir": {
        "required": True,
        "metavar": "DIR",
        "help": "Directory of the output; made if necessary. May be a URL such as s3://BUCKET/DIR.",
    },
}

_LIST: Options = {
    "--contents-from": {
        "metavar": "FILE",
        "help": "File with more CONTENTS, one path or URL per line; -: standard input.",
    },
}

_FORMAT: Options = {
    "--format extension": {
        "type": click.Choice(["png", "jpg", "webp", "tif"]),
        "default": "png",
        "show_default": True,
        "help": "Format of the pictures.",
    },
}


@cloup.command("batch", context_settings=CONTEXT, formatter_settings=FORMATTER, epilog=_EXAMPLES)
@cloup.argument(
    "contents",
    nargs=-1,
    help="Pictures to paint: files (JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, AVIF, JPEG XL), "
    "directories, or patterns in quotes, such as 'photos/*.jpg'. All may be URLs.",
)
@option_group("Pictures", {**_LIST, **_STYLES, **_RECURSIVE, **spec_options.SIZES})
@option_group("Algorithm", {**file_options.algorithm("best"), **spec_options.ALGORITHM})
# A blend needs several styles in one picture; a batch paints each picture in one style.
@option_group("Style", spec_options.STYLE, without=["--style-blend"])
@option_group("Colour and regions", {**spec_options.COLOURS, **_MASKS})
@option_group("How it is computed", {**spec_options.COMPUTATION, **_ENGINE})
@option_group(
    "Output",
    {
        **_OUTPUT_DIR,
        **_FORMAT,
        **_NAMES,
        **spec_options.FILE_CONTENT,
        **file_options.QUIET,
    },
)
@option_group("Safety", file_options.MAX_PIXELS)
def command(**options: Any) -> None:
    """Paint each of the pictures CONTENTS in each of the styles.

    The results are DIR/CONTENT-STYLE.png. A directory stands for the pictures in it. A picture that
    fails doesn't stop the others. If the same command is run again, it skips the pictures that
    exist already, made the same way from the same pictures. Several such commands may
    run at the same time. batch.csv and batch.json in DIR list the result of each picture. Exit
    status 1: some failed.
    """
    from nst_core.cli.run_batch import run_batch  # noqa: PLC0415

    run_batch(**options)
