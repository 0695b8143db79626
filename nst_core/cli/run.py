"""``nst run``: its options. The work is in ``run_picture``, imported only when it is needed."""

from __future__ import annotations

from typing import Any

import cloup

from nst_core.cli import file_options, spec_options
from nst_core.cli.option_group import CONTEXT, FORMATTER, examples, option_group

_EXAMPLES = examples(
    ("Paint a photograph with the preset best", "nst run photo.jpg painting.jpg -o out.png"),
    (
        "Follow d2l.ai, and keep the photograph's colours",
        "nst run photo.jpg painting.jpg --preset d2l --colors content",
    ),
    (
        "Make a picture again from its recipe",
        "nst recipe out.png > a.toml && nst run --config a.toml -o again.png",
    ),
)


@cloup.command("run", context_settings=CONTEXT, formatter_settings=FORMATTER, epilog=_EXAMPLES)
@file_options.pictures
@option_group("Pictures", spec_options.SIZES)
@option_group("Algorithm", {**file_options.algorithm("best"), **spec_options.ALGORITHM})
@option_group("Style", spec_options.STYLE)
@option_group("Colour and regions", {**spec_options.COLOURS, **spec_options.REGIONS})
@option_group("How it is computed", spec_options.COMPUTATION)
@option_group(
    "Output",
    {
        **file_options.PICTURE,
        **spec_options.FILE_CONTENT,
        **file_options.REPORTS,
        **file_options.LIVE,
        **file_options.QUIET,
    },
)
@option_group(
    "Safety", {**file_options.CHECKPOINTS, **file_options.DRY_RUN, **file_options.MAX_PIXELS}
)
def command(**options: Any) -> None:
    """Paint the picture CONTENT in the style of the picture STYLE, or of several.

    Without pictures, nst paints the demo pair that comes with it. Options override the config
    file, which overrides the preset. The signals INT (Ctrl-C), TERM and HUP save the picture
    reached so far.
    """
    from nst_core.cli.run_picture import run_picture  # noqa: PLC0415

    run_picture(**options)
