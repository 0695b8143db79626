"""Jay Gala, "Neural Style Transfer" (2020), on PyTorch.

The code is the blog's, with globals as arguments. For ``float64`` the tensors are converted after
``ToTensor``.
"""

from dataclasses import dataclass

import torch
from documents.material import Material, Reported
from documents.vgg19_torch import pretrained_features
from torchvision import transforms


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    imsize: int = 512  # with a GPU
    imsize_on_cpu: int = 128
    num_steps: int = 2000
    learning_rate: float = 0.02
    style_weight: float = 1e4
    content_weight: float = 1e-2
    dtype: torch.dtype = torch.float32


def run(material: Material, settings: Settings) -> list[Reported]:
    """Run the document; return the losses of every step.

    Content and style losses are *without* their weights; only the total has them.
    """
    # The whole of `features` is run, not only up to index 28. So its output is overwritten by its
    # ReLU like the others; in d2l's cut network it is not.
    vgg = pretrained_features(material, settings.dtype).eval()
    style_img = load_image(material.style_img, settings)
    content_img = load_image(material.content_img, settings)
    target_img = content_img.clone()
    return run_neural_style_transfer(vgg, content_img, style_img, target_img, settings)


def load_image(image, settings: Settings):
    loader = transforms.Compose(
        [
            # One number, the length of the shortest side: each picture keeps its own proportions.
            transforms.Resize(settings.imsize),
            transforms.ToTensor(),
            transforms.ConvertImageDtype(settings.dtype),
            transforms.Normalize(
                mean=torch.tensor([0.485, 0.456, 0.406], dtype=settings.dtype),
                std=torch.tensor([0.229, 0.224, 0.225], dtype=settings.dtype),
            ),
        ]
    )
    return loader(image).unsqueeze(0)


def get_feature_maps(image, model):
    layers = ["0", "5", "10", "19", "28"]
    features = []
    x = image
    for name, layer in model._modules.items():
        x = layer(x)
        if name in layers:
            features.append(x)
    return features


def gram_matrix(maps):
    a, b, c, d = maps.size()
    features = maps.view(a * b, c * d)
    return torch.mm(features, features.t()).div(a * b * c * d)


def run_neural_style_transfer(model, content_img, style_img, target_img, settings: Settings):
    optimizer = torch.optim.Adam(
        [target_img.requires_grad_()], lr=settings.learning_rate, betas=[0.99, 0.999]
    )
    history = []
    for _step in range(settings.num_steps):
        # The features of all three images in every step, although two never change.
        target_features = get_feature_maps(target_img, model)
        content_features = get_feature_maps(content_img, model)
        style_features = get_feature_maps(style_img, model)
        style_loss = content_loss = 0
        for f1, f2, f3 in zip(target_features, content_features, style_features, strict=True):
            content_loss += torch.mean((f1 - f2) ** 2)  # over all five layers
            style_loss += torch.mean((gram_matrix(f1) - gram_matrix(f3)) ** 2)
        loss = content_loss * settings.content_weight + style_loss * settings.style_weight
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(Reported(content_loss.item(), style_loss.item(), 0.0, loss.item()))
    return history
