"""d2l's MXNet loop as its document has it: our transcription, nothing made faster.

Dive into Deep Learning, "Neural Style Transfer", MXNet tab: Gluon's VGG-19, whose ReLUs are out of
place, not frozen, not hybridised, on the threads that MXNet takes by itself; ``gluon.Trainer``
with stock Adam at lr 0.9; content layer 25, style layers 0, 5, 10, 19, 28; weights 1, 1e4, 10.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy

from contestants import Pictures, Step
from nst_core.arrays import Image
from nst_core.backend import MEAN, STD
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


def prepare(pictures: Pictures) -> Step:
    """Return the document's step, at the content image."""
    npx.set_np()
    net = _network(pictures)
    content_x, style_x = _preprocess(pictures.content), _preprocess(pictures.style)
    contents_y, _ = _extract(net, content_x)
    _, styles_y = _extract(net, style_x)
    gen_img = SynthesizedImage(content_x.shape)
    gen_img.initialize(init.Constant(content_x), force_reinit=True)
    trainer = gluon.Trainer(gen_img.collect_params(), "adam", {"learning_rate": 0.9})
    styles_gram = [_gram(y) for y in styles_y]
    x, done = gen_img(), 0

    def step() -> float:
        nonlocal done
        with autograd.record():
            contents, styles = _extract(net, x)
            content = [
                np.square(a - b).mean() * CONTENT_WEIGHT
                for a, b in zip(contents, contents_y, strict=True)
            ]
            style = [
                np.square(_gram(a) - b).mean() * STYLE_WEIGHT
                for a, b in zip(styles, styles_gram, strict=True)
            ]
            loss = sum([*style, *content, _tv(x) * TV_WEIGHT])
        loss.backward()
        trainer.step(1)
        done += 1
        if done % 50 == 0:
            trainer.set_learning_rate(trainer.learning_rate * 0.8)
        value = float(loss)
        npx.waitall()  # the update too, which nothing above asks for
        return value

    return step


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
