"""d2lzh-pytorch (Dive into Deep Learning in Chinese, on PyTorch), 9.11.

The code is the document's, with globals as arguments. For ``float64`` the tensors are converted
after ``ToTensor``. Between the two stages the picture is rounded to 8 bits with both types.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import torchvision
from documents.material import Material, Reported
from documents.vgg19_torch import pretrained_features

RGB_MEAN = np.array([0.485, 0.456, 0.406])
RGB_STD = np.array([0.229, 0.224, 0.225])
STYLE_LAYERS, CONTENT_LAYERS = [0, 5, 10, 19, 28], [25]
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1, 1e3, 10


@dataclass(frozen=True)
class Settings:
    """The literals of the document."""

    image_shapes: tuple[tuple[int, int], tuple[int, int]] = ((150, 225), (300, 450))
    lr: float = 0.01
    max_epochs: int = 500
    lr_decay_epoch: int = 200
    dtype: torch.dtype = torch.float32


def run(material: Material, settings: Settings) -> list[Reported]:
    """Run both stages; return the losses of every step."""
    pretrained = pretrained_features(material, settings.dtype)
    net = torch.nn.Sequential(
        *[pretrained[i] for i in range(max(CONTENT_LAYERS + STYLE_LAYERS) + 1)]
    )

    def get_contents(image_shape):
        content_x = preprocess(material.content_img, image_shape, settings.dtype)
        contents_y, _ = extract_features(net, content_x)
        return content_x, contents_y

    def get_styles(image_shape):
        style_x = preprocess(material.style_img, image_shape, settings.dtype)
        _, styles_y = extract_features(net, style_x)
        return styles_y

    small, large = settings.image_shapes
    content_x, contents_y = get_contents(small)
    output, history = train(net, content_x, contents_y, get_styles(small), settings)
    _, contents_y = get_contents(large)
    x = preprocess(postprocess(output), large, settings.dtype)
    _, more = train(net, x, contents_y, get_styles(large), settings)
    return history + more


def preprocess(img, image_shape, dtype):
    process = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize(image_shape),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.ConvertImageDtype(dtype),
            torchvision.transforms.Normalize(mean=RGB_MEAN, std=RGB_STD),
        ]
    )
    return process(img).unsqueeze(dim=0)


def postprocess(img_tensor):
    """Return an 8-bit picture; ToPILImage cuts off the fraction of 255 times the value."""
    inv_normalize = torchvision.transforms.Normalize(mean=-RGB_MEAN / RGB_STD, std=1 / RGB_STD)
    to_pil_image = torchvision.transforms.ToPILImage()
    return to_pil_image(inv_normalize(img_tensor[0].cpu()).clamp(0, 1))


def extract_features(net, x):
    """Collect outputs; each but the last is then overwritten by its ReLU."""
    contents, styles = [], []
    for i in range(len(net)):
        x = net[i](x)
        if i in STYLE_LAYERS:
            styles.append(x)
        if i in CONTENT_LAYERS:
            contents.append(x)
    return contents, styles


def gram(x):
    num_channels, n = x.shape[1], x.shape[2] * x.shape[3]
    x = x.view(num_channels, n)
    return torch.matmul(x, x.t()) / (num_channels * n)


def tv_loss(y_hat):
    return 0.5 * (
        F.l1_loss(y_hat[:, :, 1:, :], y_hat[:, :, :-1, :])
        + F.l1_loss(y_hat[:, :, :, 1:], y_hat[:, :, :, :-1])
    )


def compute_loss(x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram):
    # The targets are not detached here: through them the network's weights get gradients.
    contents_l = [
        F.mse_loss(y_hat, y) * CONTENT_WEIGHT
        for y_hat, y in zip(contents_y_hat, contents_y, strict=True)
    ]
    styles_l = [
        F.mse_loss(gram(y_hat), y) * STYLE_WEIGHT
        for y_hat, y in zip(styles_y_hat, styles_y_gram, strict=True)
    ]
    tv_l = tv_loss(x) * TV_WEIGHT
    return contents_l, styles_l, tv_l, sum(styles_l) + sum(contents_l) + tv_l


class GeneratedImage(torch.nn.Module):
    def __init__(self, img_shape):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.rand(*img_shape))

    def forward(self):
        return self.weight


def get_inits(x, lr, styles_y):
    gen_img = GeneratedImage(x.shape)
    gen_img.weight.data = x.data  # not a copy: content_x of stage 1 is overwritten
    optimizer = torch.optim.Adam(gen_img.parameters(), lr=lr)
    styles_y_gram = [gram(y) for y in styles_y]
    return gen_img(), styles_y_gram, optimizer


def train(net, x, contents_y, styles_y, settings: Settings):
    x, styles_y_gram, optimizer = get_inits(x, settings.lr, styles_y)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, settings.lr_decay_epoch, gamma=0.1)
    history = []
    for _i in range(settings.max_epochs):
        contents_y_hat, styles_y_hat = extract_features(net, x)
        contents_l, styles_l, tv_l, total = compute_loss(
            x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram
        )
        optimizer.zero_grad()
        total.backward(retain_graph=True)
        optimizer.step()
        scheduler.step()
        history.append(
            Reported(sum(contents_l).item(), sum(styles_l).item(), tv_l.item(), total.item())
        )
    return x.detach(), history
