"""The script that measures the equalising constants."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights import measure_activations
from nst_core.weights.oxford import MEAN_ACTIVATIONS

# The eleven-picture measurement that the first thirteen constants are.
FIRST_THIRTEEN = (
    *(22.61, 99.47, 118.1, 114.86, 124.7, 155.41, 324.56),
    *(480.76, 455.82, 289.17, 148.97, 35.77, 36.08),
)


def test_constants_stand_for_every_layer_in_order():
    assert tuple(MEAN_ACTIVATIONS) == tuple(layer.name for layer in CONVOLUTIONS)
    assert tuple(MEAN_ACTIVATIONS.values())[:13] == FIRST_THIRTEEN


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    values = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def test_script_prints_measured_means(picture, monkeypatch, capsys):
    monkeypatch.setattr(measure_activations, "HEIGHT", 32)
    monkeypatch.setattr(measure_activations, "WIDTH", 48)
    assert measure_activations.main([str(picture), str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(MEAN_ACTIVATIONS)
    assert lines[0].split()[-1] != "nan"


def test_script_s_mistakes_are_one_line(picture, capsys):
    assert measure_activations.main([]) == 2
    assert capsys.readouterr().err.startswith("usage: ")
    picture.write_bytes(b"no picture")
    assert measure_activations.main([str(picture)]) == 2
    assert capsys.readouterr().err == f"{picture} can't be read as a picture\n"


def test_script_runs_as_a_module():
    command = [sys.executable, "-m", "nst_core.weights.measure_activations"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("usage: ")
