"""The EXIF tags that a result keeps."""

import io
import struct

import PIL.Image
import pytest
from pictures import RECIPE

from nst_core.images import EncodeOptions, Output, decoded, read_decoded, read_recipe, write
from nst_core.images.exif import Tags, Text, add_tags, kept_tags, with_ascii_types


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
@pytest.mark.parametrize("recipe", [RECIPE, None])
def test_exif_tags_that_are_kept(tmp_path, image, photograph, extension, recipe):
    content = read_decoded(photograph("c.jpg"))
    path = tmp_path / f"a.{extension}"
    write(image, path, recipe=recipe, finish=EncodeOptions.of(Output(keep_exif=True), content))
    with PIL.Image.open(path) as picture:
        exif = picture.getexif()
        assert (exif[271], exif[306]) == ("Maker", "2024:05:06 07:08:09")
        directory = exif.get_ifd(0x8769)
        assert directory[36867] == "2024:05:06 07:08:09"
        assert float(directory[33434]) == pytest.approx(0.005)
        # Neither where it was taken, nor serial numbers, nor what doesn't hold any more.
        assert not {37500, 42033} & set(directory)
        assert not {274, 282, 0x8825} & set(exif)
        assert (270 in exif, exif.get(305)) == ((True, "nst") if recipe else (False, None))
    if recipe:
        assert read_recipe(path) == recipe


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_keeps_the_tags_of_its_own_directory(tmp_path, image, photograph, bits):
    content = read_decoded(photograph("c.jpg"))
    path = tmp_path / "a.tif"
    output = Output(keep_exif=True, bits=bits)
    write(image, path, recipe=RECIPE, finish=EncodeOptions.of(output, content))
    with PIL.Image.open(path) as picture:
        assert picture.tag_v2[271] == "Maker"
        assert picture.tag_v2[306] == "2024:05:06 07:08:09"
        assert picture.tag_v2.get(274, 1) == 1
    assert read_recipe(path) == RECIPE


def test_nothing_is_kept_unasked(tmp_path, image, photograph):
    path = tmp_path / "a.jpg"
    write(image, path, finish=EncodeOptions.of(Output(), read_decoded(photograph("c.jpg"))))
    with PIL.Image.open(path) as picture:
        assert len(picture.getexif()) == 0


@pytest.mark.filterwarnings("ignore:.*EXIF data")  # Pillow's; on the command line nobody sees it
def test_damaged_exif_data_is_no_reason_to_refuse_a_picture():
    stream = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert decoded(PIL.Image.open(stream)).exif is None


def test_only_the_listed_tags_are_read(photograph):
    with PIL.Image.open(photograph("c.jpg")) as picture:
        tags = kept_tags(picture)
    assert set(tags.ifd0) == {271, 306, 33432}
    assert (tags.ifd0[271], tags.ifd0[306]) == ("Maker", "2024:05:06 07:08:09")
    assert set(tags.exif_ifd) == {36867, 33434}
    assert tags.exif_ifd[36867] == "2024:05:06 07:08:09"


def test_a_picture_with_other_tags_only_has_none_to_keep():
    exif = PIL.Image.Exif()
    exif[274], exif[270] = 6, "A holiday"
    stream = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=exif)
    assert kept_tags(PIL.Image.open(stream)) is None
    assert kept_tags(PIL.Image.new("RGB", (8, 8))) is None


def test_tags_of_the_exif_directory_are_enough():
    exif = PIL.Image.Exif()
    exif[0x8769] = {34855: 200}
    stream = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=exif)
    assert kept_tags(PIL.Image.open(stream)) == Tags({}, {34855: 200})


@pytest.mark.parametrize("with_exif_ifd", [True, False])
def test_tags_are_added_to_those_that_are_there(with_exif_ifd):
    exif = PIL.Image.Exif()
    exif[270] = "recipe"
    add_tags(exif, Tags({271: "Maker"}, {34855: 200}), with_exif_ifd=with_exif_ifd)
    assert (exif[270], exif[271]) == ("recipe", "Maker")
    assert exif.get(0x8769) == ({34855: 200} if with_exif_ifd else None)


def test_an_empty_directory_is_not_written():
    exif = PIL.Image.Exif()
    add_tags(exif, Tags({271: "Maker"}), with_exif_ifd=True)
    assert dict(exif) == {271: "Maker"}


UTF8, LATIN1 = "Zoë Müller, 写真".encode(), b"Andr\xe9 \xa9"


def tag_bytes(path, tag):
    """The bytes of a text tag, read from the file without Pillow."""
    data = path.read_bytes()
    start = {b"\x89PNG": b"eXIf", b"RIFF": b"EXIF", b"\xff\xd8\xff\xe1": b"Exif\0\0"}
    marks = [mark for head, mark in start.items() if data.startswith(head)]
    mark = b"Exif\0\0" if data[:3] == b"\xff\xd8\xff" else (marks or [b""])[0]
    place = data.index(mark) + len(mark) + (4 if mark == b"EXIF" else 0) if mark else 0
    data = data[place:].removeprefix(b"Exif\0\0")
    order = "<" if data[:2] == b"II" else ">"
    directories, found = [struct.unpack_from(order + "I", data, 4)[0]], {}
    while directories:
        at = directories.pop()
        for number in range(struct.unpack_from(order + "H", data, at)[0]):
            entry = at + 2 + 12 * number
            kind, form, count, value = struct.unpack_from(order + "HHII", data, entry)
            if kind == 0x8769:
                directories.append(value)
            if form == 2:
                value = value if count > 4 else entry + 8
                found[kind] = data[value : value + count]
    return found[tag].removesuffix(b"\0")


@pytest.mark.parametrize("raw", [UTF8, LATIN1, b"plain"])
@pytest.mark.parametrize("source", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize(
    ("ending", "bits"),
    [("png", 8), ("png", 16), ("jpg", 8), ("webp", 8), ("tif", 8), ("tif", 16)],
)
def test_texts_keep_their_bytes(tmp_path, image, raw, source, ending, bits):
    exif = PIL.Image.Exif()
    exif[315], exif[33432] = raw, raw
    if source != "tif":
        exif[0x8769] = {42036: Text(raw)}
    content, path = tmp_path / f"content.{source}", tmp_path / f"a.{ending}"
    PIL.Image.new("RGB", (8, 8)).save(content, exif=exif)
    assert tag_bytes(content, 315) == raw
    finish = EncodeOptions.of(Output(keep_exif=True, bits=bits), read_decoded(content))
    write(image, path, recipe=RECIPE, finish=finish)
    assert tag_bytes(path, 315) == tag_bytes(path, 33432) == raw
    if source != "tif" and ending != "tif":
        assert tag_bytes(path, 42036) == raw
    assert read_recipe(path) == RECIPE


def test_a_text_is_read_as_utf8_where_it_is():
    assert Text(UTF8) == "Zoë Müller, 写真"
    assert Text(LATIN1) == "André ©"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mark", [b"", b"Exif\0\0"])
def test_texts_of_the_type_utf_8_of_exif_3_are_kept(tmp_path, image, order, mark):
    raw = "Zoë ☃".encode()
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)

    def directory(place, *entries):
        """Entries (tag, type, bytes or a number) with their bytes after them."""
        after = place + 2 + 12 * len(entries) + 4
        packed, data = struct.pack(f"{order}H", len(entries)), b""
        for tag, kind, value in entries:
            count, number = (
                (1, value) if isinstance(value, int) else (len(value), after + len(data))
            )
            packed += struct.pack(f"{order}HHII", tag, kind, count, number)
            data += b"" if isinstance(value, int) else value
        return packed + bytes(4) + data

    first = directory(8, (315, 129, raw + b"\0"), (0x8769, 4, 200))
    data = (head + first).ljust(200, b"\0") + directory(200, (42036, 129, raw + b"\0"))
    assert with_ascii_types(mark + data)[: len(mark) + 8] == (mark + data)[: len(mark) + 8]
    PIL.Image.new("RGB", (9, 9)).save(tmp_path / "a.webp", exif=data)
    content = read_decoded(tmp_path / "a.webp")
    assert content.exif.ifd0 == {315: raw.decode()}
    assert content.exif.exif_ifd == {42036: raw.decode()}
    write(image, tmp_path / "b.jpg", finish=EncodeOptions.of(Output(keep_exif=True), content))
    assert raw in (tmp_path / "b.jpg").read_bytes()
    again = read_decoded(tmp_path / "b.jpg")
    assert again.exif == content.exif


def test_damaged_directories_are_left_alone():
    for data in (b"", b"Exif\0\0", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"):
        assert with_ascii_types(data) == data
