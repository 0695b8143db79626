"""Jay Gala, "Neural Style Transfer" (2020), ported to MXNet; see `gala_torch` for the original."""

import warnings
from dataclasses import dataclass

from documents import d2l_mxnet
from documents.material import Material, Reported
from documents.ports_mxnet import Adam, extract_features, preprocess
from PIL import Image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import autograd, np
    from mxnet.util import use_np

LAYERS = [0, 5, 10, 19, 28]


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    imsize: int = 512
    num_steps: int = 2000
    learning_rate: float = 0.02
    style_weight: float = 1e4
    content_weight: float = 1e-2
    dtype: str = "float32"


@use_np
def run(material: Material, settings: Settings) -> list[Reported]:
    """Run the document; content and style losses are without weights, as it prints them."""
    # One layer more than the taps: the document runs the whole network, so that the output of index
    # 28 is overwritten too.
    net = d2l_mxnet.network(material, settings.dtype, last=29)
    content_img, style_img = (
        load_image(img, settings) for img in (material.content_img, material.style_img)
    )
    contents_y = extract_features(net, content_img, LAYERS)
    styles_y_gram = [gram_matrix(y) for y in extract_features(net, style_img, LAYERS)]
    x = content_img.copy()
    x.attach_grad()
    optimizer = Adam(x, settings.learning_rate, betas=(0.99, 0.999))
    history = []
    for _step in range(settings.num_steps):
        with autograd.record():
            y_hats = extract_features(net, x, LAYERS)
            content_loss = sum(
                np.square(y_hat - y).mean() for y_hat, y in zip(y_hats, contents_y, strict=True)
            )
            style_loss = sum(
                np.square(gram_matrix(y_hat) - y).mean()
                for y_hat, y in zip(y_hats, styles_y_gram, strict=True)
            )
            total = content_loss * settings.content_weight + style_loss * settings.style_weight
        total.backward()
        optimizer.step()
        history.append(Reported(float(content_loss), float(style_loss), 0.0, float(total)))
    return history


def load_image(img, settings: Settings):
    ratio = settings.imsize / min(img.size)
    # torchvision cuts off the fraction of the longer side's length.
    size = [int(side * ratio) if side > min(img.size) else settings.imsize for side in img.size]
    return preprocess(img.resize(size, Image.Resampling.BILINEAR), settings.dtype)


def gram_matrix(maps):
    a, b, c, d = maps.shape
    features = maps.reshape((a * b, c * d))
    return np.dot(features, features.T) / (a * b * c * d)
