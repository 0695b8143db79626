"""Which of the three networks computes: the one asked for, or the fastest.

The module is not called ``select``: that is a module of the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from nst_core.arrays import Array
from nst_core.backend import Architecture, DType, Execution
from nst_core.errors import BackendError
from nst_pytorch.cpu.network import WinogradNetwork
from nst_pytorch.cpu.windowed import WindowedNetwork
from nst_pytorch.cpu.windows import WindowGrid
from nst_pytorch.loss_network import LossNetwork
from nst_pytorch.network import Network
from nst_pytorch.precision import Arithmetic

MIN_WINOGRAD_PIXELS = 96 * 144
"""The smallest image for which ``WinogradNetwork`` is faster on a CPU: there it soon makes up for
the time that the transforms of its kernels take."""


def uses_winograd(
    size: tuple[int, int], *, on_cpu: bool, dtype: DType, execution: Execution
) -> bool:
    """Return whether ``WinogradNetwork`` computes images of ``size`` (H, W).

    It does so with checkpointing too, if necessary in windows: it needs less memory than
    ``Network`` with checkpointing.
    """
    if execution.conv != "auto":
        return execution.conv == "winograd"
    return on_cpu and dtype == "float32" and size[0] * size[1] >= MIN_WINOGRAD_PIXELS


def windows_for(
    size: tuple[int, int], taps: Sequence[str], execution: Execution, *, on_cpu: bool
) -> WindowGrid | None:
    """Return the windows in which an image of ``size`` (H, W) is computed; None for no windows."""
    grid = WindowGrid(size, tuple(taps), on_cpu)
    return grid if execution.checkpointing and len(grid.windows) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSelector:
    """Makes networks that differ in the size of their images only.

    Attributes:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps.
        device: Where to compute.
        dtype: The dtype of the features and of the image's gradient.
        architecture: How the network pools and pads.
        arithmetic: How convolutions are computed.
        execution: What was asked for.
    """

    weights: Mapping[str, Array]
    taps: Sequence[str]
    device: torch.device
    dtype: torch.dtype
    architecture: Architecture
    arithmetic: Arithmetic
    execution: Execution

    def select_network(self, size: tuple[int, int]) -> LossNetwork:
        """Return the network for many evaluations of images of ``size`` (H, W).

        Raises:
            BackendError: if the device cannot compute what was asked for.
        """
        self._check()
        dtype: DType = "float64" if self.dtype == torch.float64 else "float32"
        on_cpu = self.device.type == "cpu"
        grid = windows_for(size, self.taps, self.execution, on_cpu=on_cpu)
        if not uses_winograd(size, on_cpu=on_cpu, dtype=dtype, execution=self.execution):
            if on_cpu or grid is None:
                return self._direct(checkpointing=self.execution.checkpointing)
            # A window is small enough: computing its blocks again would only take time.
            return WindowedNetwork(self._direct(checkpointing=False), grid)
        network = WinogradNetwork(
            self.weights,
            taps=self.taps,
            size=size if grid is None else grid.window_size,
            dtype=self.dtype,
            products=self.arithmetic.convolutions,
            architecture=self.architecture,
        )
        return network if grid is None else WindowedNetwork(network, grid)

    def select_style_network(self, size: tuple[int, int]) -> LossNetwork:
        """Return a network for one forward pass of a style picture of ``size`` (H, W).

        It convolves directly: the kernels of ``WinogradNetwork`` would take time to prepare.
        """
        network = self._direct(checkpointing=False)
        on_cpu = self.device.type == "cpu"
        grid = windows_for(size, self.taps, self.execution, on_cpu=on_cpu)
        return network if grid is None else WindowedNetwork(network, grid)

    def _direct(self, *, checkpointing: bool) -> Network:
        return Network(
            self.weights,
            taps=self.taps,
            device=self.device,
            dtype=self.dtype,
            architecture=self.architecture,
            convolutions=self.arithmetic.convolutions,
            checkpointing=checkpointing,
        )

    def _check(self) -> None:
        if self.execution.conv == "winograd" and self.device.type != "cpu":
            raise BackendError(
                f"--conv winograd is for the CPU: on {self.device.type} the library chooses, use "
                "--conv auto"
            )
