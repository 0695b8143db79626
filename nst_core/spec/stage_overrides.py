"""Sizes and steps given apart from a spec, laid over its stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from nst_core.errors import SpecError
from nst_core.spec import Pyramid, Spec, merging
from nst_core.spec.sizes import Size

T = TypeVar("T")


def with_stages(
    spec: Spec,
    *,
    sizes: Sequence[str],
    steps: Sequence[int],
    pyramid: Mapping[str, Any] | None = None,
) -> Spec:
    """Return ``spec`` with other sizes and steps.

    One size for several stages is meant for the last, and the earlier ones keep their proportion
    to it, so that a preset that works its way up still does. One number of steps goes to every
    stage. Several sizes or steps make as many stages, whose other fields are those of the spec's
    stage of that number, or of its last. A size that is given holds on every device.

    A pyramid stays one: one size is its last, of two numbers of steps the first is the first
    stage's. Only several sizes, or more steps, put stages in its place.

    Args:
        spec: Whose stages are replaced.
        sizes: Size rules; empty to keep the spec's.
        steps: Numbers of steps; empty to keep the spec's.
        pyramid: ``from``, ``to`` and perhaps ``factor`` of a pyramid in place of the stages; its
            steps are the last stage's, if none are given.

    Raises:
        SpecError: if the numbers of sizes and steps don't fit together, or a value is wrong.
    """
    if pyramid is not None:
        if sizes:
            raise SpecError("pyramid and size: give one of them")
        taken = {"steps": spec.stages[-1].steps, **pyramid}
        spec = Spec.from_table(merging.merged(spec.to_table(), {"pyramid": taken}))
    if not sizes and not steps:
        return spec
    if spec.pyramid is not None and len(sizes) <= 1 and len(steps) <= 2:
        return _rebuilt(spec, spec.pyramid, sizes=sizes, steps=steps)
    old = spec.stages
    count = max(len(sizes), len(steps)) if max(len(sizes), len(steps)) > 1 else len(old)
    new_sizes = _spread_sizes(sizes or [stage.size for stage in old], [s.size for s in old], count)
    new_steps = _spread(steps or [stage.steps for stage in old], count, "steps")
    table = {key: value for key, value in spec.to_table().items() if key != "pyramid"}
    tables = [stage.model_dump(mode="json") for stage in old]
    stages = [
        {**_at(tables, index), "size": size, "steps": number}
        for index, (size, number) in enumerate(zip(new_sizes, new_steps, strict=True))
    ]
    if sizes:
        for stage in stages:
            stage.pop("size_on_cpu", None)
    return Spec.from_table({**table, "stages": stages})


def _rebuilt(spec: Spec, pyramid: Pyramid, *, sizes: Sequence[str], steps: Sequence[int]) -> Spec:
    """Return ``spec`` with a pyramid of another size or other steps."""
    table = pyramid.model_dump(mode="json")
    if sizes:
        last = Size.parse(sizes[0])
        # A picture smaller than the pyramid's first stage has that stage alone.
        table |= {"to": str(last), "from": min(table["from"], max(last.height, last.width))}
    if steps:
        table |= {"steps": steps[-1], "first_steps": steps[0]}
    return Spec.from_table(merging.merged(spec.to_table(), {"pyramid": table}))


def _at(values: Sequence[T], index: int) -> T:
    return values[min(index, len(values) - 1)]


def _spread_sizes(sizes: Sequence[str], old: Sequence[str], count: int) -> list[str]:
    if len(sizes) == 1 and count == len(old):
        last, whole = Size.parse(sizes[0]), Size.parse(old[-1]).height
        return [str(last.scaled(Size.parse(size).height / whole)) for size in old]
    return _spread(sizes, count, "sizes")


def _spread(values: Sequence[T], count: int, what: str) -> list[T]:
    if len(values) not in (1, count):
        raise SpecError(f"{len(values)} {what} for {count} stages: give one, or one for each stage")
    return list(values) * (count if len(values) == 1 else 1)
