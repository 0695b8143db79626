"""Imports the program of a variant and makes it ready for its first step."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from measuring.variant_spec import VariantSpec
from variants import Pictures, Variant


def prepare(spec: VariantSpec, pictures: Pictures, *, device: str) -> Variant:
    """Return a variant that is ready for its first step.

    Its framework is imported only here, so that a process has only one framework, as a user's
    program has.
    """
    if spec.is_nst:
        session: Variant = _module("nst_session").Loop(spec, pictures, device=device)
        return session
    module = _module(spec.program.replace("-", "_"))
    loop: Variant = module.Loop(pictures, device="cpu" if device == "auto" else device)
    return loop


def import_framework(spec: VariantSpec) -> None:
    """Import what the variant needs; this is not part of its start-up time.

    For the documents' loops the frameworks are imported as the documents import them, because
    nst's backends would change their threads.
    """
    if spec.is_nst:
        import_module(f"nst_{spec.backend}")
    elif "torch" in spec.program:
        import_module("torch")
    elif "jax" in spec.program:
        import_module("jax")
    else:
        _module("d2l_mxnet")


def _module(name: str) -> Any:
    return import_module(f"variants.{name}")
