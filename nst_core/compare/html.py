"""The report as one HTML page that needs no other file. Its template is in ``templates/``."""

from __future__ import annotations

import base64
from pathlib import Path

import jinja2

from nst_core.compare.report import Report
from nst_core.compare.tables import tables

_TEMPLATE = "report.html.jinja"


def write_html(report: Report, path: Path, *, pictures: Path) -> None:
    """Write the page.

    Args:
        report: The result of the comparison.
        path: The HTML file.
        pictures: The directory with ``sheet.png``, ``losses.png`` and the results. The pictures
            are embedded in the page.
    """
    path.write_text(render(report, pictures=pictures), encoding="utf-8")


def render(report: Report, *, pictures: Path) -> str:
    """Return the page; the arguments are those of ``write_html``."""

    def data_uri(name: str) -> str:
        data = base64.b64encode((pictures / name).read_bytes()).decode("ascii")
        return f"data:image/png;base64,{data}"

    records = [one.record for one in report.measurements]
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            report=report,
            tables=tables(report),
            results=list(zip(records, report.stems, strict=True)),
            verdict=f"{report.verdict[:1].upper()}{report.verdict[1:]}.",
            verdict_class=_verdict_class(report),
            data_uri=data_uri,
        )
    )


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("nst_core.compare"),
        autoescape=True,  # labels, paths and recipes may hold anything
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _verdict_class(report: Report) -> str:
    if not report.deviations:
        return "none"
    return "bad" if report.disagreements else "good"
