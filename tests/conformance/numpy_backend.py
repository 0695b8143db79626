"""The smallest complete backend: what a port to another framework has to do.

    pytest tests/conformance --backend conformance.numpy_backend:BACKEND

It computes with the oracle's functions, so it proves nothing about the oracle. Its purposes:

- It is an example to read. A real port replaces each call of `oracle` by its framework's own
  operations, and registers itself under the entry point group `nst.backends`.
- It shows that the suite takes any backend.
- `broken_numbers` and `broken_contract` break it on purpose.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import oracle
import oracle_adam
import oracle_matching
import oracle_pyramid
import oracle_sliced
import oracle_style

from nst_core.arrays import Array, Image
from nst_core.backend import (
    AUTOMATIC,
    AdamState,
    Backend,
    Device,
    DType,
    Evaluation,
    Execution,
    Losses,
    Problem,
    Query,
    StyleTargets,
)
from nst_core.backend.guidance import visibility_at
from nst_core.errors import BackendError, WeightsError
from nst_core.weights import Weights


class NumpySession:
    """An image that is optimised; the variable is the normalised image, here x (3, H, W).

    With `laplacian_levels` it is a pyramid; here z (3, N), its levels laid side by side.
    """

    def __init__(self, problem: Problem, *, dtype: DType) -> None:
        # Everything is computed in `dtype`, whatever dtype the arrays of the problem have.
        self._dtype = dtype
        self._objective, self._adam = problem.objective, problem.adam
        self._architecture = asdict(problem.architecture)
        self._weights = {
            name: np.ascontiguousarray(array, dtype) for name, array in problem.weights.items()
        }
        # The targets never change, so they are computed once.
        self._contents = self._tapped(self._forward(self._normalised(problem.content)))
        self._visibility = problem.visibility
        self._style_targets = (problem.style_targets or self._find_style_targets(problem)).copied()
        self._grams = self._find_grams(problem)
        self._other_style_losses = self._find_other_style_losses(problem)
        self._neighbours = self._find_neighbours(problem)
        self._levels = problem.laplacian_levels
        self._sizes = oracle_pyramid.sizes(*problem.start.shape[:2], self._levels)
        self._x = self._variable(self._normalised(problem.start))
        self._first, self._second = np.zeros_like(self._x), np.zeros_like(self._x)
        self._step = 0
        self._losses: Losses | None = None

    def features(self, *, image: Image) -> Mapping[str, Array]:
        return self._tapped(self._forward(self._normalised(image)))

    def evaluate(self, *, image: Image) -> Evaluation:
        losses, gradient = self._evaluate(self._normalised(image))
        # The gradient is with respect to the image, not to the normalised image.
        return Evaluation(losses=losses, gradient=oracle.image_gradient(gradient).copy())

    def match(self, *, query: Query) -> None:
        if self._neighbours is None:
            raise RuntimeError("this problem has no nearest neighbours")
        self._neighbours.match(query.image, query.seed)

    def step(self, *, learning_rate: float) -> None:
        self._losses, gradient = self._evaluate(self._image(self._x))
        gradient = self._variable_gradient(gradient)
        betas = self._adam.beta1, self._adam.beta2
        self._step += 1
        self._first, self._second = oracle_adam.moments(
            gradient, self._first, self._second, betas=betas
        )
        # Epsilon is added to the corrected root, or to the uncorrected one.
        form = self._adam.epsilon_form
        change = (self._adam_update if form == "paper" else self._mxnet_adam_update)(
            self._first,
            self._second,
            step=self._step,
            betas=betas,
            learning_rate=learning_rate,
            epsilon=self._adam.epsilon,
        )
        self._x = self._x - change

    def losses(self) -> Losses:
        if self._losses is None:
            raise RuntimeError("losses() needs a step first")
        return self._losses

    def image(self) -> Image:
        return oracle.denormalise(self._image(self._x)).copy()  # clipped only in the file

    def style_targets(self) -> StyleTargets:
        return self._style_targets.copied()

    def state(self) -> AdamState:
        return AdamState(
            step=self._step,
            image=_to_picture(self._x),  # normalised, so that resuming is exact
            first_moment=_to_picture(self._first),
            second_moment=_to_picture(self._second),
        )

    def restore(self, *, state: AdamState) -> None:
        self._step = state.step
        self._x = self._from_picture(state.image)
        self._first = self._from_picture(state.first_moment)
        self._second = self._from_picture(state.second_moment)

    # --- the work of the framework: layout, network, losses, gradient, Adam ---

    _gram = staticmethod(oracle.gram)
    _content_loss = staticmethod(oracle.content_loss)
    _scaled_content_loss = staticmethod(oracle.scaled_content_loss)
    _weighted_content_loss = staticmethod(oracle.weighted_content_loss)
    _style_loss = staticmethod(oracle.style_loss)
    _total_variation = staticmethod(oracle.total_variation)
    _weighted_total_variation = staticmethod(oracle.weighted_total_variation)
    _adam_update = staticmethod(oracle_adam.update)
    _mxnet_adam_update = staticmethod(oracle_adam.update_stock_mxnet)
    _nearest = oracle_matching.Nearest

    def _find_neighbours(self, problem: Problem) -> oracle_matching.Nearest | None:
        """Return the losses of nearest neighbours, aimed at the problem's query if it has one."""
        if not self._objective.neighbours:
            return None
        neighbours = self._nearest(
            lambda image: self._forward(self._normalised(image)),
            styles=[(style.image.copy(), share, style.guides) for style, share in problem.shares()],
            weights=self._objective.neighbours,
            guides=problem.guides,
            settings=asdict(self._objective.matching),
        )
        if problem.query is not None:
            neighbours.match(problem.query.image, problem.query.seed)
        return neighbours

    def _neighbour_losses(self, outputs: Mapping[str, Array]) -> Mapping[str, Any]:
        """Return name -> weighted loss and tap -> gradient."""
        if self._neighbours is None:
            return {}
        if self._neighbours.aims is None:
            raise RuntimeError("there was no query yet")
        return {
            name: (
                weight * loss,
                {tap: (weight * one).astype(self._dtype) for tap, one in gradients.items()},
            )
            for name, (loss, gradients) in self._neighbours.evaluate(outputs).items()
            for weight in [self._neighbours.weight(name)]
        }

    def _variable(self, x: Array) -> Array:
        if not self._levels:
            return x
        levels = oracle_pyramid.decompose(x, self._levels)
        return self._from_picture(oracle_pyramid.flatten(levels))

    def _image(self, z: Array) -> Array:
        if not self._levels:
            return z
        levels = oracle_pyramid.unflatten(z.T, self._sizes)
        return np.asarray(oracle_pyramid.compose(levels), self._dtype)

    def _variable_gradient(self, gradient: Array) -> Array:
        if not self._levels:
            return gradient
        levels = oracle_pyramid.compose_adjoint(gradient, self._levels)
        return self._from_picture(oracle_pyramid.flatten(levels))

    def _find_style_targets(self, problem: Problem) -> StyleTargets:
        """Return the sum over the styles of share times statistics."""
        sources = [
            (self._tapped(self._forward(self._normalised(style.image))), share, style.guides)
            for style, share in problem.shares()
        ]
        if self._plain(problem):
            return StyleTargets(
                statistics={
                    tap: {0: (sum(share * self._gram(found[tap]) for found, share, _ in sources),)}
                    for tap in self._objective.style
                }
            )
        if self._objective.style_statistics == "sliced-wasserstein":
            return StyleTargets(
                statistics={
                    tap: {
                        region: (found,)
                        for region, found in oracle_sliced.targets_at(
                            tap, sources, **self._drawn
                        ).items()
                    }
                    for tap in self._objective.style
                }
            )
        gram = self._objective.style_statistics == "gram"
        return StyleTargets(
            statistics={
                tap: {
                    region: ((second / len(mean)).astype(self._dtype),) if gram else (mean, second)
                    for region, (mean, second) in oracle_style.targets_at(tap, sources).items()
                }
                for tap in self._objective.style
            }
        )

    def _find_grams(self, problem: Problem) -> dict[str, Array]:
        """Return tap -> Gram matrix, if style losses compare those of whole pictures."""
        statistics = self._style_targets.statistics
        return (
            {tap: found[0][0] for tap, found in statistics.items()} if self._plain(problem) else {}
        )

    def _find_other_style_losses(self, problem: Problem) -> Mapping[str, Callable[[Array], Any]]:
        """Return tap -> style loss, if they compare other statistics."""
        objective = self._objective
        if self._plain(problem):
            return {}
        if objective.style_statistics == "sliced-wasserstein":
            return {
                tap: oracle_sliced.loss_to(
                    {region: table for region, (table,) in found.items()},
                    tap,
                    guides=problem.guides,
                    **self._drawn,
                )
                for tap, found in self._style_targets.statistics.items()
            }
        return {
            tap: oracle_style.loss_to(
                {region: _moments(*arrays) for region, arrays in found.items()},
                tap,
                guides=problem.guides,
                distance=objective.style_distance,
                statistics=objective.style_statistics,
            )
            for tap, found in self._style_targets.statistics.items()
        }

    @property
    def _drawn(self) -> dict[str, int]:
        objective = self._objective
        return {"count": objective.projections, "seed": objective.projection_seed}

    def _plain(self, problem: Problem) -> bool:
        objective = self._objective
        plain = (objective.style_statistics, objective.style_distance) == ("gram", "mse")
        return plain and problem.guides is None

    def _content_loss_at(self, tap: str, features: Array) -> tuple[Any, Array]:
        scaled, content = self._objective.content_distance == "scaled", self._contents[tap]
        weights = visibility_at(self._visibility, tap)
        if weights is not None:
            weights = weights.astype(self._dtype)
            return self._weighted_content_loss(features, content, weights, scaled=scaled)
        return (self._scaled_content_loss if scaled else self._content_loss)(features, content)

    def _variation_of(self, x: Array) -> tuple[Any, Array]:
        if self._visibility is None:
            return self._total_variation(x)
        return self._weighted_total_variation(x, self._visibility.astype(self._dtype))

    def _style_loss_at(self, tap: str, features: Array) -> tuple[Any, Array]:
        other = self._other_style_losses.get(tap)
        return other(features) if other else self._style_loss(features, self._grams[tap])

    def _normalised(self, image: Image) -> Array:
        return np.ascontiguousarray(oracle.normalise(np.array(image, self._dtype)))

    def _from_picture(self, picture: Array) -> Array:
        # The memory order decides the rounding of sums, so it is the same as before `restore`.
        return np.array(np.moveaxis(picture, -1, 0), self._dtype, order="C")

    def _forward(self, x: Array) -> dict[str, Array]:
        return oracle.forward(self._weights, x, self._objective.taps(), **self._architecture)

    def _tapped(self, outputs: Mapping[str, Array]) -> dict[str, Array]:
        return {tap: outputs[tap] for tap in self._objective.taps()}

    def _evaluate(self, x: Array) -> tuple[Losses, Array]:
        outputs = self._forward(x)
        features = self._tapped(outputs)
        gradients = {tap: np.zeros_like(value) for tap, value in features.items()}
        content, style = {}, {}
        for tap, weight in self._objective.content.items():
            loss, gradient = self._content_loss_at(tap, features[tap])
            content[tap] = float(weight * loss)
            gradients[tap] += weight * gradient
        for tap in self._style_targets.statistics:
            weight = self._objective.style[tap]
            loss, gradient = self._style_loss_at(tap, features[tap])
            style[tap] = float(weight * loss)
            gradients[tap] += self._objective.style_multiplicity * weight * gradient
        for name, (loss, by_tap) in self._neighbour_losses(outputs).items():
            style[name] = float(loss)
            for tap, gradient in by_tap.items():
                gradients[tap] += self._objective.style_multiplicity * gradient
        variation, variation_gradient = self._variation_of(x)
        total_variation = float(self._objective.total_variation * variation)
        losses = Losses(
            content=content,
            style=style,
            total_variation=total_variation,
            total=sum(content.values())
            + self._objective.style_multiplicity * sum(style.values())
            + total_variation,
        )
        gradient = oracle.backward(self._weights, outputs, gradients, **self._architecture)
        return losses, gradient + self._objective.total_variation * variation_gradient


class NumpyBackend:
    """The backend: its devices, and how sessions are started on them."""

    name = "numpy"
    version = np.__version__
    session = NumpySession

    def devices(self) -> Sequence[Device]:
        return (Device("cpu", "NumPy, slow"),)

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> NumpySession:
        if device not in {known.name for known in self.devices()}:
            raise BackendError(f"no device {device!r} for NumPy: available is cpu")
        # A backend refuses what it can't do; it does not do something else instead.
        if execution.conv == "winograd" or execution.precision in {"tf32", "bf16"}:
            raise BackendError("NumPy has only direct convolutions, in the dtype that is given")
        if execution.checkpointing:
            raise BackendError("NumPy has no checkpointing")
        return self.session(problem, dtype=dtype)

    def pretrained(self) -> Weights:
        raise WeightsError("NumPy has no model zoo: use bundled weights")


def _moments(*arrays: Array) -> tuple[Array, Array]:
    """Return mean and second moment; a Gram matrix is the latter over C, without a mean."""
    if len(arrays) == 2:
        return arrays
    (gram,) = arrays
    return np.zeros(len(gram)), len(gram) * gram


def _to_picture(x: Array) -> Array:
    return np.moveaxis(x, 0, -1).copy()


BACKEND: Backend = NumpyBackend()
