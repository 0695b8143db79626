"""d2l's MXNet loop as its document has it: our transcription, nothing made faster.

Dive into Deep Learning, "Neural Style Transfer", MXNet tab: Gluon's VGG-19, whose ReLUs are out of
place, not frozen, not hybridised, on the threads that MXNet takes by itself; ``gluon.Trainer``
with stock Adam at lr 0.9; content layer 25, style layers 0, 5, 10, 19, 28; weights 1, 1e4, 10.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy

from contestants import About, Pictures
from nst_core.arrays import Image
from nst_core.backend import MEAN, STD, Losses
from nst_core.errors import SpecError
from nst_core.vgg19 import CONVOLUTIONS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import autograd, gluon, init, np, npx
    from mxnet.gluon import nn

STYLE_LAYERS, CONTENT_LAYERS = (0, 5, 10, 19, 28), (25,)
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1, 1e4, 10


class SynthesizedImage(nn.Block):  # type: ignore[misc]  # MXNet has no types
    """The document's model, whose parameter is the image."""

    def __init__(self, img_shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = self.params.get("weight", shape=img_shape)

    def forward(self) -> Any:
        """Return the image."""
        return self.weight.data()


class Loop:
    """The document's training loop, a step at a time, at the content image.

    Args:
        pictures: The pictures and weights.
        device: ``cpu`` only: no build of MXNet with CUDA was at hand to transcribe it on.
    """

    def __init__(self, pictures: Pictures, *, device: str) -> None:
        if device != "cpu":
            raise SpecError(f"d2l-mxnet runs on the CPU here, not on {device!r}")
        npx.set_np()
        self._net = _network(pictures)
        content_x, style_x = _preprocess(pictures.content), _preprocess(pictures.style)
        self._contents_y, _ = _extract(self._net, content_x)
        _, styles_y = _extract(self._net, style_x)
        gen_img = SynthesizedImage(content_x.shape)
        gen_img.initialize(init.Constant(content_x), force_reinit=True)
        self._trainer = gluon.Trainer(gen_img.collect_params(), "adam", {"learning_rate": 0.9})
        self._styles_gram = [_gram(y) for y in styles_y]
        self._x, self._done = gen_img(), 0
        self._losses: list[Any] = []

    @property
    def about(self) -> About:
        """What it is."""
        threads = int(os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 1) // 2))
        return About(
            objective="d2l-mxnet",
            device="cpu",
            device_description=f"{threads} threads",
            threads=threads,
        )

    def step(self) -> None:
        """Take a step as the document does; it is only queued."""
        with autograd.record():
            contents, styles = _extract(self._net, self._x)
            content = [
                np.square(a - b).mean() * CONTENT_WEIGHT
                for a, b in zip(contents, self._contents_y, strict=True)
            ]
            style = [
                np.square(_gram(a) - b).mean() * STYLE_WEIGHT
                for a, b in zip(styles, self._styles_gram, strict=True)
            ]
            tv = _tv(self._x) * TV_WEIGHT
            loss = sum([*style, *content, tv])
        loss.backward()
        self._trainer.step(1)
        self._done += 1
        if self._done % 50 == 0:
            self._trainer.set_learning_rate(self._trainer.learning_rate * 0.8)
        self._losses = [*content, *style, tv, loss]

    def wait(self) -> None:
        """Wait for everything that is queued."""
        npx.waitall()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        content, *style, tv, total = (float(loss) for loss in self._losses)
        taps = (f"layer {index}" for index in STYLE_LAYERS)
        return Losses(
            content={"layer 25": content},
            style=dict(zip(taps, style, strict=True)),
            total_variation=tv,
            total=total,
        )

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        x = self._x.asnumpy()[0].transpose(1, 2, 0)
        image: Image = x * numpy.array(STD, numpy.float32) + numpy.array(MEAN, numpy.float32)
        return image


def _network(pictures: Pictures) -> Any:
    pretrained = gluon.model_zoo.vision.vgg19()
    for layer in CONVOLUTIONS:
        block = pretrained.features[layer.index]
        for name in ("weight", "bias"):
            array = pictures.weights[f"{layer.name}.{name}"]
            parameter = getattr(block, name)
            parameter.shape = array.shape
            parameter.initialize()
            parameter.set_data(np.array(numpy.array(array)))
    net = nn.Sequential()
    for i in range(max(CONTENT_LAYERS + STYLE_LAYERS) + 1):
        net.add(pretrained.features[i])
    return net


def _preprocess(image: Image) -> Any:
    normalised = (image - numpy.array(MEAN, numpy.float32)) / numpy.array(STD, numpy.float32)
    return np.array(normalised.transpose(2, 0, 1)[None])


def _extract(net: Any, x: Any) -> tuple[list[Any], list[Any]]:
    contents, styles = [], []
    for i in range(len(net)):
        x = net[i](x)
        if i in STYLE_LAYERS:
            styles.append(x)
        if i in CONTENT_LAYERS:
            contents.append(x)
    return contents, styles


def _gram(x: Any) -> Any:
    channels, n = x.shape[1], x.size // x.shape[1]
    x = x.reshape((channels, n))
    return np.dot(x, x.T) / (channels * n)


def _tv(x: Any) -> Any:
    return 0.5 * (
        np.abs(x[:, :, 1:, :] - x[:, :, :-1, :]).mean()
        + np.abs(x[:, :, :, 1:] - x[:, :, :, :-1]).mean()
    )
