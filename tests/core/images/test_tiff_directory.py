"""Which page of a TIFF is the picture; raw files; damaged directories."""

import itertools

import numpy as np
import PIL.Image
import pytest
import tiff_files
import tifffile
from pictures import refused

from nst_core.errors import PictureWarning
from nst_core.images import read, read_decoded, read_recipe

pytestmark = pytest.mark.filterwarnings("ignore:.* floating-point values have no colour profile")

RGB, GREY, CFA, LINEAR_RAW = 2, 1, 32803, 34892
REDUCED, PAGE, MASK, DEPTH, SEMANTIC = 1, 2, 4, 8, 0x10004


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.tif"


def samples(height, width, value, *, channels=3, dtype="u1"):
    return np.full((height, width, channels), value, dtype)


FULL, SMALL = samples(12, 20, 200), samples(3, 5, 90)


def file(first, others=(), *, sub=(), order="<", big=False, signature=b""):
    """A TIFF of pages, each (samples, tags); those of ``sub`` are SubIFDs of the first."""
    body = tiff_files.header(order, big=big)
    body += signature
    written = []
    for page, tags in [first, *others, *sub]:
        layout = {"photometric": RGB if page.shape[2] == 3 else GREY, "order": order}
        written.append(tiff_files.page_tags(body, page, **layout) | tags)
    options = {"order": order, "big": big}
    children = [tiff_files.directory(body, tags, **options) for tags in written[1 + len(others) :]]
    following = 0
    for tags in reversed(written[1 : 1 + len(others)]):
        following = tiff_files.directory(body, tags, following=following, **options)
    own = written[0] | ({330: children} if children else {})
    place = tiff_files.directory(body, own, following=following, **options)
    return tiff_files.finish(body, place, **options)


@pytest.mark.parametrize("kind", [{254: REDUCED}, {255: 2}, {254: MASK}, {254: DEPTH}])
@pytest.mark.parametrize("where", ["sub", "others"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_the_full_page_after_a_preview(path, kind, where, dtype):
    level = {"u1": 200, "u2": 200 * 257, "f4": 200 / 255}[dtype]
    full = samples(12, 20, level, dtype=dtype)
    for order, big in itertools.product("<>", (False, True)):
        preview, tags = (SMALL, kind), {254: 0}
        path.write_bytes(file(preview, **{where: [(full, tags)]}, order=order, big=big))
        found = np.asarray(read(path))
        assert found.shape == (12, 20, 3)
        assert (found == 200).all()


@pytest.mark.parametrize("kind", [REDUCED, MASK, DEPTH, SEMANTIC, REDUCED | PAGE])
def test_the_first_page_before_previews(path, kind):
    large = samples(30, 30, 77)
    path.write_bytes(file((FULL, {254: PAGE}), [(large, {254: kind})], sub=[(large, {254: kind})]))
    assert (np.asarray(read(path)) == 200).all()


def test_the_first_of_several_pages(path):
    path.write_bytes(file((FULL, {}), [(samples(30, 30, 77), {})]))
    assert read(path).size == (20, 12)


def test_a_preview_that_does_not_say_so(path):
    path.write_bytes(file((SMALL, {}), sub=[(FULL, {}), (samples(6, 10, 7), {254: REDUCED})]))
    assert read(path).size == (20, 12)


def test_the_largest_of_several_full_pages(path):
    sub = [(samples(6, 10, 7), {254: 0}), (FULL, {254: 0}), (samples(40, 40, 9), {254: REDUCED})]
    path.write_bytes(file((SMALL, {254: REDUCED}), sub=sub))
    assert read(path).size == (20, 12)


def test_a_pyramid_of_tifffile(path):
    levels = [np.full((48 >> n, 64 >> n, 3), 50 + n, np.uint8) for n in range(3)]
    with tifffile.TiffWriter(path) as file:
        file.write(levels[0], subifds=2, photometric="rgb")
        for level in levels[1:]:
            file.write(level, subfiletype=1, photometric="rgb")
    assert (np.asarray(read(path)) == 50).all()


def test_only_a_preview_is_read_with_a_warning(path):
    path.write_bytes(file((SMALL, {254: REDUCED}), [(samples(2, 2, 3), {254: REDUCED})]))
    with pytest.warns(PictureWarning, match="holds only a preview"):
        assert read(path).size == (5, 3)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_orientation_and_exif_tags_of_the_first_page_count(path, order, big):
    tags = {254: REDUCED, 274: 6, 271: b"Maker\0", 33432: b"Me\0"}
    path.write_bytes(file((SMALL, tags), sub=[(FULL, {254: 0})], order=order, big=big))
    found = read_decoded(path)
    assert found.picture.size == (12, 20)
    assert set(found.exif.ifd0) == {271, 33432}
    path.write_bytes(file((SMALL, tags), sub=[(FULL, {274: 1})], order=order, big=big))
    assert read(path).size == (20, 12), "that of the page itself comes first"


def test_the_limit_is_that_of_the_full_page(path):
    path.write_bytes(file((SMALL, {254: REDUCED}), sub=[(FULL, {254: 0})]))
    text = refused(lambda: read(path, max_pixels=239), path)
    assert "20 x 12 pixels are more than 239" in text


MOSAIC = samples(24, 40, 1000, channels=1, dtype="u2")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "pages",
    [
        {"first": (MOSAIC, {262: CFA})},
        {"first": (SMALL, {254: REDUCED}), "sub": [(MOSAIC, {262: CFA})]},
        {"first": (SMALL, {}), "sub": [(MOSAIC, {262: CFA, 254: 0})]},
        {"first": (SMALL, {254: REDUCED}), "others": [(MOSAIC, {262: CFA})]},
        {"first": (SMALL, {254: REDUCED}), "sub": [(FULL, {254: 0}), (MOSAIC, {262: CFA})]},
        {"first": (SMALL, {254: REDUCED}), "sub": [(FULL, {262: LINEAR_RAW, 50706: b"\1\4\0\0"})]},
        {"first": (SMALL, {254: REDUCED}), "sub": [(MOSAIC, {259: 34713})]},
        {"first": (SMALL, {254: REDUCED}), "sub": [(MOSAIC, {259: 32767})]},
        {"first": (MOSAIC, {259: 65535})},
        {"first": (FULL, {}), "signature": b"CR\2\0"},
    ],
)
def test_raw_files_are_refused(path, pages, order):
    if "signature" in pages:
        pages = {**pages, "signature": pages["signature"] + bytes(4)}
    path.write_bytes(file(**pages, order=order))
    text = refused(lambda: read(path), path)
    assert "it is a raw file of a camera" in text
    assert text.endswith("; export it from there as TIFF or JPEG")


@pytest.mark.parametrize(
    "start",
    [
        *(b"IIRO\x08\0\0\0", b"MMOR\0\0\0\x08", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201"),
        *(b"\0\0\0\x18ftypcrx \0\0\0\1", b"FOVb\0\0\2\0", b"\0MRM\0\0\1\0"),
    ],
)
def test_raw_files_that_are_no_tiff(path, start):
    path.write_bytes(start + bytes(1000))
    assert "it is a raw file of a camera" in refused(lambda: read(path), path)


def test_a_loop_of_pages_and_damaged_children(path):
    content = bytearray(file((SMALL, {254: REDUCED}), [(FULL, {254: 0})]))
    with tifffile.TiffFile(path_with(path, content)) as pages:
        first, second = pages.pages[0].offset, pages.pages[1].offset
    count = int.from_bytes(content[second : second + 2], "little")
    place = second + 2 + 12 * count
    content[place : place + 4] = first.to_bytes(4, "little")
    path.write_bytes(content)
    assert read(path).size == (20, 12)
    for offsets in ([0], [1], [2**32 - 1], [10**6] * 3, list(range(300))):
        path.write_bytes(file((FULL, {330: offsets})))
        assert read(path).size == (20, 12)


def path_with(path, content):
    path.write_bytes(content)
    return path


def test_what_is_not_a_number_where_one_should_be(path):
    for tags in ({262: b"\2\0"}, {317: []}, {339: []}):
        path.write_bytes(file((FULL, tags)))
        assert read(path).size == (20, 12)


def test_a_recipe_in_a_tiff_by_nst(path):
    exif = PIL.Image.Exif()
    exif[270], exif[305] = "text", "nst"
    PIL.Image.new("RGB", (4, 4)).save(path, exif=exif)
    assert read_recipe(path) == "text"
