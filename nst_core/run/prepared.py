"""Everything that the loop over the steps needs, found and checked before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import PIL.Image

from nst_core import weights as weights_module
from nst_core.backend import Backend, DType, Execution, registry
from nst_core.backend.footprint import StageSize
from nst_core.errors import SpecError
from nst_core.images import DecodedPicture, EncodeOptions
from nst_core.problem import initial_image, regions
from nst_core.problem.masks import Mask
from nst_core.problem.style_cache import TargetCache
from nst_core.problem.styles import StylePicture, size_rule
from nst_core.run.observers import Plan
from nst_core.spec import Spec, recipe
from nst_core.spec.recipe import Run
from nst_core.spec.sizes import LARGEST, Size
from nst_core.vgg19 import TAPS, smallest_side
from nst_core.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """Everything that the loop needs.

    Attributes:
        plan: What the run is going to do, as observers are told.
        sizes: The pictures' sizes in each stage.
        backend: The backend, loaded.
        weights: The VGG-19 weights.
        dtype: The type that everything is computed in.
        execution: How it is computed.
        content: The content picture, in the colours that are painted.
        styles: The style pictures, with their weights and masks.
        start: The picture that the first stage starts from; None if the spec names none.
        content_mask: The content's label picture, or None.
        targets: The cache of style targets.
    """

    plan: Plan
    sizes: Sequence[StageSize]
    backend: Backend
    weights: Weights
    dtype: DType
    execution: Execution
    content: PIL.Image.Image
    styles: Sequence[StylePicture]
    start: PIL.Image.Image | None
    content_mask: Mask | None = None
    targets: TargetCache = field(default_factory=TargetCache)


def prepare(
    spec: Spec,
    run: Run,
    *,
    content: DecodedPicture,
    styles: Sequence[StylePicture],
    mask: Mask | None,
    backend: str | Backend,
    weights: str | Weights,
    max_pixels: int,
    command: str,
    checksums: Mapping[str, str | list[str]],
    targets: TargetCache,
) -> PreparedRun:
    """Check everything, load backend and weights, and write the recipe.

    What can be refused without loading a framework is refused first: a framework takes seconds.

    Raises:
        NstError: for anything wrong with what was given; one line.
    """
    regions.check_styles(mask, styles)
    pictures = [style.picture for style in styles]
    if not spec.depends_on_device():
        stage_sizes(spec, content=content.picture, styles=pictures)
    start = initial_image.read_start_picture(spec.start, max_pixels=max_pixels)
    if isinstance(weights, str):
        weights_module.check(weights)
    loaded = registry.load(backend) if isinstance(backend, str) else backend
    device = registry.choose_device(loaded, run.device)
    # From here on, and in the recipe, sizes are the ones for this device.
    spec = spec.on(device.name)
    sizes = stage_sizes(spec, content=content.picture, styles=pictures)
    _check_regions(spec, sizes, mask, styles)
    vgg19 = weights_module.load(weights) if isinstance(weights, str) else weights
    plan = Plan(
        spec=spec.for_content(height=content.picture.height, width=content.picture.width),
        sizes=tuple(size.content for size in sizes),
        backend=f"{loaded.name} {loaded.version}",
        device=device,
        weights=run.weights,
        weights_checksum=vgg19.checksum,
        recipe=recipe.write(
            spec,
            run,
            backend_version=loaded.version,
            device=device,
            weights_checksum=vgg19.checksum,
            command=command,
            checksums=checksums,
        ),
        finish=EncodeOptions.of(run.output, content),
    )
    return PreparedRun(
        plan=plan,
        sizes=sizes,
        backend=loaded,
        weights=vgg19,
        dtype=run.dtype,
        execution=run.execution,
        content=content.picture,
        styles=styles,
        start=start,
        content_mask=mask,
        targets=targets,
    )


def stage_sizes(
    spec: Spec, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> tuple[StageSize, ...]:
    """Return the pictures' sizes in each stage, for any device but a CPU.

    Raises:
        SpecError: if a side is too small for the deepest tap, or larger than a picture may be.
    """
    spec = spec.for_content(height=content.height, width=content.width)
    least = smallest_side(spec.taps())

    def resolved(rule: Size, role: str, picture: PIL.Image.Image) -> tuple[int, int]:
        height, width = rule.resolve(height=picture.height, width=picture.width)
        if min(height, width) < least:
            raise SpecError(
                f"size = {str(rule)!r} makes the {role} picture {height}x{width}, which is too "
                f"small for the deepest tap: both sides need at least {least} pixels"
            )
        if max(height, width) > LARGEST:
            raise SpecError(
                f"size = {str(rule)!r} makes the {role} picture {height}x{width}: sides may have "
                f"up to {LARGEST} pixels"
            )
        return height, width

    contents = [resolved(Size.parse(stage.size), "content", content) for stage in spec.stages]
    rules = [
        size_rule(spec, number, ratio=max(size) / max(contents[-1]))
        for number, size in enumerate(contents)
    ]
    return tuple(
        StageSize(size, tuple(resolved(rule, "style", style) for style in styles))
        for size, rule in zip(contents, rules, strict=True)
    )


def _check_regions(
    spec: Spec,
    sizes: Sequence[StageSize],
    mask: Mask | None,
    styles: Sequence[StylePicture],
) -> None:
    """Check that every region has a style in every stage, down to the deepest tap."""
    if mask is None or not spec.style.layers:
        return
    deepest = max((tap for tap, _ in spec.style.layers), key=TAPS.index)
    for size in sizes:
        guides = regions.style_guides(mask, styles, sizes=size.styles)
        regions.check_deepest_tap(
            regions.content_guides(mask, size=size.content),
            [(guide, style.weight) for guide, style in zip(guides, styles, strict=True)],
            tap=deepest,
            size=f"{size.content[0]}x{size.content[1]}",
        )
