"""The site builds strictly, and no page asks another host for anything."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from docs.pages import ROOT

pytest.importorskip("mkdocs")

_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload"}
_CSS = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])(?P<url>(?:https?:)?//[^'\")]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, without a line of warning."""
    folder = tmp_path_factory.mktemp("site")
    path = os.pathsep.join([str(ROOT), str(ROOT / "backends")])
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": path},
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    lines = [line for line in built.stderr.splitlines() if not line.startswith("INFO ")]
    assert (built.stdout, lines) == ("", [])
    return folder


class _Resources(HTMLParser):
    """Collects what a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag in _LOADED:
            self.urls.append(found.get(_LOADED[tag]) or "")
        if tag == "link" and _RELATIONS & set((found.get("rel") or "").split()):
            self.urls.append(found.get("href") or "")


def test_nothing_comes_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        parser = _Resources()
        text = page.read_text("utf-8")
        parser.feed(text)
        assert parser.urls
        elsewhere = [url for url in parser.urls if re.match(r"(?:https?:)?//", url)]
        assert not elsewhere, page
        styles = "".join(re.findall(r"<style>.*?</style>", text, re.S))
        assert not _CSS.findall(styles), page
    for sheet in site.rglob("*.css"):
        assert not _CSS.findall(sheet.read_text("utf-8")), sheet


def test_reference_has_the_docstrings(site):
    page = (site / "reference" / "transfer.html").read_text("utf-8")
    for name in ("nst_core.transfer", "nst_core.Result", "nst_core.Observer"):
        assert f'id="{name}"' in page
    assert "Paint" in page


def test_tables_are_tables(site):
    """The comments that mark a record's table do not keep it from being one."""
    page = (site / "performance.html").read_text("utf-8")
    assert page.count("<table>") >= 11
    assert "|---" not in page
