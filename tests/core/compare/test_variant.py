"""Variants and their names."""

from pathlib import Path

from nst_core.compare.variant import Variant


def test_names_of_pictures_stay_in_the_directory():
    one = Variant(label="../a b/$c", preset="", backend="", spec={})
    assert Path(f"{one.stem}.png").name == f"{one.stem}.png" == "result-..-a-b-c.png"
