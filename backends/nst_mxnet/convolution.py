"""The 3x3 convolution of VGG-19, and the gradient of its input."""

from __future__ import annotations

from contextlib import AbstractContextManager

from nst_mxnet._framework import Tensor, mx
from nst_mxnet.padding import replicate_pad, replicate_pad_backward


def convolve(x: Tensor, weight: Tensor, bias: Tensor, *, replicates: bool) -> Tensor:
    """Return the convolution of ``x`` (1, I, H, W), of the same height and width.

    Args:
        x: The features that come in.
        weight: (O, I, 3, 3).
        bias: (O,).
        replicates: Whether the values beyond the edge are the nearest pixels, not zeros.
    """
    padding = 1
    if replicates:
        x, padding = replicate_pad(x), 0
    with _original_weights():
        return mx.npx.convolution(
            x,
            weight,
            bias,
            kernel=(3, 3),
            pad=(padding, padding),
            num_filter=weight.shape[0],
        )


def convolve_backward(gradient: Tensor, weight: Tensor, *, replicates: bool) -> Tensor:
    """Return the gradient (1, I, H, W) with respect to the input, from that of the output."""
    padding = 0 if replicates else 1
    # The transposed convolution is the gradient of the convolution, in float32 to the bit. It needs
    # nothing of the forward pass.
    with _original_weights():
        found = mx.npx.deconvolution(
            gradient,
            weight,
            kernel=(3, 3),
            stride=(1, 1),
            pad=(padding, padding),
            num_filter=weight.shape[1],
            no_bias=True,
        )
    return replicate_pad_backward(found) if replicates else found


def _original_weights() -> AbstractContextManager[None]:
    """Return a context in which convolutions leave the weights in their original layout.

    Outside training mode MXNet reorders the weights in place into oneDNN's layout, for the next
    call. The same weights can then not be used for the gradient.
    """
    training: AbstractContextManager[None] = mx.autograd.train_mode()
    return training
