"""d2l's MXNet loop as its document has it; nothing is made faster.

Dive into Deep Learning, "Neural Style Transfer", MXNet tab: Gluon's VGG-19, whose ReLUs are not in
place, not frozen and not hybridised, on the number of threads that MXNet chooses. The optimiser is
``gluon.Trainer`` with stock Adam at lr 0.9; content layer 25, style layers 0, 5, 10, 19, 28;
weights 1, 1e4, 10.

The code is tests/documents/d2l_mxnet.py. Only the reading of the pictures is different: all
variants get the same arrays.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from nst_core.arrays import Image
from nst_core.backend import Losses
from nst_core.errors import SpecError
from variants import Pictures, VariantInfo
from variants.transcriptions import losses_of, normalised, transcription, unnormalised

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import np, npx

document = transcription("d2l_mxnet")


class Loop:
    """The document's training loop, step by step, from the content image.

    Args:
        pictures: The pictures and weights.
        device: Only ``cpu``: there was no build of MXNet with CUDA to try the loop on.
    """

    def __init__(self, pictures: Pictures, *, device: str) -> None:
        if device != "cpu":
            raise SpecError(f"d2l-mxnet runs on the CPU here, not on {device!r}")
        npx.set_np()
        settings = document.ENGLISH
        # Of the material, `network` reads only the weights.
        material = transcription("material").Material(
            pictures.content, pictures.style, pictures.weights
        )
        net = document.network(material, settings.dtype)
        content_x, style_x = (
            np.array(normalised(image)) for image in (pictures.content, pictures.style)
        )
        contents_y, _ = document.extract_features(net, content_x)
        _, styles_y = document.extract_features(net, style_x)
        self._x, styles_y_gram, trainer = document.get_inits(content_x, styles_y, settings)
        self._epochs = document.epochs(net, self._x, contents_y, styles_y_gram, trainer, settings)
        self._losses: tuple[Any, Any, Any, Any] | None = None

    @property
    def info(self) -> VariantInfo:
        """What it reports about itself."""
        threads = int(os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 1) // 2))
        return VariantInfo(
            objective="d2l-mxnet",
            device="cpu",
            device_description=f"{threads} threads",
            threads=threads,
        )

    def step(self) -> None:
        """Put a step into MXNet's queue, as the document does."""
        self._losses = next(self._epochs)

    def wait(self) -> None:
        """Wait for everything in the queue."""
        npx.waitall()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        assert self._losses is not None
        contents, styles, tv, total = self._losses
        return losses_of(
            [float(loss) for loss in contents],
            [float(loss) for loss in styles],
            float(tv),
            float(total),
            style_layers=document.STYLE_LAYERS,
        )

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        return unnormalised(self._x.asnumpy())
