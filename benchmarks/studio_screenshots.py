"""Makes the three pictures of the studio in its documentation, by Chromium.

    python benchmarks/studio_screenshots.py --directory out/studio --output docs

It starts ``nst studio`` in the directory and paints the demo pair a few times in the browser;
paintings that are there already stay. Then it takes a picture of the page on which one chooses, of
a painting that grows, and of the gallery. No time is measured.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image
from playwright.sync_api import Browser, Page, sync_playwright

VIEWPORT = (1280, 800)
MINUTES = 60_000
"""In milliseconds, as Playwright counts."""

GALLERY: tuple[tuple[str, dict[str, str]], ...] = (("fast", {}), ("fast", {"Colours": "Content"}))
"""What the gallery shows: a preset, and what is changed of it."""


@contextmanager
def studio(directory: Path) -> Iterator[str]:
    """Run a studio and yield the address of its page."""
    with subprocess.Popen(
        [sys.executable, "-m", "nst_core.cli", "studio", str(directory), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None, "it was started with a pipe"
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def save(page: Page, path: Path) -> None:
    """Save what the page shows as JPEG."""
    page.wait_for_timeout(700)
    picture = PIL.Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(path, quality=84, optimize=True)


STEPS = "60"
"""Of each painting in the gallery."""


def choose(page: Page, preset: str, size: str, changes: dict[str, str]) -> None:
    """Choose a preset and change some of its settings."""
    page.get_by_role("link", name="Paint", exact=True).click()
    page.get_by_role("radio", name=preset).first.check()
    page.get_by_role("radio", name=size).check()
    for label, value in {"Colours": "Style", "Strokes": "0", **changes}.items():
        if label == "Colours":
            page.get_by_role("radio", name=value, exact=True).check()
        else:
            page.get_by_label(label).fill(value)


def take_pictures(browser: Browser, address: str, output: Path) -> None:
    """Paint, and save the three pictures."""
    page = browser.new_page(viewport={"width": VIEWPORT[0], "height": VIEWPORT[1]})
    page.set_default_timeout(20 * MINUTES)
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#/gallery")
    page.locator(".gallery-grid > *").first.wait_for()
    for preset, changes in GALLERY[page.locator(".gallery-card").count() :]:
        choose(page, preset, "Sketch", changes)
        page.get_by_text("All settings").click()
        page.locator("#steps").fill(STEPS)
        page.locator("#steps").press("Tab")
        page.get_by_role("button", name="Paint", exact=True).click()
        page.locator(".progress-text").filter(has_text="Done").wait_for()
    choose(page, "fast", "Sketch", {"Strokes": "0.5"})
    page.locator("#steps").evaluate("node => { node.value = ''; }")
    page.locator("#steps").dispatch_event("change")
    page.locator(".estimate").filter(has_text="about").wait_for()
    page.evaluate("scrollTo(0, 0)")
    save(page, output / "studio-paint.jpg")
    page.get_by_role("button", name="Paint", exact=True).click()
    page.locator(".progress-text").filter(has_text=re.compile(r"step [5-9]\d of")).wait_for()
    page.get_by_role("slider").fill("35")
    save(page, output / "studio-watch.jpg")
    page.emulate_media(color_scheme="dark")
    page.get_by_role("link", name="Gallery").click()
    save(page, output / "studio-gallery.jpg")
    page.get_by_text("Painting").first.wait_for()


def main() -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    with sync_playwright() as playwright, studio(arguments.directory) as address:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take_pictures(browser, address, arguments.output)
        browser.close()


if __name__ == "__main__":
    main()
