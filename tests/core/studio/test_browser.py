"""The page in a real browser, Chromium, without a network."""

import os
import re
import shutil
import signal

import numpy as np
import PIL.Image
import pytest
from core.studio.studio_server import StudioServer, png

from nst_core import images

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT = 90_000  # milliseconds; frameworks load on a busy machine


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, studio):
    """``open_page(dark=..., phone=...)`` opens the studio in a new browser window."""
    contexts, errors = [], []

    def open_(path="", *, dark=False, phone=False):
        context = browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 800},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                errors.append(message.text) if "Security Policy" in message.text else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((studio.address, "blob:"))
                else errors.append(request.url)
            ),
        )
        page.goto(studio.entrance)
        if path:
            page.goto(studio.address + path)
        page.locator("main > *").first.wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


def write(tmp_path, name, seed):
    path = tmp_path / name
    path.write_bytes(png(seed=seed))
    return path


DROP = """([selector, name, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    for (const type of ["dragenter", "dragover", "drop"]) {
        document.querySelector(selector).dispatchEvent(
            new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
}"""


def drop(page, selector, name, seed):
    page.evaluate(DROP, [selector, name, list(png(seed=seed))])


def set_small(page, *, backend="slow", steps=40):
    """Choose a small, fast run in the form."""
    page.get_by_role("radio", name="d2l", exact=False).first.check()
    page.get_by_text("All settings").click()
    page.get_by_label("Backend").select_option(backend)
    page.get_by_label("Weights").select_option("random")
    page.locator("#steps").fill(str(steps))
    page.locator("#size-text").fill("40")
    page.locator("#size-text").press("Tab")
    page.get_by_text("All settings").click()


def paint(page):
    page.get_by_role("button", name="Paint", exact=True).click()
    page.wait_for_url("**/painting/**")
    return page.url.rpartition("/")[2]


def state(page, text):
    page.locator(".progress-text").filter(has_text=text).wait_for()


def shown(page):
    """Return the address of the picture that is shown."""
    return page.locator(".compare-after").get_attribute("src")


@pytest.mark.parametrize("backend", ["pytorch", "mxnet"])
def test_from_two_pictures_to_a_file_with_its_recipe(backend, open_page, studio, tmp_path):
    pytest.importorskip({"pytorch": "torch"}.get(backend, backend))
    page = open_page()
    drop(page, ".content-box", "meadow.png", 5)
    page.locator(".caption-title").filter(has_text="meadow").wait_for()
    drop(page, ".style-tile", "ink.png", 6)
    page.locator(".tile-title").filter(has_text="ink").wait_for()
    set_small(page, backend=backend, steps=150)
    name = paint(page)
    page.get_by_role("heading", name="meadow + ink").wait_for()
    page.locator(".compare-after").wait_for()
    first = shown(page)
    page.wait_for_function(
        "first => document.querySelector('.compare-after').getAttribute('src') !== first", arg=first
    )
    page.get_by_role("button", name="Stop").click()
    state(page, "Stopped")
    page.get_by_role("button", name="Go on", exact=True).click()
    studio.wait(name, "running")
    os.kill(studio.studio.worker.pid, signal.SIGKILL)
    page.get_by_role("alert").filter(has_text="ended by SIGKILL").wait_for()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.close()  # stops nothing
    page = open_page(f"/#/painting/{name}")
    page.locator(".progress-text").filter(has_text=re.compile("step [0-9]+ of 150")).wait_for()
    state(page, "Done")
    slider = page.get_by_role("slider", name=re.compile("Line between"))
    slider.focus()
    before = page.locator(".compare-before").evaluate("node => node.style.clipPath")
    slider.press("ArrowRight")
    assert page.locator(".compare-before").evaluate("node => node.style.clipPath") != before
    with page.expect_download() as download:
        page.get_by_role("link", name="PNG").click()
    path = tmp_path / "kept.png"
    download.value.save_as(path)
    assert download.value.suggested_filename == "meadow-ink-150.png"
    assert f'backend = "{backend}"' in images.read_recipe(path)
    with PIL.Image.open(path) as picture:
        assert picture.size == (40, 30)


def test_two_paintings_wait_and_their_order_is_changed(open_page, studio):
    page = open_page(dark=True)
    set_small(page, steps=4000)
    first = paint(page)
    page.get_by_role("link", name="Paint", exact=True).click()
    set_small(page, steps=2)
    second = paint(page)
    page.get_by_role("link", name="Paint", exact=True).click()
    set_small(page, steps=3)
    third = paint(page)
    page.get_by_text("Waits in the queue").wait_for()
    page.locator(".queue li").nth(1).wait_for()
    page.locator(".queue li").nth(1).get_by_role("button", name=re.compile("earlier")).click()
    page.wait_for_function(
        "name => document.querySelector('.queue a').href.endsWith(name)", arg=third
    )
    assert studio.studio.queue == [third, second]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 19, 18)"
    page.locator("#now").click()
    page.wait_for_url(f"**/painting/{first}")
    page.get_by_role("button", name="Stop").click()
    state(page, "Stopped")
    for name in (second, third):
        studio.wait(name, "done")
    assert studio.painting(first)["state"] == "stopped"


def test_steering_undo_more_steps_change_delete(open_page, studio):
    page = open_page()
    set_small(page, steps=27)
    name = paint(page)
    state(page, "Done")
    page.get_by_role("button", name="Snapshot of step 9").click()
    state(page, "Stopped · step 9 of 27")
    page.get_by_role("button", name="More steps").click()
    page.get_by_label("How many more?").fill("3")
    page.get_by_role("dialog").get_by_role("button", name="Paint").click()
    state(page, "step 3 of 3")
    more = page.url.rpartition("/")[2]
    assert studio.wait(more, "done")["settings"]["origin"] == {"painting": name, "step": 9}
    page.get_by_role("button", name="Change and go on from here").click()
    page.get_by_text("Goes on from").wait_for()
    page.get_by_label("Strength").fill("1")
    changed = paint(page)
    assert studio.wait(changed, "done")["settings"]["strength"] == 2
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    page.locator(f"main a[href='#/painting/{changed}']").wait_for()
    assert changed in studio.studio.store.paintings


def test_the_gallery_compares_two(open_page, studio):
    names = [studio.paint(steps=3), studio.paint(steps=5)]
    for name in names:
        studio.wait(name, "done")
    page = open_page("/#/gallery")
    for index in (0, 1):
        page.get_by_role("checkbox", name=re.compile("Compare")).nth(index).check()
    page.locator(".compare-bar").get_by_role("button", name="Compare").click()
    page.get_by_role("dialog", name="Compare").get_by_role("slider").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def test_a_picture_of_nst_shows_its_recipe(open_page, studio, tmp_path):
    name = studio.paint(steps=2, overrides={"start.seed": 11})
    studio.wait(name, "done")
    kept = tmp_path / "kept.png"
    kept.write_bytes(studio.get(f"/api/paintings/{name}/download/png").body)
    page = open_page("/#/gallery")
    page.locator("input[type=file]").set_input_files(str(kept))
    page.get_by_role("button", name="Paint again with this").click()
    page.get_by_text("of kept").wait_for()
    assert page.get_by_role("spinbutton", name="Seed").input_value() == "11"
    again = paint(page)
    assert studio.wait(again, "done")["step"] == 2
    bodies = [studio.get(f"/api/paintings/{one}/picture/full").body for one in (name, again)]
    pixels = []
    for body in bodies:
        (tmp_path / "one.png").write_bytes(body)
        with PIL.Image.open(tmp_path / "one.png") as picture:
            pixels.append(np.asarray(picture))
    np.testing.assert_array_equal(*pixels)


def test_a_mask_is_painted_with_a_brush(open_page, studio):
    page = open_page()
    page.get_by_role("button", name="Add a style").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Landscape")).click()
    set_small(page, steps=2)
    page.get_by_role("button", name="Paint a mask").click()
    box = page.locator(".mask-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Use this mask").click()
    page.get_by_role("button", name="Change the mask").wait_for()
    made = studio.wait(paint(page), "done")
    mask = studio.studio.store.pictures[made["settings"]["mask"]]
    path = studio.studio.store.picture_directory(mask) / mask.file
    with PIL.Image.open(path) as picture:
        levels = np.unique(np.asarray(picture.convert("L")))
    assert levels.tolist() == [0, 255], "flat regions, without soft edges"


UNNAMED = """() => [...document.querySelectorAll("button, a, input, select, [role=img], img")]
    .filter(node => node.checkVisibility())
    .filter(node => !(node.getAttribute("aria-label") || node.textContent.trim() || node.title
        || node.labels?.length || node.hasAttribute("alt")))
    .map(node => node.outerHTML)"""

CONTRAST = """() => {
    const parse = text => text.match(/[0-9.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = node => {
        for (let one = node; one; one = one.parentElement) {
            const colour = parse(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] > 0.9) return colour;
        }
        return [255, 255, 255];
    };
    const bad = [];
    for (const node of document.querySelectorAll("main *, header *")) {
        const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !node.checkVisibility()) continue;
        if (node.closest("svg, :disabled, .compare-tag")) continue;
        const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort();
        if ((b + 0.05) / (a + 0.05) < 4.5) bad.push([node.outerHTML, (b + 0.05) / (a + 0.05)]);
    }
    return bad;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_everything_has_a_name_a_contrast_and_room(open_page, studio, phone, dark):
    name = studio.paint(steps=18)
    studio.wait(name, "done")
    page = open_page(phone=phone, dark=dark)
    for path in ("/#/", f"/#/painting/{name}", "/#/gallery"):
        page.goto(studio.address + path)
        page.locator("main h1").wait_for(state="attached")
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(CONTRAST) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"]


def test_keys_alone_paint(open_page, studio):
    page = open_page()
    set_small(page, steps=2)
    page.reload()  # what was chosen is kept
    page.locator(".easel").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(80):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.textContent") == "Paint"
            and page.evaluate("document.activeElement.tagName") == "BUTTON"
        ):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/painting/**")
    state(page, "Done")


def test_a_page_without_the_token_shows_nothing(browser, slow_backend, tmp_path):
    with StudioServer(tmp_path / "studio") as studio:
        context = browser.new_context()
        page = context.new_page()
        page.goto(studio.address)
        assert "open the address" in page.content()
        page.goto(studio.entrance)
        page.locator(".easel").wait_for()
        assert "token" not in page.url
        context.close()
