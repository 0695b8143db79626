"""The PyTorch tab of Dive into Deep Learning, "Neural Style Transfer", written in plain JAX.

d2l has no JAX tab for this section. This is its PyTorch code line by line, with JAX's functions for
PyTorch's, in NCHW as there, and the training step jitted: what a reader of the book would write.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    content_layers: tuple[int, ...] = (25,)
    style_layers: tuple[int, ...] = (0, 5, 10, 19, 28)
    content_weight: float = 1
    style_weight: float = 1e4
    tv_weight: float = 10
    lr: float = 0.3
    num_epochs: int = 500
    lr_decay_epoch: int = 50


ENGLISH = Settings()


def extract_features(net, x, settings: Settings):
    """Collect outputs; net has (weight, bias) for a convolution, or the name of another layer.

    In the document ReLUs overwrite the outputs of convolutions, all but the last.
    """
    contents, styles = [], []
    last = max(settings.content_layers + settings.style_layers)
    outputs = []
    for layer in net[: last + 1]:
        if layer == "pool":
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        elif layer == "relu":
            x = jax.nn.relu(x)
            outputs[-1] = x
        else:
            weight, bias = layer
            x = lax.conv_general_dilated(x, weight, (1, 1), "SAME") + bias[None, :, None, None]
        outputs.append(x)
    for i in range(last + 1):
        if i in settings.style_layers:
            styles.append(outputs[i])
        if i in settings.content_layers:
            contents.append(outputs[i])
    return contents, styles


def content_loss(y_hat, y):
    return jnp.square(y_hat - y).mean()


def gram(x):
    num_channels, n = x.shape[1], x.size // x.shape[1]
    x = x.reshape((num_channels, n))
    return jnp.matmul(x, x.T) / (num_channels * n)


def style_loss(y_hat, gram_y):
    return jnp.square(gram(y_hat) - gram_y).mean()


def tv_loss(y_hat):
    return 0.5 * (
        jnp.abs(y_hat[:, :, 1:, :] - y_hat[:, :, :-1, :]).mean()
        + jnp.abs(y_hat[:, :, :, 1:] - y_hat[:, :, :, :-1]).mean()
    )


def compute_loss(x, net, contents_y, styles_y_gram, settings: Settings):
    contents_y_hat, styles_y_hat = extract_features(net, x, settings)
    contents_l = [
        content_loss(y_hat, y) * settings.content_weight
        for y_hat, y in zip(contents_y_hat, contents_y, strict=True)
    ]
    styles_l = [
        style_loss(y_hat, y) * settings.style_weight
        for y_hat, y in zip(styles_y_hat, styles_y_gram, strict=True)
    ]
    tv_l = tv_loss(x) * settings.tv_weight
    total = sum([*styles_l, *contents_l, tv_l])
    return total, (contents_l, styles_l, tv_l, total)


def epochs(net, x, contents_y, styles_y_gram, settings: Settings):
    """Yield the losses of every epoch and the image after it."""
    kinds = tuple(layer if isinstance(layer, str) else "conv" for layer in net)
    arrays = [layer for layer in net if not isinstance(layer, str)]

    def assembled(arrays):
        found = iter(arrays)
        return [next(found) if kind == "conv" else kind for kind in kinds]

    @partial(jax.jit, donate_argnums=(0,))
    def train_step(state, arrays, contents_y, styles_y_gram, lr, epoch):
        x, m, v = state
        (_, losses), gradient = jax.value_and_grad(compute_loss, has_aux=True)(
            x, assembled(arrays), contents_y, styles_y_gram, settings
        )
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * jnp.square(gradient)
        m_hat, v_hat = m / (1 - 0.9**epoch), v / (1 - 0.999**epoch)
        return (x - lr * m_hat / (jnp.sqrt(v_hat) + 1e-8), m, v), losses

    state = jnp.array(x), jnp.zeros_like(x), jnp.zeros_like(x)
    for epoch in range(settings.num_epochs):
        lr = settings.lr * 0.8 ** (epoch // settings.lr_decay_epoch)
        state, losses = train_step(state, arrays, contents_y, styles_y_gram, lr, epoch + 1.0)
        yield losses, state[0]
