"""The oracle's nearest neighbours: hypercolumns, search, losses and gradients, in plain NumPy.

Like `oracle`, to which it belongs, it imports nothing of `nst_core`. Formulas: Kolkin et al.,
"Neural Neighbor Style Transfer" (2022), and its published code. Features are (C, H, W).

Settings are those of `nst_core.backend.Matching`, as a dictionary.
"""

from dataclasses import dataclass

import numpy as np
import oracle
import oracle_style

FLAT = 1e-5


def resampling_matrix(positions, size, length):
    """Return (positions, length): linear interpolation of `length` values with aligned corners.

    The positions are among `size` values, of which the first and the last coincide with those of
    `length`.
    """
    coordinates = positions * (length - 1) / max(1, size - 1)
    return np.maximum(0, 1 - np.abs(coordinates[:, None] - np.arange(length)))


def map_size(outputs, taps, settings):
    height, width = outputs["input"].shape[1:]
    if settings["form"] == "taps":
        return outputs[taps[0]].shape[1:]
    return max(1, height // settings["divisor"]), max(1, width // settings["divisor"])


def blocks(guide, size):
    """Return the means (h, w) of equal blocks of a guide; what is left at the end is dropped."""
    down, right = guide.shape[0] // size[0], guide.shape[1] // size[1]
    out = np.empty(size)
    for row, column in np.ndindex(*size):
        out[row, column] = guide[
            row * down : (row + 1) * down, column * right : (column + 1) * right
        ].mean()
    return out


def regions(guides, taps, size, settings):
    """Return region -> (area, density) on the map, without the regions that vanish there."""
    if guides is None:
        return {0: (1.0, np.full(size, 1 / np.prod(size)))}
    shrunk = [
        blocks(np.asarray(guide, np.float64), size)
        if settings["form"] == "hypercolumn"
        else oracle_style.shrunk(np.asarray(guide, np.float64), taps[0])
        for guide in guides
    ]
    whole = sum(one.sum() for one in shrunk)
    return {
        number: (one.sum() / whole, one / one.sum())
        for number, one in enumerate(shrunk)
        if one.sum() > 0
    }


def sampled(size, samples, key, maps):
    """Return rows and columns: a stride apart, from a drawn offset on.

    The stride is halved until each of `maps` has something there.
    """
    draws = np.random.Generator(np.random.PCG64(key)).random(2)
    stride = int(np.ceil(max(size) / samples)) if samples else 1
    while True:
        axes = []
        for length, draw in zip(size, draws, strict=True):
            step = min(stride, length)
            axes.append(np.arange(length // step) * step + int(draw * step))
        rows, columns = axes
        if stride == 1 or all(one[rows][:, columns].any() for one in maps):
            return rows, columns
        stride //= 2


def sampling_key(seed, picture, name):
    """Return what the offsets of a picture depend on; picture 0 is the image."""
    layers = oracle.LAYERS
    return (*seed, picture, layers.index(name) if name in layers else len(layers))


def rotated(picture, guides):
    """Yield a picture and its guides, turned by 0, 90, 180 and 270 degrees counterclockwise."""
    for times in range(4):
        turned = None if guides is None else np.rot90(guides, times, axes=(1, 2))
        yield np.rot90(picture, times), turned


@dataclass
class Aim:
    """What one region is compared with: positions' indices, weights and unit targets (n, D)."""

    indices: np.ndarray
    weights: np.ndarray
    targets: np.ndarray


class Nearest:
    """The style losses of nearest neighbours.

    Args:
        forward: Picture -> outputs of the network, with `input`.
        styles: (picture, weight, guides or None) of every style.
        weights: Tap -> weight.
        guides: (R, H, W) of the image, or None.
        settings: See `nst_core.backend.Matching`.
    """

    resampling_matrix = staticmethod(resampling_matrix)

    def __init__(self, forward, *, styles, weights, guides, settings):
        self.forward, self.styles, self.guides = forward, styles, guides
        self.settings, self.weights = settings, dict(weights)
        self.groups = {f"nearest {tap}": [tap] for tap in weights}
        if settings["form"] == "hypercolumn":
            self.groups = {"hypercolumn": list(weights)}
        self.aims = self.grids = None

    def weight(self, name):
        return max(self.weights[tap] for tap in self.groups[name])

    def factor(self, name, tap):
        if name != "hypercolumn":
            return 1.0
        largest = self.weight(name)
        share = self.weights[tap] / largest if largest else 1.0
        return share / oracle.CHANNELS[int(tap[4])]

    # --- features on a grid, and back ---

    def _matrices(self, outputs, tap, size, grid):
        return [
            self.resampling_matrix(positions, base, length)
            for positions, base, length in zip(grid, size, outputs[tap].shape[1:], strict=True)
        ]

    def features(self, outputs, name, grid):
        """Return (n, D): the taps' features at the positions of a grid, side by side."""
        size, found = map_size(outputs, self.groups[name], self.settings), []
        for tap in self.groups[name]:
            down, across = self._matrices(outputs, tap, size, grid)
            values = np.einsum("ih,chw,jw->ijc", down, outputs[tap], across)
            found.append(self.factor(name, tap) * values.reshape(-1, values.shape[2]))
        return np.concatenate(found, axis=1)

    def features_backward(self, outputs, name, grid, gradient):
        """Return tap -> (C, H, W) from the gradient (n, D)."""
        size, found, start = map_size(outputs, self.groups[name], self.settings), {}, 0
        for tap in self.groups[name]:
            down, across = self._matrices(outputs, tap, size, grid)
            channels = len(outputs[tap])
            part = gradient[:, start : start + channels].reshape(len(down), len(across), -1)
            start += channels
            found[tap] = self.factor(name, tap) * np.einsum("ih,ijc,jw->chw", down, part, across)
        return found

    # --- the search ---

    def match(self, query, seed):
        """Find the targets at a query picture."""
        self._outputs = {}  # picture's number -> outputs of the network
        outputs = self.forward(query)
        self.grids, self.aims = {}, {}
        for name, taps in self.groups.items():
            size = map_size(outputs, taps, self.settings)
            found = regions(self.guides, taps, size, self.settings)
            grid = sampled(
                size,
                self.settings["samples"],
                sampling_key(seed, 0, name),
                [density for _, density in found.values()],
            )
            self.grids[name] = grid
            mine = self.features(outputs, name, grid)
            self.aims[name] = {
                region: self._aim(name, region, mine, area, density[grid[0]][:, grid[1]], seed)
                for region, (area, density) in found.items()
            }
        self._outputs = {}

    def _aim(self, name, region, mine, area, density, seed):
        weights = area * density.ravel() / density.sum()
        indices = np.flatnonzero(weights)
        offers = [
            (share, *self._nearest(mine[indices], weights[indices], theirs))
            for share, theirs in self._offered(name, region, seed)
        ]
        chosen = shared([(share, cosines) for share, cosines, _ in offers])
        targets = np.stack([targets for _, _, targets in offers])
        return Aim(indices, weights[indices], targets[chosen, np.arange(len(indices))])

    def _offered(self, name, region, seed):
        """Yield (share, features (m, D)) of every style that has something of a region."""
        picture = 0
        for image, weight, guides in self.styles:
            if not weight:
                continue
            pictures = (
                list(rotated(image, guides)) if self.settings["rotations"] else [(image, guides)]
            )
            found = []
            for turned, its in pictures:
                picture += 1
                found += self._offered_by(name, region, turned, its, (*seed, picture))
            if found:
                yield weight, np.concatenate(found)

    def _offered_by(self, name, region, image, guides, key):
        if key not in self._outputs:
            self._outputs[key] = self.forward(image)
        outputs, taps = self._outputs[key], self.groups[name]
        size = map_size(outputs, taps, self.settings)
        members = {
            number: density >= density.max() / 2
            for number, (_, density) in regions(guides, taps, size, self.settings).items()
        }
        rows, columns = sampled(
            size,
            self.settings["style_samples"],
            sampling_key(key[:-1], key[-1], name),
            list(members.values()),
        )
        if region not in members:
            return []
        inside = members[region][rows][:, columns].ravel()
        return [self.features(outputs, name, (rows, columns))[inside]]

    def _nearest(self, mine, weights, theirs):
        """Return (n,) cosines of the nearest features, and the unit targets (n, D)."""
        centred = self.settings["centred_search"]
        mean = np.average(mine, axis=0, weights=weights)
        cosines = (
            directions(mine, mean * centred)[0]
            @ directions(theirs, theirs.mean(axis=0) * centred)[0].T
        )
        best = np.argmax(cosines, axis=1)  # the first of equal ones
        center = theirs.mean(axis=0) * self.settings["centred_loss"]
        return cosines.max(axis=1), directions(theirs[best], center)[0]

    # --- the losses ---

    def evaluate(self, outputs):
        """Return name -> (loss, tap -> gradient), not weighted."""
        found = {}
        for name, aims in self.aims.items():
            grid = self.grids[name]
            mine = self.features(outputs, name, grid)
            total, gradient = 0.0, np.zeros_like(mine)
            for aim in aims.values():
                loss, part = self._loss(mine[aim.indices], aim)
                total += loss
                gradient[aim.indices] += part
            found[name] = total, self.features_backward(outputs, name, grid, gradient)
        return found

    def _loss(self, mine, aim):
        mean = np.average(mine, axis=0, weights=aim.weights) * self.settings["centred_loss"]
        units, inverse = directions(mine, mean)
        cosines = np.sum(units * aim.targets, axis=1)
        gradient = -(aim.weights * inverse)[:, None] * (aim.targets - cosines[:, None] * units)
        if self.settings["centred_loss"]:
            # Every feature is part of the mean, with its weight.
            shares = aim.weights / aim.weights.sum()
            gradient = gradient - shares[:, None] * gradient.sum(axis=0)
        return np.sum(aim.weights * (1 - cosines)), gradient


def directions(features, mean):
    """Return features less the mean with norm 1, and the inverse norms; 0 where flat."""
    difference = features - mean
    norms = np.linalg.norm(difference, axis=1)
    flat = norms <= FLAT * np.linalg.norm(features, axis=1)
    inverse = np.where(flat, 0.0, 1 / np.where(flat, 1.0, norms))
    return difference * inverse[:, None], inverse


def shared(offers):
    """Return which style each position takes its target from.

    Styles choose one after the other. Each takes its share of the positions that are left, counted
    among the styles that are left: those where its cosine is the most above the others'.
    """
    count = len(offers[0][1])
    chosen, left = np.full(count, len(offers) - 1), list(range(count))
    for style in range(len(offers) - 1):
        whole = sum(share for share, _ in offers[style:])
        taken = int(np.floor(offers[style][0] / whole * len(left) + 0.5))

        def disadvantage(position, style=style):
            others = max(cosines[position] for _, cosines in offers[style + 1 :])
            return others - offers[style][1][position]

        order = sorted(left, key=disadvantage)  # stable: the first positions come first
        chosen[order[:taken]] = style
        left = sorted(order[taken:])
    return chosen
