"""Links, paths and options that README and the documentation name exist.

Links between the pages of the documentation and their anchors are checked by the strict build.
"""

import importlib
import re
from pathlib import Path

import pytest
from docs.pages import PAGES, ROOT, TOP

_LINK = re.compile(r"\]\((?!https?://|#|mailto:)(?P<target>[^)#\s]+)[^)]*\)")
_CODE = re.compile(r"(?<!`)`(?P<code>[^`\n]+)`(?!`)")
_FOLDERS = ("nst_core/", "backends/", "benchmarks/", "tests/", "docs/", "examples/", ".ci/")
_BACKENDS = ("nst_pytorch/", "nst_mxnet/")
_OPTION = re.compile(r"--[a-z][a-z-]+")
README_LINES = 200


@pytest.mark.parametrize("name", TOP)
def test_local_links(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    missing = [m["target"] for m in _LINK.finditer(text) if not (ROOT / m["target"]).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths(page):
    """Every path in backquotes is a file or folder of this repository; NAME stands for any."""
    named = [match["code"].split("#")[0] for match in _CODE.finditer(page.read_text("utf-8"))]
    assert not [path for path in named if not _exists(path)]


def _exists(path: str) -> bool:
    if " " in path or "NAME" in path or "*" in path:
        return True
    if path.startswith(_BACKENDS):
        return (ROOT / "backends" / path).exists()
    return not path.startswith(_FOLDERS) or (ROOT / path).exists()


def test_painting_and_control_name_every_option():
    command = importlib.import_module("nst_core.cli.run").command
    options = {name for option in command.params for name in option.opts if name.startswith("--")}
    pages = [ROOT / "docs" / name for name in ("painting.md", "control.md")]
    named = {name for page in pages for name in _OPTION.findall(page.read_text("utf-8"))}
    assert options - named - {"--help"} == set()


def test_readme_names_only_options_that_exist():
    table = re.search(r"\| option \|.*?\n\n", (ROOT / "README.md").read_text("utf-8"), re.S)
    command = importlib.import_module("nst_core.cli.run").command
    options = {name for option in command.params for name in option.opts}
    assert set(_OPTION.findall(table[0])) <= options


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= README_LINES


def test_every_page_is_on_the_site():
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    docs = ROOT / "docs"
    pages = [page.relative_to(docs) for page in docs.rglob("*.md")]
    assert not [page for page in map(Path.as_posix, pages) if page not in nav]
