"""README's picture, with a painting that is there already."""

import PIL.Image


def test_the_painting_keeps_its_size_beside_the_pair(script, tmp_path):
    PIL.Image.new("RGB", (96, 64), "red").save(tmp_path / "hero.png")
    done = script("hero.py", "--directory", tmp_path, "--output", tmp_path / "hero.jpg")
    assert (done.returncode, done.stderr) == (0, "")
    with PIL.Image.open(tmp_path / "hero.jpg") as sheet:
        assert sheet.size == (42 + 8 + 96, 64)
        red, green, blue = sheet.convert("RGB").getpixel((100, 32))
    assert red > 200
    assert max(green, blue) < 60
