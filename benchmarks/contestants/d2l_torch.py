"""d2l's PyTorch loop as its document has it: our transcription, nothing made faster.

Dive into Deep Learning, "Neural Style Transfer", PyTorch tab: torchvision's VGG-19 with its ReLUs
in place, in NCHW, its weights not frozen, so that their gradients are computed too; Adam with
lr 0.3; content layer 25, style layers 0, 5, 10, 19, 28; weights 1, 1e4, 10.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import vgg19

from contestants import Pictures, Step
from nst_core.arrays import Image
from nst_core.backend import MEAN, STD
from nst_core.vgg19 import CONVOLUTIONS

STYLE_LAYERS, CONTENT_LAYERS = (0, 5, 10, 19, 28), (25,)
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1, 1e4, 10


def prepare(pictures: Pictures) -> Step:
    """Return the document's step, at the content image."""
    net = _network(pictures)
    content_x, style_x = _preprocess(pictures.content), _preprocess(pictures.style)
    contents_y, _ = _extract(net, content_x)
    _, styles_y = _extract(net, style_x)
    styles_gram = [_gram(y).detach() for y in styles_y]
    contents_y = [y.detach() for y in contents_y]
    x = nn.Parameter(content_x.clone())
    trainer = torch.optim.Adam([x], lr=0.3)
    scheduler = torch.optim.lr_scheduler.StepLR(trainer, 50, 0.8)

    def step() -> float:
        trainer.zero_grad()
        contents, styles = _extract(net, x)
        content = [
            torch.square(a - b).mean() * CONTENT_WEIGHT
            for a, b in zip(contents, contents_y, strict=True)
        ]
        style = [
            torch.square(_gram(a) - b).mean() * STYLE_WEIGHT
            for a, b in zip(styles, styles_gram, strict=True)
        ]
        loss = torch.stack([*style, *content, _tv(x) * TV_WEIGHT]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        trainer.step()
        scheduler.step()
        return loss.item()

    return step


def _network(pictures: Pictures) -> nn.Sequential:
    features = vgg19(weights=None).features
    with torch.no_grad():
        for layer in CONVOLUTIONS:
            features[layer.index].weight.copy_(
                torch.tensor(pictures.weights[f"{layer.name}.weight"])
            )
            features[layer.index].bias.copy_(torch.tensor(pictures.weights[f"{layer.name}.bias"]))
    return nn.Sequential(*[features[i] for i in range(max(CONTENT_LAYERS + STYLE_LAYERS) + 1)])


def _preprocess(image: Image) -> Tensor:
    normalised = (image - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return torch.tensor(normalised.transpose(2, 0, 1).copy(), dtype=torch.float32)[None]


def _extract(net: nn.Sequential, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    contents, styles = [], []
    for i in range(len(net)):
        x = net[i](x)
        if i in STYLE_LAYERS:
            styles.append(x)
        if i in CONTENT_LAYERS:
            contents.append(x)
    return contents, styles


def _gram(x: Tensor) -> Tensor:
    channels, n = x.shape[1], x.numel() // x.shape[1]
    x = x.reshape((channels, n))
    return torch.matmul(x, x.T) / (channels * n)


def _tv(x: Tensor) -> Tensor:
    return 0.5 * (
        torch.abs(x[:, :, 1:, :] - x[:, :, :-1, :]).mean()
        + torch.abs(x[:, :, :, 1:] - x[:, :, :, :-1]).mean()
    )
