"""torchvision's pretrained VGG-19 as canonical arrays."""

from __future__ import annotations

from nst_core.errors import WeightsError
from nst_core.weights import OFFLINE, Weights, from_features


def pretrained() -> Weights:
    """Return the weights IMAGENET1K_V1, downloaded once into torch's own cache.

    Raises:
        WeightsError: if torchvision is missing or unusable, or the download fails.
    """
    # torchvision is imported only here: beside a torch build that it was not made for, its
    # import fails, and nothing else needs it.
    try:
        from torchvision.models import VGG19_Weights  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"torchvision can't be imported ({reason}); {OFFLINE}") from error
    weights = VGG19_Weights.IMAGENET1K_V1
    try:
        state = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"download of {weights.url} failed ({reason}); {OFFLINE}") from error
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    return from_features(arrays, source="torchvision")
