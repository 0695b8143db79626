"""``nst weights``."""

import numpy as np
from safetensors.numpy import load_file


def test_weights_list_and_export(nst):
    listed = nst("weights", "list")
    assert listed.status == 0
    for name in ("bundled", "torchvision", "gluoncv", "random[:SEED]", "PATH"):
        assert name in listed.out
    done = nst("weights", "export", "--weights", "random:4", "--output", "w.safetensors")
    assert done.status == 0
    arrays = load_file("w.safetensors")
    assert len(arrays) == 32
    assert arrays["conv1_1.weight"].shape == (64, 3, 3, 3)
    assert arrays["conv1_1.weight"].dtype == np.float32
    for output in ("w.txt", "missing/w.safetensors"):
        refused = nst("weights", "export", "--output", output)
        assert (refused.status, refused.err.count("\n")) == (2, 1)
