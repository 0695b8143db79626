"""d2l's PyTorch loop as its document has it; nothing is made faster.

Dive into Deep Learning, "Neural Style Transfer", PyTorch tab: torchvision's VGG-19 in NCHW with
ReLUs in place. Its weights are not frozen, so that their gradients are computed too. The optimiser
is Adam with lr 0.3; content layer 25, style layers 0, 5, 10, 19, 28; weights 1, 1e4, 10.

The code is tests/documents/d2l_torch.py. Different are only the pictures, because all variants get
the same arrays, and the network's construction: as in the document, torchvision makes the whole
VGG-19, whose classifier takes most of the memory of small pictures. The tests leave it out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torchvision.models import vgg19

from nst_core.arrays import Image
from nst_core.backend import Losses
from nst_core.vgg19 import CONVOLUTIONS
from variants import Pictures, VariantInfo
from variants.transcriptions import losses_of, normalised, transcription, unnormalised

document = transcription("d2l_torch")


class Loop:
    """The document's training loop, step by step, from the content image.

    Args:
        pictures: The pictures and weights.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, pictures: Pictures, *, device: str) -> None:
        self._device = torch.device(device)
        settings = document.ENGLISH
        net = _network(pictures, settings).to(self._device)
        content_x, style_x = (
            torch.tensor(normalised(image)).to(self._device)
            for image in (pictures.content, pictures.style)
        )
        contents_y, _ = document.extract_features(net, content_x, settings)
        _, styles_y = document.extract_features(net, style_x, settings)
        self._x, styles_y_gram, trainer = document.get_inits(content_x, styles_y, settings)
        self._style_layers = settings.style_layers
        # The losses detach the targets. Detached here, their graphs take no memory either.
        contents_y, styles_y_gram = ([y.detach() for y in ys] for ys in (contents_y, styles_y_gram))
        self._epochs = document.epochs(net, self._x, contents_y, styles_y_gram, trainer, settings)
        self._losses: tuple[Any, Any, Any, Any] | None = None

    @property
    def info(self) -> VariantInfo:
        """What it reports about itself."""
        on_cpu = self._device.type == "cpu"
        name = f"{torch.get_num_threads()} threads" if on_cpu else torch.cuda.get_device_name()
        return VariantInfo(
            objective="d2l",
            device=str(self._device),
            device_description=name,
            threads=torch.get_num_threads() if on_cpu else None,
            torch=torch,
        )

    def step(self) -> None:
        """Take a step as the document does."""
        self._losses = next(self._epochs)

    def wait(self) -> None:
        """Wait for CUDA; on a CPU, PyTorch has finished a step when it returns."""
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        assert self._losses is not None
        contents, styles, tv, total = self._losses
        return losses_of(
            [loss.item() for loss in contents],
            [loss.item() for loss in styles],
            tv.item(),
            total.item(),
            style_layers=self._style_layers,
        )

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        return unnormalised(self._x.detach().cpu().numpy())


def _network(pictures: Pictures, settings: Any) -> nn.Sequential:
    features = vgg19(weights=None, init_weights=False).features
    with torch.no_grad():
        for layer in CONVOLUTIONS:
            for kind in ("weight", "bias"):
                array = pictures.weights[f"{layer.name}.{kind}"]
                getattr(features[layer.index], kind).copy_(torch.tensor(array))
    last = max(settings.content_layers + settings.style_layers)
    return nn.Sequential(*[features[i] for i in range(last + 1)])
