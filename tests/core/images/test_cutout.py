"""A result that keeps the alpha has the colours of the content's visible pixels, without white."""

import numpy as np
import PIL.Image
import pytest
import tifffile
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.batch.job import Job
from nst_core.batch.job_runner import SharedResources, run_job
from nst_core.images import (
    EncodeOptions,
    Output,
    decoded,
    read,
    read_decoded,
    resize_picture,
    write,
)
from nst_core.images.cutout import filled, keep_weights, resized
from nst_core.spec import Spec, merging, presets

COLOUR = (180, 20, 20)
ALPHA = np.zeros((64, 96), np.uint8)
ALPHA[20:40, 30:60] = 255
ALPHA[19:41, 29] = ALPHA[19, 29:60] = 72


def rgba(colour=COLOUR, *, hidden=(255, 255, 255)):
    pixels = np.zeros((64, 96, 4), np.uint8)
    pixels[..., :3] = np.where(ALPHA[..., None] > 0, colour, hidden)
    pixels[..., 3] = ALPHA
    return PIL.Image.fromarray(pixels)


def tiff(path, *, bits, associated):
    pixels = np.asarray(rgba()).astype(np.float64) / 255
    if associated:
        pixels[..., :3] *= pixels[..., 3:]
    top = 2**bits - 1
    tifffile.imwrite(
        path,
        np.rint(pixels * top).astype(np.uint8 if bits == 8 else np.uint16),
        photometric="rgb",
        extrasamples=["assocalpha" if associated else "unassalpha"],
    )


def palette(path):
    numbers = np.select([ALPHA == 255, ALPHA == 72], [1, 2]).astype(np.uint8)
    indices = PIL.Image.frombytes("P", (96, 64), numbers.tobytes())
    indices.putpalette([255, 255, 255, *COLOUR, *COLOUR])
    indices.save(path, transparency=bytes([0, 255, 72]))


def sources(tmp_path):
    rgba().save(tmp_path / "a.png")
    rgba().save(tmp_path / "a.webp", lossless=True, exact=True)
    palette(tmp_path / "palette.png")
    for bits in (8, 16):
        for associated in (False, True):
            tiff(tmp_path / f"{bits}{associated}.tif", bits=bits, associated=associated)
    return sorted(tmp_path.iterdir())


def test_visible_pixels_have_their_colours_and_the_others_those_of_the_edge(tmp_path):
    paths = sources(tmp_path)
    assert len(paths) == 7
    for path in paths:
        content = read_decoded(path)
        np.testing.assert_array_equal(np.asarray(content.alpha), ALPHA)
        assert content.picture.tobytes() == read(path).tobytes()
        assert content.picture.getpixel((0, 0)) == (255, 255, 255)
        painted = np.asarray(content.cut_out().picture).astype(int)
        # Colours that were multiplied by an alpha of 72 have steps of 3.5.
        tolerance = 3 if path.stem.endswith("True") else 0
        assert np.abs(painted - COLOUR).max() <= tolerance, path.name


def test_grey_with_alpha(tmp_path):
    pixels = np.dstack([np.where(ALPHA > 0, 60, 255).astype(np.uint8), ALPHA])
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png")
    painted = read_decoded(tmp_path / "a.png").cut_out().picture
    assert painted.getextrema() == ((60, 60),) * 3


def test_stored_colours_of_hidden_pixels_play_no_part():
    first, second = (
        filled(rgba(hidden=hidden).convert("RGB"), rgba().getchannel("A"))
        for hidden in ((255, 255, 255), (0, 90, 0))
    )
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("size", [(96, 64), (30, 20), (31, 17), (200, 150), (1, 1)])
def test_scaling_mixes_nothing_in(size):
    picture = decoded(rgba()).cut_out().picture
    scaled = resize_picture(picture, height=size[1], width=size[0])
    np.testing.assert_array_equal(np.unique(np.rint(scaled * 255).reshape(-1, 3), axis=0), [COLOUR])


def test_almost_invisible_pixels_count_almost_nothing():
    alpha = PIL.Image.new("L", (100, 100), 255)
    alpha.paste(1, (0, 0, 50, 100))
    straight = PIL.Image.new("RGB", (100, 100), COLOUR)
    straight.paste((0, 255, 255), (0, 0, 50, 100))
    picture = filled(straight, alpha)
    assert picture.tobytes() == straight.tobytes()
    (mixed,) = resized(picture, (1, 1)).get_flattened_data()
    assert max(abs(a - b) for a, b in zip(mixed, COLOUR, strict=True)) <= 2
    assert resized(keep_weights(picture.copy(), of=picture), (1, 1)).getpixel((0, 0)) == mixed


def test_pictures_without_transparency_or_without_anything_else():
    straight = PIL.Image.new("RGB", (9, 5), COLOUR)
    whole = filled(straight, PIL.Image.new("L", (9, 5), 255))
    assert (whole.tobytes(), whole.info) == (straight.tobytes(), {})
    assert filled(straight, PIL.Image.new("L", (9, 5))).getextrema() == ((255, 255),) * 3
    assert decoded(straight).cut_out().picture is straight


def test_colours_come_from_the_near_edge():
    pixels = np.zeros((300, 301, 4), np.uint8)
    pixels[:, :20] = (255, 0, 0, 255)
    pixels[:, -20:] = (0, 0, 255, 255)
    picture = np.asarray(decoded(PIL.Image.fromarray(pixels)).cut_out().picture)
    assert (picture[:, 20:24, 0] > 200).all()
    assert (picture[:, -24:-20, 2] > 200).all()
    assert picture[..., 1].max() == 0


SPEC = {"stages": [{"size": "64x96", "steps": 1}], "start": {"image": "content"}}


class Still(FakeBackend):
    """Returns the image that it starts from."""

    def start(self, problem, **options):
        session = super().start(problem, **options)
        session.image = lambda: problem.start
        return session


@pytest.mark.parametrize("colours", ["style", "match", "content"])
@pytest.mark.parametrize(("name", "bits"), [("a.png", 8), ("a.png", 16), ("a.tif", 16)])
def test_transfer(tmp_path, name, bits, colours):
    style = PIL.Image.new("RGB", (64, 64), "olive")
    result = nst.transfer(
        rgba(), style, backend=Still(), weights=tiny_weights(), device="cpu", preset="d2l",
        overrides={**SPEC, "colours": colours}, output=Output(keep_alpha=True, bits=bits),
    )  # fmt: skip
    result.save(tmp_path / name)
    with PIL.Image.open(tmp_path / name) as picture:
        pixels = np.asarray(picture).astype(int)
    np.testing.assert_array_equal(pixels[..., 3], ALPHA)
    assert np.abs(pixels[..., :3] - COLOUR).max() <= 2


def test_batch(tmp_path, monkeypatch):
    rgba().save(tmp_path / "content.png")
    PIL.Image.new("RGB", (64, 64), "olive").save(tmp_path / "style.png")
    shared = SharedResources()
    monkeypatch.setattr(shared, "backend", lambda name: Still())
    monkeypatch.setattr(shared, "weights", lambda source: tiny_weights())
    spec = merging.merged(presets.table("d2l"), SPEC)
    job = Job(
        content=str(tmp_path / "content.png"), style=str(tmp_path / "style.png"),
        output=str(tmp_path / "a.tif"), spec=Spec.from_table(spec).to_table(),
        run={"keep_alpha": True, "device": "cpu"}, max_pixels=10**6,
    )  # fmt: skip
    assert run_job(job, shared=shared).status == "done"
    with PIL.Image.open(tmp_path / "a.tif") as picture:
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels[..., 3], ALPHA)
    assert (pixels[..., :3] == COLOUR).all()


def test_webp_keeps_the_colours_of_hidden_pixels(tmp_path):
    image = np.full((64, 96, 3), np.array(COLOUR) / 255, np.float32)
    finish = EncodeOptions(alpha=PIL.Image.fromarray(ALPHA))
    write(image, tmp_path / "a.webp", finish=finish)
    with PIL.Image.open(tmp_path / "a.webp") as picture:
        assert np.abs(np.asarray(picture).astype(int)[..., :3] - COLOUR).max() <= 3
