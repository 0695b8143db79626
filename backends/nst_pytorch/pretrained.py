"""torchvision's pretrained VGG-19 as canonical arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch

from nst_core.arrays import Array
from nst_core.errors import WeightsError
from nst_core.system.files import display_path
from nst_core.weights import OFFLINE
from nst_core.weights.storage import read_arrays

URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
SHA256 = "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"
"""The checksum of the whole file; torchvision itself knows and checks its first eight digits."""


def load_pretrained() -> Mapping[str, Array]:
    """Return the weights IMAGENET1K_V1, downloaded once into torch's own cache.

    The file is checked on every use, not only after the download. nst's own reader reads it, which
    runs no code from it. torchvision itself is not needed.

    Raises:
        WeightsError: if the download fails or the file is not the published one.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # The download goes to a file of its own, which is renamed once its checksum is right.
            # So processes that start side by side do not disturb each other.
            torch.hub.download_url_to_file(URL, str(path), hash_prefix=SHA256)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"download of {URL} failed ({reason}); {OFFLINE}") from error
    if digest != SHA256:
        raise WeightsError(
            f"{display_path(path)} is not the file that was published (damaged or changed): "
            "delete it, and it is downloaded again"
        )
    return read_arrays(path)
