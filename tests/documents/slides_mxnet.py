"""d2l's slides ported to MXNet, which has no L-BFGS; the original is `slides_torch`."""

import warnings
from dataclasses import replace

import numpy
from documents import d2l_mxnet
from documents.d2l_mxnet import STYLE_LAYERS, Settings
from documents.material import Material, Reported
from documents.ports_mxnet import LBFGS, RGB_MEAN, RGB_STD, extract_features, preprocess
from PIL import Image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import autograd, np
    from mxnet.util import use_np

SLIDES = replace(d2l_mxnet.ENGLISH, lr=1)
CONTENT_LAYERS = [21]


@use_np
def run(
    material: Material, settings: Settings, noise: numpy.ndarray, history_size: int
) -> list[Reported]:
    """Run the slides from ``noise``, (H, W, 3) in the units of the pictures."""
    net = d2l_mxnet.network(material, settings.dtype)
    content_x, style_x = (
        preprocess(img.resize(settings.image_shape, Image.Resampling.BILINEAR), settings.dtype)
        for img in (material.content_img, material.style_img)
    )
    contents_y = extract_features(net, content_x, CONTENT_LAYERS)
    styles_y_gram = [d2l_mxnet.gram(y) for y in extract_features(net, style_x, STYLE_LAYERS)]
    normalised = (noise.astype(settings.dtype) - RGB_MEAN) / RGB_STD
    x = np.array(normalised.transpose(2, 0, 1)[None], dtype=settings.dtype)
    x.attach_grad()
    trainer = LBFGS(x, settings.lr, history_size)
    history = []
    for epoch in range(settings.num_epochs):
        trainer.lr = settings.lr * 0.8 ** (epoch // settings.lr_decay_epoch)
        with autograd.record():
            y_hats = extract_features(net, x, STYLE_LAYERS + CONTENT_LAYERS)
            contents_l, styles_l, tv_l, total = d2l_mxnet.compute_loss(
                x, y_hats[-1:], y_hats[:-1], contents_y, styles_y_gram, settings
            )
        total.backward()
        trainer.step()
        history.append(
            Reported(float(sum(contents_l)), float(sum(styles_l)), float(tv_l), float(total))
        )
    return history
