"""Nearest neighbours between steps: the queries that core mixes, and when they are sought."""

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.run.matching_stepper import mixed

GREY = np.full((64, 96, 3), 128, np.uint8)
DARK = np.full((64, 96, 3), 64, np.uint8)
STAGES = [{"size": "16x24", "steps": 5}, {"size": "32x48", "steps": 2}]
NEAREST = {
    "stages": STAGES,
    "colours": "style",
    "neighbours": {"layers": ["relu1_1"], "every": 2, "content_share": 0.75},
    "optimiser": {"learning_rate": 0.5},
    "schedule": {"factor": 1.0},
    "start": {"seed": 9},
}


def run(backend, over=NEAREST, **options):
    return nst.transfer(
        GREY, DARK, backend=backend, weights=tiny_weights(), device="cpu", preset="d2l",
        overrides=over, **options,
    )  # fmt: skip


def queries(backend):
    """Return the queries of all stages, in the order of the searches."""
    found, matches = [], [entry[1] for entry in backend.calls if entry[0] == "match"]
    sizes = {problem.start.shape: problem.query for problem in backend.problems}
    for shape, first in sizes.items():
        found += [first, *(one for one in matches if one.image.shape == shape)]
    return found


def test_the_first_stage_looks_from_the_content_and_then_from_a_mixture():
    backend = FakeBackend()
    run(backend)
    first, second, third, other = queries(backend)
    content = 128 / 255
    np.testing.assert_allclose(first.image, content, rtol=1e-6)
    # A fake step adds the learning rate. Two steps lie between two searches.
    np.testing.assert_allclose(second.image, content + 0.25 * 2 * 0.5, rtol=1e-6)
    np.testing.assert_allclose(third.image, content + 0.25 * 4 * 0.5, rtol=1e-6)
    # The second stage starts from the image of the first one, after its five steps.
    np.testing.assert_allclose(other.image, content + 0.25 * 5 * 0.5, rtol=1e-6)
    assert other.image.shape == (32, 48, 3)
    assert [one.seed for one in (first, second, third, other)] == [
        (9, 0, 0), (9, 0, 1), (9, 0, 2), (9, 1, 0),
    ]  # fmt: skip


def test_targets_are_sought_once_per_stage_without_every():
    backend = FakeBackend()
    run(backend, {**NEAREST, "neighbours": {**NEAREST["neighbours"], "every": 0}})
    assert not [entry for entry in backend.calls if entry[0] == "match"]
    assert all(problem.query for problem in backend.problems)


def test_without_neighbours_there_is_no_query():
    backend = FakeBackend()
    run(backend, {"stages": STAGES, "colours": "style"})
    assert all(problem.query is None for problem in backend.problems)


@pytest.mark.parametrize("at", [1, 2, 3, 4, 6])
def test_a_resumed_run_looks_from_the_same_images(at, tmp_path):
    whole, stopped = FakeBackend(), FakeBackend()
    result = run(whole)
    path, count = tmp_path / "run.nst", iter(range(1, 99))
    with pytest.raises(nst.Interrupted):
        run(stopped, checkpoint=path, stop=lambda: next(count) == at)
    resumed = FakeBackend()
    np.testing.assert_array_equal(run(resumed, resume=path).image, result.image)
    # The query of the checkpoint is where the resumed session starts: nothing is sought twice.
    wanted = queries(whole)
    found = queries(resumed)
    assert [one.seed for one in found] == [one.seed for one in wanted][-len(found) :]
    for one, other in zip(found, wanted[-len(found) :], strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_a_stage_may_have_no_neighbours():
    backend = FakeBackend()
    stages = [STAGES[0], {**STAGES[1], "neighbours": {"layers": []}, "style": {"weight": 3.0}}]
    run(backend, {**NEAREST, "stages": stages})
    first, second = (problem.objective for problem in backend.problems)
    assert (len(first.neighbours), len(second.neighbours)) == (1, 0)
    assert second.style["relu1_1"] == 3.0
    assert backend.problems[1].query is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mixture_has_the_dtype_of_the_image(dtype):
    content, image = np.full((1, 1, 3), 0.5, np.float32), np.full((1, 1, 3), 1.0, dtype)
    found = mixed(content, image, share=0.75)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, 0.625)
