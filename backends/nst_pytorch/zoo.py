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
"""Of the whole file, of which torchvision itself knows and checks the first eight digits."""


def pretrained() -> Mapping[str, Array]:
    """Return the weights IMAGENET1K_V1, downloaded once into torch's own cache.

    The file is checked whenever it is used, not only as it comes, and read by nst's own reader,
    which runs nothing in it. torchvision itself is not needed.

    Raises:
        WeightsError: if the download fails or the file is not what it should be.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Into a file of its own, which takes its place once its checksum is right: runs that
            # start side by side do no harm to each other.
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
