"""Losses and gradient captured as a CUDA graph: hundreds of kernel launches become one.

At the documents' sizes a GPU computes a layer in less time than Python needs to launch it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")

_WARM_UP = 3
"""Runs before the capture, in which libraries choose their algorithms and allocate memory."""


class CudaGraph(Generic[T]):
    """A function of one tensor, captured on the first call and replayed from then on.

    The next call overwrites the result. If the function cannot be captured (for example, because
    one of its losses waits for the CPU), every call runs it directly, and ``refusal`` says why.

    Args:
        function: A pure function: it changes neither its argument nor anything else that it reads.
        x: Its argument, always the same tensor, whose values may change between calls.
    """

    def __init__(self, function: Callable[[Tensor], T], x: Tensor) -> None:
        self._function = function
        self._x = x
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: T | None = None
        self.refusal = ""

    def __call__(self) -> T:
        """Return the function's value at the current ``x``; the work is only queued."""
        if self._graph is None and not self.refusal:
            self._capture()
        if self._graph is None or self._result is None:
            return self._function(self._x)
        self._graph.replay()
        return self._result

    def _capture(self) -> None:
        stream = torch.cuda.Stream(self._x.device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(self._x.device))
        with torch.cuda.device(self._x.device):
            with torch.cuda.stream(stream):
                for _ in range(_WARM_UP):
                    self._function(self._x)
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(graph):
                    self._result = self._function(self._x)
            except RuntimeError as error:
                self._result = None
                self.refusal = str(error).partition("\n")[0]
                return
        self._graph = graph
