"""d2l's loop in plain JAX, jitted; nothing else is made faster.

The code is tests/documents/d2l_jax.py: the PyTorch tab of Dive into Deep Learning, "Neural Style
Transfer", line by line. The document itself has no JAX tab.
"""

from __future__ import annotations

import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nst_core.arrays import Image
from nst_core.backend import Losses
from nst_core.vgg19 import LAYERS
from variants import Pictures, VariantInfo
from variants.transcriptions import losses_of, normalised, transcription, unnormalised

document = transcription("d2l_jax")


class Loop:
    """The document's training loop, step by step, from the content image.

    Args:
        pictures: The pictures and weights.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, pictures: Pictures, *, device: str) -> None:
        self._device = jax.devices({"cuda": "gpu"}.get(device, device))[0]
        settings = document.ENGLISH
        with jax.default_device(self._device):
            net = _network(pictures)
            content_x, style_x = (
                jnp.asarray(normalised(image)) for image in (pictures.content, pictures.style)
            )
            contents_y, _ = document.extract_features(net, content_x, settings)
            _, styles_y = document.extract_features(net, style_x, settings)
            grams = [document.gram(y) for y in styles_y]
        self._style_layers = settings.style_layers
        self._epochs = document.epochs(net, content_x, contents_y, grams, settings)
        self._x: Any = content_x
        self._losses: Any = None

    @property
    def info(self) -> VariantInfo:
        """What it reports about itself."""
        on_cpu = self._device.platform == "cpu"
        threads = os.cpu_count() if on_cpu else None
        return VariantInfo(
            objective="d2l",
            device="cpu" if on_cpu else "cuda",
            device_description=f"{threads} threads" if on_cpu else str(self._device.device_kind),
            threads=threads,
        )

    def step(self) -> None:
        """Take a step; JAX only queues it."""
        self._losses, self._x = next(self._epochs)

    def wait(self) -> None:
        """Wait for the step."""
        self._x.block_until_ready()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        contents, styles, tv, total = self._losses
        return losses_of(
            [float(loss) for loss in contents],
            [float(loss) for loss in styles],
            float(tv),
            float(total),
            style_layers=self._style_layers,
        )

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        return unnormalised(np.asarray(self._x))


def _network(pictures: Pictures) -> list[Any]:
    def layer(one: Any) -> Any:
        if one.kind != "conv":
            return one.kind
        return tuple(
            jnp.asarray(pictures.weights[f"{one.name}.{kind}"]) for kind in ("weight", "bias")
        )

    return [layer(one) for one in LAYERS]
