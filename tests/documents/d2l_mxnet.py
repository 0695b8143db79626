"""The MXNet tabs of Dive into Deep Learning, "Neural Style Transfer", English and French.

The code is the document's, with globals as arguments. ``npx.set_np()``, which acts on a whole
process, is ``use_np`` here. For ``float64`` network and variable are cast to it, and the network is
frozen. Unlike the PyTorch tab's ``Resize``, ``imresize`` is OpenCV's bilinear filter, without
antialiasing.
"""

import warnings
from dataclasses import dataclass, replace

from documents.adam_mxnet import DoubleAdam
from documents.material import Material, Reported

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import autograd, gluon, image, init, np
    from mxnet.gluon import nn
    from mxnet.util import use_np


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    image_shape: tuple[int, int] = (450, 300)  # (w, h), as in OpenCV
    style_weight: float = 1e4
    style_repetitions: int = 1
    lr: float = 0.9
    num_epochs: int = 500
    lr_decay_epoch: int = 50
    dtype: str = "float32"


ENGLISH = Settings()
# `sum(10 * styles_l + ...)`: ten times a *list*; see d2l_torch.
FRENCH = replace(ENGLISH, style_weight=1e3, style_repetitions=10)

STYLE_LAYERS, CONTENT_LAYERS = [0, 5, 10, 19, 28], [25]
CONTENT_WEIGHT, TV_WEIGHT = 1, 10


@use_np
def run(material: Material, settings: Settings) -> list[Reported]:
    """Run the document; return the losses of every step."""
    net = network(material, settings.dtype)
    content_x = preprocess(np.array(material.content, dtype="uint8"), settings)
    contents_y, _ = extract_features(net, content_x)
    style_x = preprocess(np.array(material.style, dtype="uint8"), settings)
    _, styles_y = extract_features(net, style_x)
    return train(net, content_x, contents_y, styles_y, settings)


def network(material: Material, dtype: str, last: int = max(CONTENT_LAYERS + STYLE_LAYERS)):
    pretrained_net = gluon.model_zoo.vision.vgg19()
    net = nn.Sequential()
    for i in range(last + 1):
        net.add(pretrained_net.features[i])
    for name, array in material.indexed_arrays().items():
        index, _, kind = name.partition(".")
        if int(index) < len(net):
            parameter = getattr(net[int(index)], kind)
            parameter.shape = array.shape
            parameter.initialize()
            parameter.set_data(np.array(array))
    net.cast(dtype)
    if dtype == "float64":  # see vgg19_torch
        net.collect_params().setattr("grad_req", "null")
    return net


def preprocess(img, settings: Settings):
    rgb_mean = np.array([0.485, 0.456, 0.406], dtype=settings.dtype)
    rgb_std = np.array([0.229, 0.224, 0.225], dtype=settings.dtype)
    img = image.imresize(img, *settings.image_shape)
    img = ((img.astype("float32") / 255).astype(settings.dtype) - rgb_mean) / rgb_std
    return np.expand_dims(img.transpose(2, 0, 1), axis=0)


def extract_features(net, x):
    """Collect outputs. Gluon's ReLUs do not overwrite them, so these are convolutions."""
    contents, styles = [], []
    for i in range(len(net)):
        x = net[i](x)
        if i in STYLE_LAYERS:
            styles.append(x)
        if i in CONTENT_LAYERS:
            contents.append(x)
    return contents, styles


def gram(x):
    num_channels, n = x.shape[1], x.size // x.shape[1]
    x = x.reshape((num_channels, n))
    return np.dot(x, x.T) / (num_channels * n)


def tv_loss(y_hat):
    return 0.5 * (
        np.abs(y_hat[:, :, 1:, :] - y_hat[:, :, :-1, :]).mean()
        + np.abs(y_hat[:, :, :, 1:] - y_hat[:, :, :, :-1]).mean()
    )


def compute_loss(x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram, settings: Settings):
    contents_l = [
        np.square(y_hat - y).mean() * CONTENT_WEIGHT
        for y_hat, y in zip(contents_y_hat, contents_y, strict=True)
    ]
    styles_l = [
        np.square(gram(y_hat) - y).mean() * settings.style_weight
        for y_hat, y in zip(styles_y_hat, styles_y_gram, strict=True)
    ]
    tv_l = tv_loss(x) * TV_WEIGHT
    total = sum(settings.style_repetitions * styles_l + contents_l + [tv_l])
    return contents_l, styles_l, tv_l, total


class SynthesizedImage(nn.Block):
    def __init__(self, img_shape, dtype, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get("weight", shape=img_shape, dtype=dtype)

    def forward(self):
        return self.weight.data()


def get_inits(x, styles_y, settings: Settings):
    gen_img = SynthesizedImage(x.shape, settings.dtype)
    gen_img.initialize(init.Constant(x), force_reinit=True)
    # The document says "adam", which computes wrongly in float64: see adam_mxnet.
    adam = "adam" if settings.dtype == "float32" else DoubleAdam.__name__
    trainer = gluon.Trainer(gen_img.collect_params(), adam, {"learning_rate": settings.lr})
    styles_y_gram = [gram(y) for y in styles_y]
    return gen_img(), styles_y_gram, trainer


def train(net, x, contents_y, styles_y, settings: Settings) -> list[Reported]:
    x, styles_y_gram, trainer = get_inits(x, styles_y, settings)
    return [
        Reported(float(sum(contents_l)), float(sum(styles_l)), float(tv_l), float(total))
        for contents_l, styles_l, tv_l, total in epochs(
            net, x, contents_y, styles_y_gram, trainer, settings
        )
    ]


def epochs(net, x, contents_y, styles_y_gram, trainer, settings: Settings):
    """The loop of `train`; yields the losses of every epoch, so that a benchmark can time it."""
    for epoch in range(settings.num_epochs):
        with autograd.record():
            contents_y_hat, styles_y_hat = extract_features(net, x)
            contents_l, styles_l, tv_l, total = compute_loss(
                x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram, settings
            )
        total.backward()
        trainer.step(1)
        if (epoch + 1) % settings.lr_decay_epoch == 0:
            trainer.set_learning_rate(trainer.learning_rate * 0.8)
        yield contents_l, styles_l, tv_l, total


@use_np
def imresize(picture, image_shape):
    """Resize an 8-bit picture to (w, h) as `preprocess` does."""
    return image.imresize(np.array(picture, dtype="uint8"), *image_shape).asnumpy()


@use_np
def features(material: Material, settings: Settings):
    """Return the results of `extract_features` for the content picture, as NumPy arrays."""
    net = network(material, settings.dtype)
    x = preprocess(np.array(material.content, dtype="uint8"), settings)
    contents, styles = extract_features(net, x)
    return [y.asnumpy() for y in contents], [y.asnumpy() for y in styles]
