"""Compiled transforms: ``vector_code`` for this processor, where the package llvmlite is installed.

llvmlite is LLVM in a package of its own: no compiler is needed on the machine. Without it the
transforms are PyTorch's operations, with the same bits.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nst_pytorch.cpu import vector_code
from nst_pytorch.cpu.vector_code import Kind

try:
    import llvmlite.binding as llvm
except (ImportError, OSError):  # not installed, or not for this system
    llvm = None

_KINDS: dict[torch.dtype, Kind] = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
_INPUT_ARGUMENTS, _OUTPUT_ARGUMENTS = 8, 11


class Transforms(NamedTuple):
    """The two compiled functions; their arguments are in ``vector_code``."""

    read: Callable[..., None]
    write: Callable[..., None]


def is_compiled(dtype: torch.dtype, products: torch.dtype, *, channels: Sequence[int]) -> bool:
    """Return whether there are compiled transforms for these types and channels.

    Args:
        dtype: The type of the maps.
        products: The type of V and M.
        channels: Of the input and of the output.
    """
    fits = all(count % vector_code.LANES == 0 for count in channels)
    return dtype == torch.float32 and products in _KINDS and fits and llvm is not None and _works()


@cache
def _works() -> bool:
    """Return whether LLVM can compile for this processor."""
    try:
        transforms_for(torch.float32, flipped=False)
    except RuntimeError:
        return False
    return True


@cache
def transforms_for(products: torch.dtype, *, flipped: bool) -> Transforms:
    """Return the compiled transforms; they are made at the first call, in about 0.1 s.

    Args:
        products: The type of V and M.
        flipped: See ``winograd.convolve``.
    """
    kind = _KINDS[products]
    engine = _engine(
        vector_code.input_code("read", kind, flipped=flipped)
        + vector_code.output_code("write", kind, flipped=flipped)
    )
    _ENGINES.append(engine)  # it owns the functions' memory
    return Transforms(
        _function(engine, "read", _INPUT_ARGUMENTS), _function(engine, "write", _OUTPUT_ARGUMENTS)
    )


def input_arguments(source: Tensor, v: Tensor, rows: int, columns: int) -> tuple[int, ...]:
    """Return the arguments of ``Transforms.read``."""
    row, column, _ = (stride * source.itemsize for stride in source.stride())
    plane = v.stride(0) * v.itemsize
    return source.data_ptr(), row, column, v.data_ptr(), plane, rows, columns, source.shape[2]


def output_arguments(m: Tensor, bias: Tensor, outs: Sequence[Tensor]) -> tuple[int, ...]:
    """Return the arguments of ``Transforms.write``."""
    first, second = outs[0], outs[1]
    row, tile_row, tile_column, _ = (stride * first.itemsize for stride in first.stride())
    column = second.data_ptr() - first.data_ptr()
    _, rows, columns, channels = first.shape
    plane = m.stride(0) * m.itemsize
    return (
        m.data_ptr(), plane, bias.data_ptr(), first.data_ptr(),
        row, column, tile_row, tile_column, rows, columns, channels,
    )  # fmt: skip


_ENGINES: list[Any] = []


def _engine(code: str) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(code)
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


def _function(engine: Any, name: str, arguments: int) -> Callable[..., None]:
    # Calls by ctypes release Python's lock, as PyTorch's operations do.
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * arguments)
    return kind(engine.get_function_address(name))
