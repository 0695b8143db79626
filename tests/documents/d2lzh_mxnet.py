"""d2lzh-pytorch, 9.11, ported to MXNet; see `d2lzh_torch` for the original."""

import warnings
from dataclasses import dataclass

import numpy
from documents import d2l_mxnet
from documents.material import Material, Reported
from documents.ports_mxnet import RGB_MEAN, RGB_STD, Adam, extract_features, preprocess
from PIL import Image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import autograd, np
    from mxnet.util import use_np

STYLE_LAYERS, CONTENT_LAYERS = [0, 5, 10, 19, 28], [25]
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1, 1e3, 10


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    image_shapes: tuple[tuple[int, int], tuple[int, int]] = ((150, 225), (300, 450))
    lr: float = 0.01
    max_epochs: int = 500
    lr_decay_epoch: int = 200
    dtype: str = "float32"


@use_np
def run(material: Material, settings: Settings) -> list[Reported]:
    """Run both stages; return the losses of every step."""
    net = d2l_mxnet.network(material, settings.dtype)
    img, history = material.content_img, []
    for image_shape in settings.image_shapes:
        # Stage 2 starts from the 8-bit result of stage 1.
        output, rows = train(net, material, img, image_shape, settings)
        img = postprocess(output)
        history += rows
    return history


def fitted(img, image_shape, settings: Settings):
    height, width = image_shape
    return preprocess(img.resize((width, height), Image.Resampling.BILINEAR), settings.dtype)


def postprocess(x):
    pixels = x[0].asnumpy().transpose(1, 2, 0) * RGB_STD + RGB_MEAN
    # The fraction of 255 times the value is cut off.
    return Image.fromarray((pixels.astype(x.dtype).clip(0, 1) * 255).astype(numpy.uint8))


def train(net, material: Material, img, image_shape, settings: Settings):
    contents_y = extract_features(
        net, fitted(material.content_img, image_shape, settings), CONTENT_LAYERS
    )
    styles_y = extract_features(
        net, fitted(material.style_img, image_shape, settings), STYLE_LAYERS
    )
    styles_y_gram = [d2l_mxnet.gram(y) for y in styles_y]
    x = fitted(img, image_shape, settings)
    x.attach_grad()
    optimizer = Adam(x, settings.lr)
    history = []
    for i in range(settings.max_epochs):
        optimizer.lr = settings.lr * 0.1 ** (i // settings.lr_decay_epoch)
        with autograd.record():
            y_hats = extract_features(net, x, STYLE_LAYERS + CONTENT_LAYERS)
            styles_l = [
                np.square(d2l_mxnet.gram(y_hat) - y).mean() * STYLE_WEIGHT
                for y_hat, y in zip(y_hats[:-1], styles_y_gram, strict=True)
            ]
            content_l = np.square(y_hats[-1] - contents_y[0]).mean() * CONTENT_WEIGHT
            tv_l = d2l_mxnet.tv_loss(x) * TV_WEIGHT
            total = sum(styles_l) + content_l + tv_l
        total.backward()
        optimizer.step()
        history.append(Reported(float(content_l), float(sum(styles_l)), float(tv_l), float(total)))
    return x, history
