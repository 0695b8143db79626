"""``nst compare``: its options. The work is in ``run_comparison``, imported only when needed."""

from __future__ import annotations

from typing import Any

import cloup

from nst_core.cli import file_options, spec_options
from nst_core.cli.option_group import CONTEXT, FORMATTER, Options, examples, option_group

_EXAMPLES = examples(
    (
        "Check that PyTorch and MXNet agree",
        "nst compare photo.jpg oak.jpg --backends pytorch,mxnet --output-dir out",
    ),
    (
        "The same in float64, where the tolerances are tight",
        "nst compare photo.jpg oak.jpg --dtype float64 --steps 20 --output-dir out",
    ),
    (
        "See two presets side by side",
        "nst compare photo.jpg oak.jpg --presets d2l,gala --output-dir out",
    ),
)

_PRESETS: Options = {
    "--presets": {"metavar": "NAME,...", "help": "Presets to compare; see `nst presets`."},
}

_BACKENDS: Options = {
    "--backends": {
        "metavar": "NAME,...",
        "help": "Frameworks to compare; see `nst backends`.  [default: all that can be used]",
    },
}


@cloup.command("compare", context_settings=CONTEXT, formatter_settings=FORMATTER, epilog=_EXAMPLES)
@file_options.pictures
@option_group("Pictures", spec_options.SIZES)
@option_group("Algorithm", {**_PRESETS, **file_options.algorithm("d2l"), **spec_options.ALGORITHM})
@option_group("Style", spec_options.STYLE)
@option_group("Colour and regions", {**spec_options.COLOURS, **spec_options.REGIONS})
@option_group(
    "How it is computed", {**_BACKENDS, **spec_options.COMPUTATION}, without=["--backend"]
)
@option_group(
    "Output",
    {
        **file_options.OUTPUT_DIR,
        **file_options.LOG_EVERY,
        "-q --quiet": {"is_flag": True, "help": "Print only the report and errors, no progress."},
    },
)
@option_group("Safety", file_options.MAX_PIXELS)
def command(**options: Any) -> None:
    """Run backends on the pictures CONTENT and STYLE, one after the other, and compare them.

    DIR gets the pictures, sheet.png, losses.png, report.json and report.html. The report is also
    printed as Markdown. Exit status 1: backends disagree beyond the tolerances. Results of
    different presets are shown side by side without a verdict. Without pictures, nst takes the
    demo pair that comes with it.
    """
    from nst_core.cli.run_comparison import run_comparison  # noqa: PLC0415

    run_comparison(**options)
