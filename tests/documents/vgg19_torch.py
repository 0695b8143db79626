"""torchvision's VGG-19 as the documents load it, but with other weights."""

import torch
from documents.material import Material
from torch import nn
from torchvision.models.vgg import cfgs, make_layers


def pretrained_features(material: Material, dtype: torch.dtype) -> nn.Sequential:
    """Return ``vgg19(pretrained=True).features``: ReLUs in place, nothing frozen.

    In float64, which no document uses, the gradients of the weights are not computed: they are not
    used (see test_traps) and take most of the time.
    """
    # The features of vgg19(), without 120 million random numbers for the classifier.
    features = make_layers(cfgs["E"], batch_norm=False)
    features.load_state_dict({k: torch.tensor(v) for k, v in material.indexed_arrays().items()})
    # The documents' code meets these; otherwise it would compare something else.
    assert all(m.inplace for m in features.modules() if isinstance(m, nn.ReLU))
    assert all(p.requires_grad for p in features.parameters())
    return features.to(dtype).requires_grad_(dtype == torch.float32)
