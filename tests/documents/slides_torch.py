"""d2l's slides: the code of the PyTorch tab, and prose that differs from it in three points.

The prose says "Content is matched at one deeper layer (Conv4_2)", "(or noise ...)" and "Adam (or
LBFGS)". So this is `d2l_torch` with these three changes only. What the prose leaves open is chosen
here:

- The noise is standard normal in the normalised image; it is an argument, like the pictures.
- A step is one iteration of ``torch.optim.LBFGS``, so 500 steps are 500 updates.
- ``lr`` and ``history_size`` are torch's defaults; the loop's scheduler is kept.
- ``tolerance_grad`` is 0: torch's 1e-7 is no part of the method, and would end it early.
"""

from dataclasses import replace

import numpy as np
import torch
from documents import d2l_torch
from documents.material import Material, Reported

# Index 21 is conv4_2; its ReLU works in place, so relu4_2 is what is compared.
SLIDES = replace(d2l_torch.ENGLISH, content_layers=(21,), lr=1)
HISTORY_SIZE = 100


def run(
    material: Material, settings: d2l_torch.Settings, noise: np.ndarray, history_size: int
) -> list[Reported]:
    """Run the slides from ``noise``, (H, W, 3) in the units of the pictures."""
    net = d2l_torch.network(material, settings)
    content_x = d2l_torch.preprocess(material.content_img, settings)
    contents_y, _ = d2l_torch.extract_features(net, content_x, settings)
    style_x = d2l_torch.preprocess(material.style_img, settings)
    _, styles_y = d2l_torch.extract_features(net, style_x, settings)
    return train(net, normalised(noise, settings), contents_y, styles_y, settings, history_size)


def normalised(image: np.ndarray, settings: d2l_torch.Settings) -> torch.Tensor:
    rgb_mean = torch.tensor([0.485, 0.456, 0.406], dtype=settings.dtype)
    rgb_std = torch.tensor([0.229, 0.224, 0.225], dtype=settings.dtype)
    x = (torch.tensor(image, dtype=settings.dtype) - rgb_mean) / rgb_std
    return x.permute(2, 0, 1).contiguous().unsqueeze(0)


def train(net, x, contents_y, styles_y, settings, history_size: int) -> list[Reported]:
    x, styles_y_gram, _ = d2l_torch.get_inits(x, styles_y, settings)
    trainer = torch.optim.LBFGS(
        [x], lr=settings.lr, max_iter=1, history_size=history_size, tolerance_grad=0
    )
    scheduler = torch.optim.lr_scheduler.StepLR(trainer, settings.lr_decay_epoch, 0.8)
    history = []

    def closure():
        trainer.zero_grad()
        contents_y_hat, styles_y_hat = d2l_torch.extract_features(net, x, settings)
        losses = d2l_torch.compute_loss(
            x, contents_y_hat, styles_y_hat, contents_y, styles_y_gram, settings
        )
        history.append(d2l_torch.reported(*losses))
        losses[-1].backward()
        return losses[-1]

    for _epoch in range(settings.num_epochs):
        trainer.step(closure)
        scheduler.step()
    return history
