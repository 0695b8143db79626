"""VGG-19 by MXNet's own convolutions, up to the last tap, with its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from typing_extensions import override

from nst_core.arrays import Array
from nst_core.backend import PLAIN_VGG, Architecture, DType
from nst_core.system.memory import trim_heap
from nst_core.vgg19 import Layer, blocks, layers_until
from nst_mxnet._framework import Context, Tensor, mx
from nst_mxnet.block import Block
from nst_mxnet.block_record import ForwardPass
from nst_mxnet.joint_loss import JointLoss, JointSums
from nst_mxnet.loss_network import FeatureCallback, LossNetwork, NetworkEvaluation
from nst_mxnet.loss_terms import LossTerm
from nst_mxnet.row_strips import DEFAULT_STRIP_SIZES, StripSizes
from nst_mxnet.statistics import PartialSums, add_sums
from nst_mxnet.striped_block import StripedBlock

RECOMPUTED_BLOCKS = 2
"""How many blocks are computed again by default; three quarters of all activations are in them."""


class Network(LossNetwork):
    """VGG-19 cut after the deepest of ``taps``.

    Args:
        weights: Canonical arrays, ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,), ...
        taps: Names of the taps; at least one.
        device: Where to compute.
        dtype: The dtype of everything.
        architecture: How the network pools and pads.
        checkpointing: Whether every block's forward pass is computed again in the backward pass.
        strip_sizes: How large the strips are in which such blocks are computed.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        *,
        taps: Sequence[str],
        device: Context,
        dtype: DType,
        architecture: Architecture = PLAIN_VGG,
        checkpointing: bool = False,
        strip_sizes: StripSizes = DEFAULT_STRIP_SIZES,
    ) -> None:
        self._checkpointing = checkpointing
        layers = layers_until(taps)
        self.taps = tuple(layer.name for layer in layers if layer.name in taps)
        with device:
            # mx.np.array copies: canonical arrays are read-only and shared between backends.
            self.parameters = {
                layer.name: (
                    mx.np.array(weights[f"{layer.name}.weight"], dtype=dtype),
                    mx.np.array(weights[f"{layer.name}.bias"], dtype=dtype),
                )
                for layer in layers
                if layer.kind == "conv"
            }
        self.blocks = [
            StripedBlock(
                self._block(block, architecture, checkpointing=checkpointing),
                strip_sizes=strip_sizes,
                itemsize=8 if dtype == "float64" else 4,
                is_last=block[-1] is layers[-1],
            )
            for block in blocks(layers)
        ]

    @override
    def threads(self) -> AbstractContextManager[None]:
        return nullcontext()

    @override
    def forward(self, x: Tensor, on_features: FeatureCallback) -> None:
        for block in self.blocks:
            x = block.forward(x, on_features)
            # MXNet holds every array of a queued operation until the operation is done.
            mx.npx.waitall()
        del x
        trim_heap()

    @override
    def evaluate(
        self,
        x: Tensor,
        terms: Mapping[str, Sequence[LossTerm]],
        joint: Sequence[JointLoss] = (),
    ) -> NetworkEvaluation:
        sums: dict[LossTerm, PartialSums] = {}
        joint_sums = JointSums(joint)

        def on_features(tap: str, features: Tensor, rows: slice) -> None:
            for term in terms.get(tap, ()):
                sums[term] = add_sums(sums.get(term), term.partial_sums(features, rows))
            joint_sums.add(tap, features, rows)

        passes: list[ForwardPass] = []
        for block in self.blocks:
            passes.append(block.start_pass(x))
            x = block.forward(x, on_features, passes[-1])
            self._wait()
        del x
        found = {term: term.finish(its_sums) for term, its_sums in sums.items()}
        joint_losses, joint_gradients = joint_sums.finish()
        feature_gradients = {
            tap: [
                *(found[term].gradient for term in terms.get(tap, ())),
                *joint_gradients.get(tap, ()),
            ]
            for tap in self.taps
        }
        gradient = None
        for block in reversed(self.blocks):
            gradient = block.backward(passes.pop(), gradient, feature_gradients)
            self._wait()
        losses = [(term, one.loss) for term, one in found.items()]
        return NetworkEvaluation([*losses, *joint_losses], gradient)

    def _wait(self) -> None:
        """Wait for all queued operations; with checkpointing, return freed memory to the system.

        Without checkpointing it is kept: new pages for every block would cost 8 % of a step.
        """
        mx.npx.waitall()
        if self._checkpointing:
            trim_heap()

    def _block(
        self, layers: Sequence[Layer], architecture: Architecture, *, checkpointing: bool
    ) -> Block:
        number = layers[0].block
        return Block(
            layers,
            self.parameters,
            taps=self.taps,
            architecture=architecture,
            recomputed=checkpointing or number <= RECOMPUTED_BLOCKS,
            # The choices of the first block would take twice as much memory, and its last
            # convolution is as fast to compute again.
            may_keep_argmax=not checkpointing and 1 < number <= RECOMPUTED_BLOCKS,
        )
