"""Neural style transfer from start to end in plain PyTorch: the preset d2l, without the engine.

    python examples/minimal_nst.py CONTENT STYLE OUTPUT

Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks" (2016), in the
form of Dive into Deep Learning, "Neural Style Transfer". Only the weights come from nst_core.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from nst_core import weights

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)  # of ImageNet's RGB channels
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
CONTENT, STYLE = ["relu4_4"], ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "conv5_1"]
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1.0, 1e4, 10.0
Losses = tuple[Tensor, Tensor, Tensor]
Features = dict[str, Tensor]  # by name


def load(picture: Image.Image, size: Sequence[int]) -> Tensor:
    """Return a picture resized to (H, W) and normalised, (1, 3, H, W)."""
    height, width = size
    resized = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(resized)).permute(2, 0, 1).float() / 255
    return ((pixels - MEAN) / STD)[None]


def extract(x: Tensor, vgg: Features) -> Features:
    """Return the features of VGG-19 at the content and style layers, (1, C, H, W) each."""
    found = {}
    for block, count in enumerate((2, 2, 4, 4, 4), start=1):
        for layer in (f"{block}_{number}" for number in range(1, count + 1)):
            weight, bias = vgg[f"conv{layer}.weight"], vgg[f"conv{layer}.bias"]
            found[f"conv{layer}"] = F.conv2d(x, weight, bias, padding=1)
            found[f"relu{layer}"] = x = F.relu(found[f"conv{layer}"])
            if found.keys() >= {*CONTENT, *STYLE}:
                return {name: found[name] for name in (*CONTENT, *STYLE)}
        x = F.max_pool2d(x, kernel_size=2)
    raise ValueError("a layer of CONTENT or STYLE is not in VGG-19")


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix (C, C): how strongly each two channels are active together."""
    rows = features.flatten(start_dim=2)[0]  # (C, H*W)
    return rows @ rows.T / rows.numel()


def losses(x: Tensor, vgg: Features, contents: Features, grams: Features) -> Losses:
    """Return the weighted content, style and total variation losses of the image ``x``."""
    features = extract(x, vgg)
    contents_l = [F.mse_loss(features[name], contents[name]) for name in CONTENT]
    styles_l = [F.mse_loss(gram(features[name]), grams[name]) for name in STYLE]
    content, style = torch.stack(contents_l).sum(), torch.stack(styles_l).sum()
    down, right = x.diff(dim=2).abs().mean(), x.diff(dim=3).abs().mean()
    return CONTENT_WEIGHT * content, STYLE_WEIGHT * style, TV_WEIGHT * (down + right) / 2


def stylise(
    content: Tensor, style: Tensor, vgg: Features, *, steps: int, decay_every: int = 50
) -> tuple[Tensor, list[list[float]]]:
    """Optimise the image; return it, and the losses of every step, taken before its update."""
    with torch.no_grad():  # the targets are constants
        contents = extract(content, vgg)
        grams = {name: gram(features) for name, features in extract(style, vgg).items()}
    x = content.clone().requires_grad_()  # the image is the only variable: the network is fixed
    adam = torch.optim.Adam([x], lr=0.3)
    schedule = torch.optim.lr_scheduler.StepLR(adam, step_size=decay_every, gamma=0.8)
    history = []
    for _ in range(steps):
        adam.zero_grad()
        terms = losses(x, vgg, contents, grams)
        torch.stack(terms).sum().backward()  # type: ignore[no-untyped-call]
        adam.step()
        schedule.step()
        history.append([term.item() for term in terms])
    return x.detach(), history


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Paint CONTENT in the style of STYLE.")
    for name in ("content", "style", "output"):
        parser.add_argument(name)
    parser.add_argument("--size", nargs=2, type=int, default=(300, 450), metavar=("H", "W"))
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    vgg = {name: torch.tensor(array) for name, array in weights.load("bundled").items()}
    content, style = (load(Image.open(path), args.size) for path in (args.content, args.style))
    image, history = stylise(content, style, vgg, steps=args.steps)
    pixels = ((image[0] * STD + MEAN).clamp(0, 1) * 255).round().byte()
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(args.output)
    print("content {:.2f}, style {:.2f}, total variation {:.2f}".format(*history[-1]))  # noqa: T201
