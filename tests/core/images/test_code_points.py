"""Code points (H.273) of HEIC and AVIF: finding them in boxes, and what is converted."""

import io
import struct

import numpy as np
import PIL.Image
import pytest

from nst_core.images.code_points import NCLX_INFO, applied, code_points

RGB = (200, 100, 50)


def box(kind, content, *, length=None):
    return struct.pack(">I4s", 8 + len(content) if length is None else length, kind) + content


def nclx(primaries, transfer):
    return box(b"colr", b"nclx" + struct.pack(">3HB", primaries, transfer, 1, 128))


def avif(*properties, version=bytes(4)):
    ipco = box(b"ipco", b"".join(properties))
    meta = box(b"meta", version + box(b"hdlr", bytes(24)) + box(b"iprp", ipco + box(b"ipma", b"")))
    return box(b"ftyp", b"avif" + bytes(4)) + meta + box(b"mdat", bytes(9))


def found_in(data):
    return code_points(io.BytesIO(data))


def points(primaries, transfer):
    return {"color_primaries": primaries, "transfer_characteristics": transfer}


def test_they_are_found_among_other_properties():
    icc = box(b"colr", b"prof" + bytes(40))
    assert found_in(avif(box(b"ispe", bytes(12)), nclx(12, 13))) == points(12, 13)
    assert found_in(avif(icc, nclx(9, 16))) == points(9, 16)
    assert found_in(avif(nclx(1, 1), nclx(9, 16))) == points(1, 1), "the first"


def test_nothing_is_found_where_nothing_is():
    for data in (
        b"",
        bytes(7),
        avif(),
        avif(box(b"colr", b"prof" + bytes(40))),
        avif(box(b"colr", b"nclx")),  # cut
        box(b"ftyp", b"avif") + box(b"mdat", nclx(12, 13)),
        box(b"free", b"", length=3) + avif(nclx(12, 13)),  # no length of a box
        avif(nclx(12, 13))[:60],
    ):
        assert found_in(data) is None


def test_a_box_may_last_to_the_end():
    data = avif(nclx(12, 13))
    place = data.index(b"meta") - 4
    data = data[:place] + struct.pack(">I", 0) + data[place + 4 :]
    assert found_in(data) == points(12, 13)


def test_the_stream_is_read_from_its_beginning():
    stream = io.BytesIO(avif(nclx(12, 13)))
    stream.seek(30)
    assert code_points(stream) == points(12, 13)


def picture(given, **info):
    found = PIL.Image.new("RGB", (2, 2), RGB)
    found.info = {**({} if given is None else {NCLX_INFO: given}), **info}
    return found


def converted(given, **info):
    one = picture(given, **info)
    colours, notes = applied(one, one)
    return colours.getpixel((0, 0)), notes


@pytest.mark.parametrize("given", [None, points(1, 13), points(2, 2), points(1, 1), points(1, 8)])
def test_primaries_of_srgb_change_nothing(given):
    assert converted(given) == (RGB, ())


def display_p3_to_srgb(rgb):
    """By the matrices of both spaces to XYZ, as in CSS Color 4."""
    p3 = np.array([[0.4865709, 0.2656677, 0.1982173],
                   [0.2289746, 0.6917385, 0.0792869],
                   [0.0000000, 0.0451134, 1.0439444]])  # fmt: skip
    srgb = np.array([[0.4123908, 0.3575843, 0.1804808],
                     [0.2126390, 0.7151687, 0.0721923],
                     [0.0193308, 0.1191948, 0.9505322]])  # fmt: skip
    values = np.array(rgb) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = np.clip(np.linalg.solve(srgb, p3 @ light), 0, 1)
    found = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return found * 255


@pytest.mark.parametrize("transfer", [1, 2, 13])
def test_other_primaries_are_converted_with_the_curve_of_srgb(transfer):
    colour, notes = converted(points(12, transfer))
    assert notes == ()
    assert np.abs(np.array(colour) - display_p3_to_srgb(RGB)).max() <= 1


def test_a_profile_takes_precedence():
    assert converted(points(12, 13), icc_profile=b"any") == (RGB, ())


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_left_as_it_is_and_said(transfer, name):
    colour, (line,) = converted(points(9, transfer))
    assert colour == RGB
    assert line == (
        f"it is HDR ({name}), which nst can't convert: colours may look flat; save the picture as "
        "sRGB"
    )


def test_unknown_primaries_are_said():
    colour, (line,) = converted(points(77, 13))
    assert (colour, line) == (RGB, "its primaries (77) are none that nst knows: ignored")
