"""Everything that the loop over the steps needs, found and checked before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import PIL.Image

from nst_core import weights as weights_module
from nst_core.backend import Backend, DType, Execution, registry
from nst_core.backend.footprint import StageSize
from nst_core.images import DecodedPicture, EncodeOptions
from nst_core.problem import initial_image, regions
from nst_core.problem.masks import Mask
from nst_core.problem.style_cache import TargetCache
from nst_core.problem.styles import StylePicture
from nst_core.run.observers import Plan
from nst_core.run.stage_sizes import fitting_stages, sizes_and_warnings, stage_sizes
from nst_core.spec import Spec, recipe
from nst_core.spec.recipe import Run
from nst_core.vgg19 import TAPS
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
    warnings: Sequence[str] = (),
) -> PreparedRun:
    """Check everything, load backend and weights, and write the recipe.

    What can be refused without loading a framework is refused first: a framework takes seconds.
    The recipe has the stages of ``spec``, also those that this content picture is too small for.

    Raises:
        NstError: for anything wrong with what was given; one line.
    """
    regions.check_styles(mask, styles)
    pictures = [style.picture for style in styles]
    if not spec.depends_on_device():
        fitting, _ = fitting_stages(spec, content=content.picture)
        stage_sizes(fitting, content=content.picture, styles=pictures)
    start = initial_image.read_start_picture(spec.start, max_pixels=max_pixels)
    if isinstance(weights, str):
        weights_module.check(weights)
    loaded = registry.load(backend) if isinstance(backend, str) else backend
    device = registry.choose_device(loaded, run.device)
    # From here on, and in the recipe, sizes are the ones for this device.
    spec = spec.on(device.name)
    fitting, left_out = fitting_stages(spec, content=content.picture)
    sizes, enlarged = sizes_and_warnings(fitting, content=content.picture, styles=pictures)
    _check_regions(spec, sizes, mask, styles)
    vgg19 = weights_module.load(weights) if isinstance(weights, str) else weights
    plan = Plan(
        spec=fitting,
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
        warnings=(*warnings, *regions.warnings(mask, styles), *left_out, *enlarged),
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


def _check_regions(
    spec: Spec,
    sizes: Sequence[StageSize],
    mask: Mask | None,
    styles: Sequence[StylePicture],
) -> None:
    """Check that every region has a style in every stage, down to the deepest tap."""
    taps = spec.style_taps()
    if mask is None or not taps:
        return
    deepest = max(taps, key=TAPS.index)
    for size in sizes:
        guides = regions.style_guides(mask, styles, sizes=size.styles)
        regions.check_deepest_tap(
            regions.content_guides(mask, size=size.content),
            [(guide, style.weight) for guide, style in zip(guides, styles, strict=True)],
            tap=deepest,
            size=f"{size.content[0]}x{size.content[1]}",
        )
