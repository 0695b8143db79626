"""Which devices multiply bfloat16 faster: a part of the seam that a backend need not implement."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class HasFastBf16(Protocol):
    """A backend that has devices on which a preset's ``precision = "bf16"`` pays."""

    def has_fast_bf16(self, *, device: str) -> bool:
        """Return whether a step with ``Execution.precision`` ``bf16`` is to be preferred.

        Args:
            device: The name of one of the backend's devices.
        """
        ...
