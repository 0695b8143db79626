import math

import numpy as np
import pytest
import torch

from nst_core.optimisers import LBFGS, Diverged
from nst_core.optimisers.lbfgs import EXPLOSION_FACTOR, EXPLOSION_STEPS

SHAPE = (4, 5, 3)


def _quadratic(size=12):
    scales = np.geomspace(0.3, 30, size)

    def evaluate(x):
        return float(scales @ (x - 1) ** 2) / 2, (scales * (x - 1)).astype(x.dtype)

    return evaluate, np.linspace(-1, 2, size)


def _rosenbrock():
    def evaluate(x):
        a, b = x
        gradient = np.array([-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)])
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2, gradient

    return evaluate, np.array([-1.2, 1.0])


def _style():
    """A Gram loss of an image, fourth order in its pixels, and a content loss."""
    generator = np.random.default_rng(3)
    content, target = generator.normal(size=SHAPE), np.eye(3) * 0.7 + 0.2
    pixels = SHAPE[0] * SHAPE[1]

    def evaluate(x):
        flat = x.reshape(-1, 3)
        off = flat.T @ flat / pixels - target
        loss = 10 * np.sum(off**2) + np.sum((x - content) ** 2)
        gradient = 40 / pixels * (flat @ off).reshape(SHAPE) + 2 * (x - content)
        return float(loss), gradient.astype(x.dtype)

    return evaluate, generator.normal(size=SHAPE)


PROBLEMS = {"quadratic": _quadratic, "rosenbrock": _rosenbrock, "style": _style}
problems = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())


def _torch_steps(evaluate, x, steps, **options):
    """Yield x after every step of PyTorch's, one iteration each."""
    variable = torch.tensor(x, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [variable], max_iter=1, tolerance_grad=0, tolerance_change=0, **options
    )

    def closure():
        loss, gradient = evaluate(variable.detach().numpy().copy())
        variable.grad = torch.tensor(gradient)
        return torch.tensor(loss)

    for _ in range(steps):
        optimiser.step(closure)
        yield variable.detach().numpy().copy()


def _relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("history", [3, 20, 100])
@pytest.mark.parametrize("learning_rate", [1.0, 0.5])
@problems
def test_the_steps_are_torchs(problem, learning_rate, history):
    evaluate, x = problem()
    if problem is _rosenbrock:
        history = max(history, 20)  # with 3, both explode
    ours = LBFGS(x, history=history, learning_rate=learning_rate)
    for theirs in _torch_steps(evaluate, x, 30, lr=learning_rate, history_size=history):
        ours.step(evaluate)
        assert _relative(ours.x, theirs) < 1e-10


def test_pairs_without_curvature_are_left_out_as_in_torch():
    def evaluate(x):  # cos: the curvature is negative around the start
        return float(np.cos(x).sum()), -np.sin(x)

    x = np.array([0.1, 0.3, -0.2])
    ours = LBFGS(x)
    for theirs in _torch_steps(evaluate, x, 20, lr=1.0):
        ours.step(evaluate)
        assert _relative(ours.x, theirs) < 1e-10


def test_a_scaled_loss_is_what_torch_is_given_scaled():
    evaluate, x = _style()

    def faint(x):
        loss, gradient = evaluate(x)
        return loss * 1e-7, gradient * 1e-7

    ours, unscaled = LBFGS(x, loss_scale=1e7), LBFGS(x)
    for theirs in _torch_steps(evaluate, x, 20, lr=1.0):
        ours.step(faint)
        unscaled.step(faint)
        assert _relative(ours.x, theirs) < 1e-7
    assert ours.loss == pytest.approx(faint(ours.x)[0], rel=1e-12)
    assert unscaled.loss > 0.99 * faint(x)[0]  # why the scale is there


@problems
def test_one_evaluation_a_step_and_one_more(problem):
    evaluate, x = problem()
    points = []

    def noted(x):
        points.append(x)
        return evaluate(x)

    optimiser = LBFGS(x)
    assert math.isnan(optimiser.loss)
    for number in range(1, 11):
        optimiser.step(noted)
        assert (optimiser.iterations, optimiser.evaluations) == (number, number + 1)
        assert len(points) == number + 1
        assert optimiser.loss == evaluate(optimiser.x)[0]
    losses = [evaluate(point)[0] for point in points]
    assert optimiser.best_loss == min(losses)
    np.testing.assert_array_equal(optimiser.best_x, points[int(np.argmin(losses))])


def test_the_best_is_kept_while_the_loss_rises():
    evaluate, x = _quadratic()
    optimiser = LBFGS(x, learning_rate=2.2)
    losses, points = [evaluate(x)[0]], [x]
    for _ in range(8):
        optimiser.step(evaluate)
        losses.append(optimiser.loss)
        points.append(optimiser.x)
    best = int(np.argmin(losses))
    assert losses[-1] > losses[best]
    assert optimiser.best_loss == losses[best]
    np.testing.assert_array_equal(optimiser.best_x, points[best])


@problems
def test_every_searched_step_meets_the_wolfe_conditions(problem):
    evaluate, x = problem()
    optimiser = LBFGS(x, line_search="strong_wolfe")
    loss, gradient = evaluate(optimiser.x)
    first = np.abs(gradient).max()
    for _ in range(60):
        before, evaluations = optimiser.x, optimiser.evaluations
        optimiser.step(evaluate)
        assert optimiser.evaluations - evaluations <= 26
        slope = np.vdot(gradient, optimiser.x - before)
        old, (loss, gradient) = loss, evaluate(optimiser.x)
        assert loss <= old + 1e-4 * slope
        assert abs(np.vdot(gradient, optimiser.x - before)) <= 0.9 * abs(slope) * (1 + 1e-9)
        if np.abs(gradient).max() < 1e-7 * first:
            break
    assert np.abs(gradient).max() < 1e-7 * first


@problems
def test_the_search_needs_no_more_than_torchs(problem):
    evaluate, x = problem()
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return evaluate(x)

    optimiser = LBFGS(x, line_search="strong_wolfe")
    for _ in range(10):
        optimiser.step(evaluate)
    variable = torch.tensor(x, requires_grad=True)
    theirs = torch.optim.LBFGS([variable], max_iter=10, max_eval=999, line_search_fn="strong_wolfe")

    def closure():
        loss, gradient = counted(variable.detach().numpy().copy())
        variable.grad = torch.tensor(gradient)
        return torch.tensor(loss)

    theirs.step(closure)
    assert optimiser.evaluations <= calls + 2
    assert optimiser.loss <= 2 * evaluate(variable.detach().numpy())[0] + 1e-12


def test_the_search_refuses_a_decrease_that_is_too_small():
    def evaluate(x):  # falls by 1e-5 from 0 to 1, and is flat there
        cubic, square = 2e-5 - 1, 2 - 3e-5
        return float(cubic * x**3 + square * x**2 - x), np.array(
            3 * cubic * x**2 + 2 * square * x - 1
        )

    optimiser = LBFGS(np.array(0.0), line_search="strong_wolfe")
    optimiser.step(evaluate)
    assert optimiser.loss < -0.1


def test_a_search_that_finds_nothing_lower_starts_anew_down_the_gradient():
    right, tried = True, []
    honest, x = _quadratic()

    def evaluate(x):
        tried.append(x)
        loss, gradient = honest(x)
        return (loss, gradient) if right else (1e9, gradient)

    optimiser = LBFGS(x, line_search="strong_wolfe")
    for _ in range(3):
        optimiser.step(evaluate)
    before, gradient, right = optimiser.x, honest(optimiser.x)[1], False
    optimiser.step(evaluate)
    assert optimiser.x is before
    assert len(optimiser.state()["s"]) == 0
    tried.clear()
    optimiser.step(evaluate)
    length = min(1, 1 / np.abs(gradient).sum())
    np.testing.assert_allclose(tried[0], before - length * gradient, rtol=1e-12)
    right = True
    optimiser.step(evaluate)
    assert optimiser.loss < honest(before)[0]


def test_the_search_backs_away_from_what_is_not_finite():
    def evaluate(x):  # finite only below 1, and the first step goes to 3
        inside = float(x[0]) < 1
        return (float(x[0] ** 2 - x[0]), 2 * x - 1) if inside else (math.nan, x * math.nan)

    optimiser = LBFGS(np.array([0.0]), learning_rate=3.0, line_search="strong_wolfe")
    for _ in range(5):
        optimiser.step(evaluate)
    assert optimiser.x[0] == pytest.approx(0.5, abs=1e-6)


def test_a_search_without_a_finite_point_is_divergence():
    def evaluate(x):
        return (1.0, np.ones(2)) if not x.any() else (math.nan, np.ones(2))

    optimiser = LBFGS(np.zeros(2), line_search="strong_wolfe")
    with pytest.raises(Diverged, match="iteration 1: the loss is nan"):
        optimiser.step(evaluate)
    assert optimiser.evaluations == 26


def _failing(evaluate, at, non_finite):
    calls = 0

    def failing(x):
        nonlocal calls
        calls += 1
        loss, gradient = evaluate(x)
        if calls < at:
            return loss, gradient
        if non_finite == "gradient":
            gradient.flat[1] = math.inf
            return loss, gradient
        return {"nan": math.nan, "inf": math.inf}[non_finite], gradient

    return failing


@pytest.mark.parametrize(
    ("non_finite", "words"),
    [
        ("nan", "the loss is nan"),
        ("inf", "the loss is inf"),
        ("gradient", "the gradient is not finite"),
    ],
)
def test_divergence_keeps_the_best(non_finite, words):
    evaluate, x = _style()
    failing = _failing(evaluate, 7, non_finite)
    optimiser = LBFGS(x)
    for _ in range(5):
        optimiser.step(failing)
    best, last = optimiser.best_x.copy(), optimiser.x.copy()
    with pytest.raises(Diverged) as raised:
        optimiser.step(failing)
    message = str(raised.value)
    assert f"iteration 6: {words}" in message
    assert "try a smaller learning rate" in message
    assert "\n" not in message
    np.testing.assert_array_equal(optimiser.best_x, best)
    np.testing.assert_array_equal(optimiser.x, last)
    assert optimiser.best_loss == evaluate(best)[0]
    optimiser.step(evaluate)  # its own state is unharmed
    assert optimiser.loss < 2 * optimiser.best_loss


def test_a_start_that_is_not_finite():
    with pytest.raises(Diverged, match="iteration 0"):
        LBFGS(np.zeros(3)).step(lambda x: (math.nan, x))


def _basin(x):
    """Flat in the middle, so that a step from there goes far out, where it is steep."""
    return float(np.sum(x**4) + 1e-2 * np.sum(x)), 4 * x**3 + 1e-2


def test_a_step_far_out_that_comes_back_is_no_divergence_as_in_torch():
    x = np.array([0.1, -0.02, 0.05])
    ours, losses = LBFGS(x), []
    for theirs in _torch_steps(_basin, x, 20, lr=1.0):
        ours.step(_basin)
        losses.append(ours.loss)
        assert _relative(ours.x, theirs) < 1e-10
    assert max(losses) > EXPLOSION_FACTOR * _basin(x)[0]
    assert losses[-1] < _basin(x)[0]


def test_staying_far_out_is_divergence():
    calls = 0

    def evaluate(x):
        nonlocal calls
        calls += 1
        return 1.0 if calls == 1 else 1e6, np.ones(3)

    optimiser = LBFGS(np.ones(3, np.float32))
    for _ in range(EXPLOSION_STEPS):
        optimiser.step(evaluate)
    line = f"iteration {EXPLOSION_STEPS + 1}: the loss is 1e.06, after 1 at"
    with pytest.raises(Diverged, match=line):
        optimiser.step(evaluate)
    assert optimiser.best_loss == 1


@pytest.mark.parametrize("line_search", ["none", "backtracking", "strong_wolfe"])
@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("before", [0, 1, 2, 3, 8, 11])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_going_on_from_a_state_is_the_same_to_the_bit(dtype, before, copy, line_search):
    evaluate, x = _style()
    x = x.astype(dtype)
    straight = LBFGS(x, history=4, line_search=line_search)
    for _ in range(before):
        straight.step(evaluate)
    resumed = LBFGS(np.zeros_like(x), history=4, line_search=line_search)
    resumed.step(lambda x: (1.0, np.ones_like(x)))
    resumed.restore(straight.state(copy=copy))
    for _ in range(9):
        straight.step(evaluate)
        resumed.step(evaluate)
        np.testing.assert_array_equal(resumed.x, straight.x)
    ours, theirs = resumed.state(), straight.state()
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)
    assert type(resumed.evaluations) is int


def test_a_state_is_a_copy():
    evaluate, x = _style()
    optimiser = LBFGS(x, history=2)
    for _ in range(5):
        optimiser.step(evaluate)
    state = optimiser.state()
    kept = {name: array.copy() for name, array in state.items()}
    for _ in range(5):
        optimiser.step(evaluate)
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)


def test_a_state_of_another_optimiser_is_refused():
    x = np.zeros(3)
    state = LBFGS(x, history=4).state()
    for other in (LBFGS(np.zeros(4), history=4), LBFGS(x.astype(np.float32), history=4), LBFGS(x)):
        with pytest.raises(ValueError, match="the state"):
            other.restore(state)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gradient", np.zeros((1, 3))),
        ("gradient", np.zeros(3, np.float32)),
        ("best_x", np.zeros(4)),
        ("s", np.zeros((1, 3))),
        ("y", np.zeros((1, 4))),
        ("rho", np.zeros(4)),
        ("pushed", np.array(3.0)),
        ("pushed", np.array(np.nan)),
    ],
)
def test_a_state_that_is_not_whole_is_refused(name, value):
    optimiser = LBFGS(np.ones(3), history=4)
    for _ in range(2):
        optimiser.step(lambda x: (float(x @ x), 2 * x * np.array([1.0, 2.0, 3.0])))
    state = optimiser.state()
    assert state["pushed"] > 0
    LBFGS(np.ones(3), history=4).restore(state)
    with pytest.raises(ValueError, match=r"the state|NaN"):
        LBFGS(np.ones(3), history=4).restore({**state, name: value})


@pytest.mark.parametrize("line_search", ["none", "backtracking", "strong_wolfe"])
def test_float32_gets_as_far_as_float64(line_search):
    evaluate, x = _style()
    single, double = (LBFGS(x.astype(t), line_search=line_search) for t in ("f4", "f8"))
    for _ in range(40):
        single.step(evaluate)
        double.step(evaluate)
    assert single.x.dtype == np.float32
    assert {single.state()[name].dtype for name in ("s", "y", "gradient")} == {np.dtype("f4")}
    assert single.best_loss == pytest.approx(double.best_loss, rel=1e-5)


def test_arrays_larger_than_a_chunk():
    size = 100_003
    scales = np.geomspace(0.5, 5, size)

    def evaluate(x):
        return float(scales @ x**2) / 2, scales * x

    x = np.random.default_rng(0).normal(size=size)
    ours = LBFGS(x)
    for theirs in _torch_steps(evaluate, x, 15, lr=1.0):
        ours.step(evaluate)
        assert _relative(ours.x, theirs) < 1e-10


def test_nothing_is_shared_with_the_caller():
    evaluate, x = _style()
    buffer = np.empty_like(x)
    seen = []

    def reusing(x):
        loss, buffer[:] = evaluate(x)
        seen.append((x, x.copy()))
        return loss, buffer

    mine = x.copy()
    shared, alone = LBFGS(mine), LBFGS(x)
    mine[:] = 99
    for _ in range(6):
        shared.step(reusing)
        buffer[:] = 99
        alone.step(evaluate)
        np.testing.assert_array_equal(shared.x, alone.x)
    for given, copy in seen:
        np.testing.assert_array_equal(given, copy)
    with pytest.raises(ValueError, match="read-only"):
        shared.x[0] = 0


def test_a_stationary_point_stays():
    evaluate, _ = _quadratic()
    optimiser = LBFGS(np.ones(12))
    optimiser.step(evaluate)
    optimiser.step(evaluate)
    assert (optimiser.iterations, optimiser.evaluations, optimiser.loss) == (2, 1, 0)


@pytest.mark.parametrize(
    "options",
    [{"history": 0}, {"learning_rate": 0.0}, {"loss_scale": math.inf}, {"line_search": "wolfe"}],
)
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        LBFGS(np.zeros(2), **options)


def test_arrays_of_other_types_or_shapes():
    with pytest.raises(ValueError, match="int64"):
        LBFGS(np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="gradient"):
        LBFGS(np.zeros(2)).step(lambda x: (0.0, np.zeros(3)))


def test_backtracking_takes_the_first_low_enough_point_and_never_climbs():
    evaluate, x = _style()
    optimiser = LBFGS(x, line_search="backtracking")
    losses = []
    for _ in range(25):
        optimiser.step(evaluate)
        losses.append(optimiser.loss)
    assert losses == sorted(losses, reverse=True)
    assert optimiser.evaluations < 1.3 * optimiser.iterations


def test_backtracking_goes_to_where_the_parabola_is_lowest():
    tried = []

    def evaluate(x):  # along 0...40 the parabola 16 (x - 3)^2 / 2, lowest within its first tenth
        tried.append(float(x))
        return 8 * float(x - 3) ** 2, 16 * (x - 3)

    optimiser = LBFGS(np.array(0.0), learning_rate=40 * 48, line_search="backtracking")
    optimiser.step(evaluate)
    # First at min(1, 1 / |g|) * rate * |g| = 40 * 48, then nearer by a tenth each until it is low.
    np.testing.assert_allclose(tried[:4], [0, 1920, 192, 19.2])
    assert tried[4] == pytest.approx(3.0)
    assert optimiser.loss == pytest.approx(0, abs=1e-20)


def test_backtracking_comes_back_from_an_explosion():
    def evaluate(x):
        return float(np.sum(x**4)), 4 * x**3

    optimiser = LBFGS(np.ones(3), learning_rate=300.0, line_search="backtracking")
    for _ in range(60):
        optimiser.step(evaluate)
    assert optimiser.loss < 1e-6


def test_backtracking_stays_where_nothing_is_lower():
    def evaluate(x):  # a gradient that leads up
        return float(np.sum(x)), -np.ones_like(x)

    optimiser = LBFGS(np.ones(3), line_search="backtracking")
    optimiser.step(evaluate)
    np.testing.assert_array_equal(optimiser.x, np.ones(3))


def test_backtracking_into_nothing_but_faults_diverges():
    def evaluate(x):
        return (1.0 if np.all(x == 1) else math.nan), np.ones_like(x)

    optimiser = LBFGS(np.ones(3), line_search="backtracking")
    with pytest.raises(Diverged, match="the loss is nan"):
        optimiser.step(evaluate)


def test_a_restart_forgets_what_was_learned_of_another_function():
    scales = np.array([1.0, 7.0, 30.0])

    def around(centre):
        return lambda x: (
            float(np.sum(scales * (x - centre) ** 2)),
            2 * scales * (x - centre),
        )

    first = LBFGS(np.zeros(3))
    for _ in range(3):
        first.step(around(np.array([1.0, 2.0, 3.0])))
    fresh = LBFGS(first.x)
    first.restart()
    assert np.isnan(first.loss)
    for _ in range(3):
        for each in (first, fresh):
            each.step(around(np.array([-9.0, 0.0, 4.0])))
        np.testing.assert_array_equal(first.x, fresh.x)
    np.testing.assert_array_equal(first.best_x, fresh.best_x)
