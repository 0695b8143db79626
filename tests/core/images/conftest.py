"""Images that the tests of several modules write."""

import numpy as np
import PIL.Image
import pytest


@pytest.fixture
def image():
    """A smooth picture that leaves [0, 1] a little, as results do."""
    rows, columns = np.mgrid[0:40, 0:60].astype(np.float32)
    planes = [rows / 39, columns / 59, (rows + columns) / 98]
    return np.stack(planes, axis=2) * 1.1 - 0.05


@pytest.fixture
def sky():
    """A dark sky: 300 columns over 30 levels of 8 bits, out of [0, 1] at one corner."""
    rows, columns = np.mgrid[0:20, 0:300].astype(np.float32)
    sky = np.stack([columns / 2550, 0.1 + columns / 2550, 0.2 + rows / 1000], axis=2)
    sky[0, 0], sky[0, 1] = -0.5, 1.5
    return sky


@pytest.fixture
def photograph(tmp_path):
    """A function that writes a content picture with EXIF data of every kind."""

    def make(name, **tags):
        exif = PIL.Image.Exif()
        exif[271], exif[306], exif[33432], exif[274] = "Maker", "2024:05:06 07:08:09", "© Me", 6
        exif[270], exif[305], exif[282] = "A holiday", "Editor", 300.0
        exif[0x8769] = {36867: "2024:05:06 07:08:09", 33434: 0.005, 37500: b"notes", 42033: "S1"}
        exif[0x8825] = {1: "N", 2: (48.0, 30.0, 0.0)}
        path = tmp_path / name
        PIL.Image.new("RGB", (30, 20), "olive").save(path, exif=exif)
        return path

    return make
