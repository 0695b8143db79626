"""One way to write a hybrid block for Gluon 1 and Gluon 2."""

from __future__ import annotations

from collections.abc import Sequence

from nst_mxnet._framework import Operators, Tensor, mx


class Block(mx.gluon.HybridBlock):  # type: ignore[misc]  # MXNet has no types
    """A ``HybridBlock`` that says what it computes once, in ``compute``.

    Gluon 1 (MXNet 1.9) traces ``hybrid_forward(F, ...)``, F being ``mx.symbol`` or ``mx.ndarray``.
    Gluon 2 (MXNet 2.0) traces ``forward(...)`` on arrays, and refuses a block with the former.
    """

    def compute(self, operators: Operators, *inputs: Tensor) -> Sequence[Tensor]:
        """Return the outputs for ``inputs``, using ``operators.np`` and ``operators.npx``."""
        raise NotImplementedError

    if hasattr(mx.gluon.HybridBlock, "hybrid_forward"):

        def hybrid_forward(self, F: Operators, *inputs: Tensor) -> Sequence[Tensor]:  # noqa: N803
            """Gluon 1's name for it."""
            return self.compute(F, *inputs)

    else:

        def forward(self, *inputs: Tensor) -> Sequence[Tensor]:
            """Gluon 2's name for it."""
            return self.compute(mx, *inputs)
