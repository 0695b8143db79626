"""torchvision's VGG-19 as the documents load it, with numbers of ours in the place of its own."""

import torch
from documents.material import Material
from torch import nn
from torchvision.models.vgg import cfgs, make_layers


def pretrained_features(material: Material, dtype: torch.dtype) -> nn.Sequential:
    """Return ``vgg19(pretrained=True).features``: ReLUs in place, nothing frozen.

    In float64, which no document uses, the weights' own gradients are left out: nobody reads them
    (see test_traps), and they take most of the time.
    """
    # What vgg19() has as its features, without drawing the classifier's 120 million numbers.
    features = make_layers(cfgs["E"], batch_norm=False)
    features.load_state_dict({k: torch.tensor(v) for k, v in material.zoo_arrays().items()})
    # What the documents' code meets; were it otherwise, they would compare something else.
    assert all(m.inplace for m in features.modules() if isinstance(m, nn.ReLU))
    assert all(p.requires_grad for p in features.parameters())
    return features.to(dtype).requires_grad_(dtype == torch.float32)
