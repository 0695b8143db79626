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

from contestants import About, Pictures
from nst_core.arrays import Image
from nst_core.backend import MEAN, STD, Losses
from nst_core.vgg19 import CONVOLUTIONS

STYLE_LAYERS, CONTENT_LAYERS = (0, 5, 10, 19, 28), (25,)
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1, 1e4, 10


class Loop:
    """The document's training loop, a step at a time, at the content image.

    Args:
        pictures: The pictures and weights.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, pictures: Pictures, *, device: str) -> None:
        self._device = torch.device(device)
        self._net = _network(pictures).to(self._device)
        content_x = _preprocess(pictures.content).to(self._device)
        style_x = _preprocess(pictures.style).to(self._device)
        contents_y, _ = _extract(self._net, content_x)
        _, styles_y = _extract(self._net, style_x)
        self._styles_gram = [_gram(y).detach() for y in styles_y]
        self._contents_y = [y.detach() for y in contents_y]
        self._x = nn.Parameter(content_x.clone())
        self._trainer = torch.optim.Adam([self._x], lr=0.3)
        self._scheduler = torch.optim.lr_scheduler.StepLR(self._trainer, 50, 0.8)
        self._losses: list[Tensor] = []

    @property
    def about(self) -> About:
        """What it is."""
        on_cpu = self._device.type == "cpu"
        name = f"{torch.get_num_threads()} threads" if on_cpu else torch.cuda.get_device_name()
        return About(
            objective="d2l",
            device=str(self._device),
            device_description=name,
            threads=torch.get_num_threads() if on_cpu else None,
            torch=torch,
        )

    def step(self) -> None:
        """Take a step as the document does."""
        self._trainer.zero_grad()
        contents, styles = _extract(self._net, self._x)
        content = [
            torch.square(a - b).mean() * CONTENT_WEIGHT
            for a, b in zip(contents, self._contents_y, strict=True)
        ]
        style = [
            torch.square(_gram(a) - b).mean() * STYLE_WEIGHT
            for a, b in zip(styles, self._styles_gram, strict=True)
        ]
        tv = _tv(self._x) * TV_WEIGHT
        loss = torch.stack([*style, *content, tv]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        self._trainer.step()
        self._scheduler.step()
        self._losses = [loss.detach() for loss in (*content, *style, tv, loss)]

    def wait(self) -> None:
        """Wait for CUDA; on a CPU, PyTorch has done a step when it returns."""
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        content, *style, tv, total = (loss.item() for loss in self._losses)
        taps = (f"layer {index}" for index in STYLE_LAYERS)
        return Losses(
            content={"layer 25": content},
            style=dict(zip(taps, style, strict=True)),
            total_variation=tv,
            total=total,
        )

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        x = self._x.detach().cpu().numpy()[0].transpose(1, 2, 0)
        image: Image = x * np.array(STD, np.float32) + np.array(MEAN, np.float32)
        return image


def _network(pictures: Pictures) -> nn.Sequential:
    features = vgg19(weights=None, init_weights=False).features
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
