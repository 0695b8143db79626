"""The report as one HTML page that needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from nst_core.compare.report import Report
from nst_core.compare.tables import Table, tables

_STYLE = """
:root { color-scheme: light dark; --paper: #fafaf8; --ink: #202020; --grey: #666;
  --line: #d8d8d4; --good: #1a7f37; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e6e6e3; --grey: #9a9a96;
  --line: #383a3e; --good: #4ac26b; --bad: #ff7b72; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  margin: 2.5rem auto; max-width: 72rem; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p, figcaption { color: var(--grey); margin: .4rem 0; }
.verdict { border-left: .3rem solid var(--good); color: var(--ink); margin: 1.2rem 0;
  padding: .4rem .9rem; }
.verdict.bad { border-color: var(--bad); }
.verdict.none { border-color: var(--line); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .8rem .35rem 0; text-align: left;
  vertical-align: top; white-space: nowrap; }
th { color: var(--grey); font-weight: 600; }
img { border-radius: .4rem; display: block; height: auto; max-width: 100%; }
.results { display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
.results img { width: 100%; }
figure { margin: 0; }
details { margin-top: .5rem; }
pre { border: 1px solid var(--line); border-radius: .4rem; font-size: .8rem; overflow-x: auto;
  padding: .8rem; }
"""


def write_page(report: Report, path: Path, *, pictures: Path) -> None:
    """Write the page.

    Args:
        report: What was found.
        path: The HTML file.
        pictures: The directory with ``sheet.png``, ``losses.png`` and the results, which are
            taken into the page.
    """
    path.write_text(page(report, pictures=pictures), encoding="utf-8")


def page(report: Report, *, pictures: Path) -> str:
    """Return the page; see ``write_page``."""
    kind = "bad" if report.disagreements else "none" if not report.deviations else "good"
    lines = [f'<p class="verdict {kind}">{_sentence(report.verdict)}</p>']
    lines += [f"<p>{escape(one.line)}</p>" for one in report.disagreements[1:]]
    body = [
        f"<h1>{escape(report.title)}</h1>",
        f"<p>{escape(report.summary)}</p>",
        *lines,
        _picture(pictures / "sheet.png", "content, style, results and differences"),
        *(_table(table) for table in tables(report)),
        "<h2>Losses over the steps</h2>",
        _picture(pictures / "losses.png", "losses of all contestants over the steps"),
        "<h2>Pictures</h2>",
        f'<div class="results">{"".join(_results(report, pictures))}</div>',
        f"<p>Made by <code>{escape(report.setting.command)}</code></p>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _results(report: Report, pictures: Path) -> Sequence[str]:
    found = []
    for one, stem in zip(report.measurements, report.stems, strict=True):
        label, recipe = escape(one.record.label), escape(one.record.recipe)
        found.append(
            f"<figure>{_picture(pictures / f'{stem}.png', one.record.label)}"
            f"<figcaption>{label}<details><summary>recipe</summary><pre>{recipe}</pre></details>"
            "</figcaption></figure>"
        )
    return found


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in table.rows
    )
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return (
        f'<h2>{escape(table.heading)}</h2>\n<div class="wide"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n{note}"
    )


def _picture(path: Path, description: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(description)}">'


def _sentence(text: str) -> str:
    return escape(f"{text[:1].upper()}{text[1:]}.")
