"""The search for nearest neighbours, and the memory that is said to be enough for it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conformance.cases import MATCHED, MATCHED_TAPS

from nst_core.backend import Execution, Query
from nst_core.backend.footprint import StageSize
from nst_pytorch import BACKEND, nearest
from nst_pytorch.nearest import _Set


def features(*rows):
    values = torch.tensor(rows, dtype=torch.float64)
    return _Set(values, torch.zeros(values.shape[1], dtype=torch.float64))


@pytest.mark.parametrize("rows", [1, 2, 1024])
def test_of_equally_near_features_the_first_counts(monkeypatch, rows):
    monkeypatch.setattr(nearest, "STYLE_ROWS", rows)
    monkeypatch.setattr(nearest, "IMAGE_ROWS", rows)
    style = features([0.0, 2.0], [3.0, 0.0], [1.0, 0.0], [0.0, 1.0])
    image = features([5.0, 0.0], [0.0, 0.5], [1.0, 1.0], [0.0, 0.0])
    cosines, indices = nearest.nearest(image, style)
    assert indices.tolist() == [1, 0, 0, 0]
    np.testing.assert_allclose(cosines, [1, 1, 0.5**0.5, 0])


def test_the_blocks_of_a_search_do_not_matter(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    image, style = (
        features(*torch.rand(count, 9, generator=generator).tolist()) for count in (70, 50)
    )
    whole = nearest.nearest(image, style)
    monkeypatch.setattr(nearest, "STYLE_ROWS", 7)
    monkeypatch.setattr(nearest, "IMAGE_ROWS", 11)
    found = nearest.nearest(image, style)
    assert torch.equal(found[1], whole[1])
    torch.testing.assert_close(found[0], whole[0])


def test_a_search_uses_the_memory_of_the_last_one():
    session = BACKEND.start(
        MATCHED_TAPS.problem("float32"), device="cpu", dtype="float32", execution=Execution()
    )
    loss = session._joint[0]
    before = [one.data_ptr() for one in loss._targets[0].tensors()]
    values = [one.clone() for one in loss._targets[0].tensors()]
    session.match(query=Query(image=MATCHED_TAPS.probe_image, seed=(0, 0, 7)))
    assert [one.data_ptr() for one in loss._targets[0].tensors()] == before
    after = loss._targets[0].tensors()
    assert not all(torch.equal(*pair) for pair in zip(values, after, strict=True))


def test_samples_bound_the_memory():
    sides = StageSize((512, 512), ((512, 512),))

    def taken(**matching):
        objective = MATCHED.objective
        objective = replace(objective, matching=replace(objective.matching, **matching))
        found = BACKEND.footprint(
            objective=objective, size=sides, device="cpu", dtype="float32", execution=Execution()
        )
        return found.style, found.content

    assert taken(style_samples=32)[0] < taken()[0] < taken(rotations=True)[0]
    assert taken(style_samples=32, rotations=True)[0] < taken()[0]
    assert taken(samples=32)[1] < taken()[1]
    assert taken(form="taps", samples=32, style_samples=32) < taken(form="taps")
