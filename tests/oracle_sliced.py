"""The sliced Wasserstein loss, direction by direction and pixel by pixel, in float64.

Like `oracle_style`, to which it belongs, it imports nothing of `nst_core`. Heitz et al., "A Sliced
Wasserstein Loss for Neural Texture Synthesis" (2021), with directions that stay the same, and with
weights of the pixels.
"""

import numpy as np
import oracle
import oracle_style

COUNT = 2048  # quantiles of a style along each direction


def directions(tap, channels, count, seed):
    generator = np.random.Generator(np.random.PCG64([seed, oracle.TAPS.index(tap)]))
    drawn = generator.standard_normal((count, channels))
    return [direction / np.sqrt(np.sum(direction**2)) for direction in drawn]


def quantiles(values, weights):
    """Return the quantiles of weighted values, in the middles of `COUNT` equal parts of [0, 1]."""
    pairs = sorted((v, w) for v, w in zip(values, weights, strict=True) if w > 0)
    before, places = 0.0, []
    for _, weight in pairs:
        places.append(before + weight / 2)
        before += weight
    heights = [value for value, _ in pairs]
    return np.interp((np.arange(COUNT) + 0.5) / COUNT, places, heights)


def quantile(table, at):
    place = min(max(at * COUNT - 0.5, 0), COUNT - 1)
    below = int(place)
    share = place - below
    return (1 - share) * table[below] + share * table[min(below + 1, COUNT - 1)]


def targets_at(tap, sources, *, count, seed):
    """Return region -> quantiles (P, COUNT): the styles' mean, weighted by their shares."""
    by_style = []
    for outputs, share, *given in sources:
        features = outputs[tap]
        _, densities = oracle_style.densities(given[0] if given else None, tap, features.shape[1:])
        drawn = directions(tap, len(features), count, seed)
        flat = features.reshape(len(features), -1)
        found = [
            None
            if density is None
            else np.array([quantiles(direction @ flat, density.ravel()) for direction in drawn])
            for density in densities
        ]
        by_style.append((share, found))
    regions = {}
    for region in range(len(by_style[0][1])):
        present = [
            (share, found[region])
            for share, found in by_style
            if found[region] is not None and share > 0
        ]
        if present:
            whole = sum(share for share, _ in present)
            regions[region] = sum(share / whole * table for share, table in present)
    return regions


def loss_to(targets, tap, *, guides, count, seed):
    """Return a function from features (C, H, W) to loss and gradient."""

    def loss(features):
        areas, densities = oracle_style.densities(guides, tap, features.shape[1:])
        flat = features.reshape(len(features), -1)
        total, gradient = 0.0, np.zeros_like(flat)
        for region, (area, density) in enumerate(zip(areas, densities, strict=True)):
            if density is None:
                continue
            for number, direction in enumerate(directions(tap, len(features), count, seed)):
                values, weights = direction @ flat, density.ravel()
                before = 0.0
                for pixel in sorted(range(len(values)), key=lambda one: (values[one], one)):
                    weight = weights[pixel]
                    target = quantile(targets[region][number], before + weight / 2)
                    before += weight
                    difference = values[pixel] - target
                    total += area * weight * difference**2 / count
                    gradient[:, pixel] += 2 * area * weight * difference / count * direction
        return total, gradient.reshape(features.shape)

    return loss
