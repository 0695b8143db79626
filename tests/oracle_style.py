"""The oracle's style losses of regions, by Gram matrices or by the Wasserstein distance.

Features are (C, H, W). A density (H, W) is the weight of each pixel; it sums to 1. Formulas: Gatys
et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017), for guided Gram matrices;
Olkin and Pukelsheim (1982) for the distance of two normal distributions; Crowson's
style-transfer-pytorch for the scaled distance and for the epsilon of the covariances.
"""

import numpy as np
import oracle

EPSILON = 1e-4


def shrunk(guide, tap):
    """Return the guide at a tap: the mean over the pixels from which a feature was pooled."""
    side = 2 ** (int(tap[4]) - 1)
    height, width = guide.shape[0] // side, guide.shape[1] // side
    out = np.empty((height, width))
    for row, column in np.ndindex(height, width):
        window = guide[row * side : (row + 1) * side, column * side : (column + 1) * side]
        out[row, column] = window.mean()
    return out


def densities(guides, tap, shape):
    """Return (areas, densities) by region; a density is None if nothing is left of the region."""
    if guides is None:
        return [1.0], [np.full(shape, 1 / np.prod(shape))]
    small = [shrunk(guide, tap) for guide in np.asarray(guides, np.float64)]
    whole = sum(guide.sum() for guide in small)
    areas = [guide.sum() / whole for guide in small]
    return areas, [
        guide / guide.sum() if area else None for guide, area in zip(small, areas, strict=True)
    ]


def moments(features, density):
    """Return mean (C,) and second moment E[f f^T] (C, C) of the pixels."""
    flat, weights = features.reshape(len(features), -1), density.ravel()
    return flat @ weights, (flat * weights) @ flat.T


def moments_backward(features, density, mean_gradient, second_gradient):
    flat = features.reshape(len(features), -1)
    both = (second_gradient + second_gradient.T) @ flat + mean_gradient[:, None]
    return (both * density.ravel()).reshape(features.shape)


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values)) @ vectors.T


def wasserstein(first, second):
    """Return the squared distance of two (mean, covariance) over C, and two gradients.

    The gradients are with respect to the first mean and covariance. With the optimal map T from
    the first distribution to the second, T = K^-1/2 (K^1/2 L K^1/2)^1/2 K^-1/2, the gradient with
    respect to the covariance K is 1 - T.
    """
    (m, first), (n, second) = first, second
    channels = len(m)
    k, other = (matrix + EPSILON * np.eye(channels) for matrix in (first, second))
    half = root(k)
    middle = root(half @ other @ half)
    inverse = np.linalg.inv(half)
    distance = np.sum((m - n) ** 2) + np.trace(k) + np.trace(other) - 2 * np.trace(middle)
    by_covariance = np.eye(channels) - inverse @ middle @ inverse
    return distance / channels, 2 * (m - n) / channels, by_covariance / channels


def gram_loss(moment, target, distance):
    """Return loss and gradients for second moments, which are C times Gram matrices.

    The gradients are with respect to the mean and to the second moment.
    """
    channels, difference = len(moment[1]), moment[1] - target[1]
    if distance == "scaled":
        loss, gradient = oracle.scaled(difference)
    else:
        loss = np.mean((difference / channels) ** 2)
        gradient = 2 * difference / channels**4
    return loss, np.zeros(channels), gradient


def wasserstein_loss(moment, target):
    """Return loss and gradients for means and second moments, which give the covariances."""
    covariances = [(mean, second - np.outer(mean, mean)) for mean, second in (moment, target)]
    loss, by_mean, by_covariance = wasserstein(*covariances)
    # K = M - m m^T
    return loss, by_mean - 2 * by_covariance @ moment[0], by_covariance


def loss_at(tap, sources, *, guides, distance, statistics):
    """Return a function from features to style loss and gradient.

    Args:
        tap: The tap of the features.
        sources: (outputs of the network, weight) or (outputs, weight, guides) of every style.
        guides: (R, H, W) of the image, or None.
        distance: `mse` or `scaled`.
        statistics: `gram` or `wasserstein`.
    """
    targets = targets_at(tap, sources)
    return loss_to(targets, tap, guides=guides, distance=distance, statistics=statistics)


def targets_at(tap, sources):
    """Return region -> mean and second moment of the styles' blend at a tap; see `loss_at`."""
    known = []
    for outputs, weight, *given in sources:
        features = outputs[tap]
        mine = given[0] if given else None
        _, found = densities(mine, tap, features.shape[1:])
        known.append((weight, [None if one is None else moments(features, one) for one in found]))
    targets = {region: _blended(known, region) for region in range(len(known[0][1]))}
    return {region: target for region, target in targets.items() if target is not None}


def loss_to(targets, tap, *, guides, distance, statistics):
    """Return the function of `loss_at` for targets from `targets_at`."""

    def loss(features):
        areas, found = densities(guides, tap, features.shape[1:])
        total, gradient = 0.0, np.zeros_like(features)
        for region, (area, density) in enumerate(zip(areas, found, strict=True)):
            if density is None:
                continue
            moment = moments(features, density)
            value, by_mean, by_second = (
                gram_loss(moment, targets[region], distance)
                if statistics == "gram"
                else wasserstein_loss(moment, targets[region])
            )
            total += area * value
            gradient += area * moments_backward(features, density, by_mean, by_second)
        return total, gradient

    return loss


def _blended(known, region):
    """Return the mean of the styles' moments in a region, over the styles that have it."""
    present = [(weight, found[region]) for weight, found in known if found[region] is not None]
    whole = sum(weight for weight, _ in present)
    if not whole:
        return None
    return tuple(
        sum(weight * moment[part] for weight, moment in present) / whole for part in (0, 1)
    )
