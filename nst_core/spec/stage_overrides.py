"""Options for sizes and steps that replace those of a spec's stages."""

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

    If the spec lists its stages:

    - One size for several stages is the size of the last stage. The earlier stages keep their
      proportion to it, so a preset that goes from small to large still does.
    - One number of steps is for every stage.
    - Several sizes or numbers of steps give as many stages. Their other fields are those of the
      spec's stage of the same number, or of its last stage.
    - A size that is given is for every device.

    If the spec has a pyramid, it keeps a pyramid for one size and up to two numbers of steps. The
    size is that of the last stage. With two numbers of steps, the first is for the first stage; the
    second is for the coarse stages and the final stage too.
    Several sizes, or more numbers of steps, replace the pyramid by stages.

    Args:
        spec: The spec.
        sizes: Size rules; empty to keep the spec's.
        steps: Numbers of steps; empty to keep the spec's.
        pyramid: ``from``, ``to`` and perhaps ``factor`` of a pyramid that replaces the stages. If
            no steps are given, its steps are those of the spec's last stage.

    Raises:
        SpecError: if the numbers of sizes and steps do not match, or a value is wrong; one line.
    """
    if pyramid is not None:
        if sizes:
            raise SpecError("pyramid and size: give one of them")
        with_steps = {"steps": spec.stages[-1].steps, **pyramid}
        spec = Spec.from_table(merging.merged(spec.to_table(), {"pyramid": with_steps}))
    if not sizes and not steps:
        return spec
    if spec.pyramid is not None and len(sizes) <= 1 and len(steps) <= 2:
        return _with_other_pyramid(spec, spec.pyramid, sizes=sizes, steps=steps)
    if spec.pyramid is not None and spec.pyramid.is_relative and len(sizes) <= 1:
        raise SpecError(
            f"{len(steps)} steps for a pyramid to {spec.pyramid.to}, whose stages depend on the "
            "content: give one or two, or --size with one size for each stage"
        )
    old = spec.stages
    count = max(len(sizes), len(steps)) if max(len(sizes), len(steps)) > 1 else len(old)
    new_sizes = _sizes_per_stage(
        sizes or [stage.size for stage in old], [s.size for s in old], count
    )
    new_steps = _one_per_stage(steps or [stage.steps for stage in old], count, "steps")
    table = {key: value for key, value in spec.to_table().items() if key != "pyramid"}
    tables = [stage.model_dump(mode="json") for stage in old]
    stages = [
        {**_item_or_last(tables, index), "size": size, "steps": number}
        for index, (size, number) in enumerate(zip(new_sizes, new_steps, strict=True))
    ]
    if sizes:
        for stage in stages:
            stage.pop("size_on_cpu", None)
    return Spec.from_table({**table, "stages": stages})


def _with_other_pyramid(
    spec: Spec, pyramid: Pyramid, *, sizes: Sequence[str], steps: Sequence[int]
) -> Spec:
    """Return ``spec`` with another size or other steps of its pyramid."""
    table = pyramid.model_dump(mode="json")
    if sizes:
        last = Size.parse(sizes[0])
        table["to"] = str(last)
        if last.kind != "relative":
            # A size smaller than the pyramid's first stage gives one stage of that size.
            table["from"] = min(table["from"], max(last.height, last.width))
    if steps:
        table |= {"steps": steps[-1], "first_steps": steps[0]}
        for name in ("coarse", "final"):
            if name in table:
                table[name] = {**table[name], "steps": steps[-1]}
    return Spec.from_table(merging.merged(spec.to_table(), {"pyramid": table}))


def _item_or_last(values: Sequence[T], index: int) -> T:
    return values[min(index, len(values) - 1)]


def _sizes_per_stage(sizes: Sequence[str], old: Sequence[str], count: int) -> list[str]:
    if len(sizes) == 1 and count == len(old):
        last, olds = Size.parse(sizes[0]), [Size.parse(size) for size in old]
        if len({size.kind == "relative" for size in olds}) > 1:
            raise SpecError(
                f"size = {sizes[0]!r}: the stages {', '.join(old)} have no proportion to each "
                "other before the content is known; give one size for each stage"
            )
        extents = [size.percent if size.kind == "relative" else size.height for size in olds]
        return [str(last.scaled(extent / extents[-1])) for extent in extents]
    return _one_per_stage(sizes, count, "sizes")


def _one_per_stage(values: Sequence[T], count: int, what: str) -> list[T]:
    """Return ``count`` values: one value is repeated.

    Raises:
        SpecError: if there are neither one nor ``count`` values.
    """
    if len(values) not in (1, count):
        raise SpecError(f"{len(values)} {what} for {count} stages: give one, or one for each stage")
    return list(values) * (count if len(values) == 1 else 1)
