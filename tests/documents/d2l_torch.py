"""The PyTorch tabs of Dive into Deep Learning, "Neural Style Transfer", English and French.

The code is the document's, with globals as arguments. For ``float64`` the tensors are converted
after ``ToTensor``, whose output is float32.
"""

from dataclasses import dataclass, replace

import torch
import torchvision
from documents.material import Material, Reported
from documents.vgg19_torch import pretrained_features
from torch import Tensor, nn


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    image_shape: tuple[int, int] = (300, 450)  # PIL Image (h, w)
    content_layers: tuple[int, ...] = (25,)
    style_layers: tuple[int, ...] = (0, 5, 10, 19, 28)
    content_weight: float = 1
    style_weight: float = 1e4
    tv_weight: float = 10
    style_repetitions: int = 1
    lr: float = 0.3
    num_epochs: int = 500
    lr_decay_epoch: int = 50
    dtype: torch.dtype = torch.float32


ENGLISH = Settings()
# The French tab has `sum(10 * styles_l + ...)`. This multiplies a *list*, so every style term is
# added ten times, while `styles_l`, which is reported, does not change.
FRENCH = replace(ENGLISH, style_weight=1e3, style_repetitions=10)


def run(material: Material, settings: Settings) -> list[Reported]:
    """Run the document; return the losses of every step."""
    net = network(material, settings)
    content_x = preprocess(material.content_img, settings)
    contents_y, _ = extract_features(net, content_x, settings)
    style_x = preprocess(material.style_img, settings)
    _, styles_y = extract_features(net, style_x, settings)
    return train(net, content_x, contents_y, styles_y, settings)


def network(material: Material, settings: Settings) -> nn.Sequential:
    pretrained = pretrained_features(material, settings.dtype)
    last = max(settings.content_layers + settings.style_layers)
    return nn.Sequential(*[pretrained[i] for i in range(last + 1)])


def preprocess(img, settings: Settings) -> Tensor:
    rgb_mean = torch.tensor([0.485, 0.456, 0.406], dtype=settings.dtype)
    rgb_std = torch.tensor([0.229, 0.224, 0.225], dtype=settings.dtype)
    transforms = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize(settings.image_shape),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.ConvertImageDtype(settings.dtype),
            torchvision.transforms.Normalize(mean=rgb_mean, std=rgb_std),
        ]
    )
    return transforms(img).unsqueeze(0)


def extract_features(net, x, settings: Settings):
    """Collect outputs; each but the last is then overwritten by its ReLU."""
    contents, styles = [], []
    for i in range(len(net)):
        x = net[i](x)
        if i in settings.style_layers:
            styles.append(x)
        if i in settings.content_layers:
            contents.append(x)
    return contents, styles


def content_loss(y_hat, y):
    return torch.square(y_hat - y.detach()).mean()


def gram(x):
    num_channels, n = x.shape[1], x.numel() // x.shape[1]
    x = x.reshape((num_channels, n))
    return torch.matmul(x, x.T) / (num_channels * n)


def style_loss(y_hat, gram_y):
    return torch.square(gram(y_hat) - gram_y.detach()).mean()


def tv_loss(y_hat):
    return 0.5 * (
        torch.abs(y_hat[:, :, 1:, :] - y_hat[:, :, :-1, :]).mean()
        + torch.abs(y_hat[:, :, :, 1:] - y_hat[:, :, :, :-1]).mean()
    )


def compute_loss(x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram, settings: Settings):
    contents_l = [
        content_loss(y_hat, y) * settings.content_weight
        for y_hat, y in zip(contents_y_hat, contents_y, strict=True)
    ]
    styles_l = [
        style_loss(y_hat, y) * settings.style_weight
        for y_hat, y in zip(styles_y_hat, styles_y_gram, strict=True)
    ]
    tv_l = tv_loss(x) * settings.tv_weight
    total = sum(settings.style_repetitions * styles_l + contents_l + [tv_l])
    return contents_l, styles_l, tv_l, total


class SynthesizedImage(nn.Module):
    def __init__(self, img_shape, dtype):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(*img_shape, dtype=dtype))

    def forward(self):
        return self.weight


def get_inits(x, styles_y, settings: Settings):
    gen_img = SynthesizedImage(x.shape, settings.dtype).to(x.device)
    gen_img.weight.data.copy_(x.data)
    trainer = torch.optim.Adam(gen_img.parameters(), lr=settings.lr)
    styles_y_gram = [gram(y) for y in styles_y]
    return gen_img(), styles_y_gram, trainer


def train(net, x, contents_y, styles_y, settings: Settings) -> list[Reported]:
    x, styles_y_gram, trainer = get_inits(x, styles_y, settings)
    return [
        reported(*losses) for losses in epochs(net, x, contents_y, styles_y_gram, trainer, settings)
    ]


def epochs(net, x, contents_y, styles_y_gram, trainer, settings: Settings):
    """The loop of `train`; yields the losses of every epoch, so that a benchmark can time it."""
    scheduler = torch.optim.lr_scheduler.StepLR(trainer, settings.lr_decay_epoch, 0.8)
    for _epoch in range(settings.num_epochs):
        trainer.zero_grad()
        contents_y_hat, styles_y_hat = extract_features(net, x, settings)
        contents_l, styles_l, tv_l, total = compute_loss(
            x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram, settings
        )
        total.backward()
        trainer.step()
        scheduler.step()
        yield contents_l, styles_l, tv_l, total


def reported(contents_l, styles_l, tv_l, total) -> Reported:
    return Reported(sum(contents_l).item(), sum(styles_l).item(), tv_l.item(), total.item())
