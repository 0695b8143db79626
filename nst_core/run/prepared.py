"""Everything that the loop over the steps needs, found and checked before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import PIL.Image

from nst_core import weights as weights_module
from nst_core.arrays import Array
from nst_core.backend import Backend, Device, DType, Execution, HasFastBf16, registry
from nst_core.backend.footprint import StageSize
from nst_core.images import DecodedPicture, EncodeOptions
from nst_core.problem import initial_image, regions
from nst_core.problem.masks import Mask
from nst_core.problem.style_cache import TargetCache
from nst_core.problem.styles import StylePicture
from nst_core.problem.visibility import check_alphas, check_visible, counting_alpha, visible
from nst_core.run.observers import Plan
from nst_core.run.stage_sizes import fitting_stages, sizes_and_warnings, stage_sizes
from nst_core.spec import Spec, recipe
from nst_core.spec.recipe import Run
from nst_core.vgg19 import deepest
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
        alpha: The alpha, mode ``L``, by which the content's pixels count; None if all count alike.
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
    alpha: PIL.Image.Image | None = None
    targets: TargetCache = field(default_factory=TargetCache)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of content and styles is left out."""
        return self.alpha is None and all(style.alpha is None for style in self.styles)


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
    leaves_out = spec.alpha == "leave-out"
    alpha = counting_alpha(content, alpha=spec.alpha)
    regions.check_styles(mask, styles)
    check_alphas(alpha, styles)
    pictures = [style.picture for style in styles]
    if not spec.depends_on_device():
        fitting, _ = fitting_stages(spec, content=content.picture)
        stage_sizes(fitting, content=content.picture, styles=pictures)
    start = initial_image.read_start_picture(
        spec.start, max_pixels=max_pixels, cut_out=leaves_out or run.keep_alpha
    )
    if isinstance(weights, str):
        weights_module.check(weights)
    loaded = registry.load(backend) if isinstance(backend, str) else backend
    device = registry.choose_device(loaded, run.device)
    # From here on, and in the recipe, sizes and precision are the ones for this device.
    spec = spec.on(device.name)
    spec, run = _with_precision(spec, run, backend=loaded, device=device)
    fitting, left_out = fitting_stages(spec, content=content.picture)
    sizes, enlarged = sizes_and_warnings(fitting, content=content.picture, styles=pictures)
    taps, style_taps = spec.taps(), spec.style_taps()
    for size in sizes:
        check_visible(size, alpha, styles, taps=taps, style_taps=style_taps)
        seen = visible(alpha, size=size.content)
        _check_regions(size, mask, styles, taps=style_taps, seen=seen)
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
        finish=EncodeOptions.of(run.output, content, leaves_out=leaves_out),
        warnings=tuple(
            dict.fromkeys(
                (
                    *(start.notes if start else ()),
                    *warnings,
                    *regions.warnings(mask, styles),
                    *left_out,
                    *enlarged,
                )
            )
        ),
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
        start=start.picture if start else None,
        content_mask=mask,
        alpha=alpha,
        targets=targets,
    )


def _with_precision(spec: Spec, run: Run, *, backend: Backend, device: Device) -> tuple[Spec, Run]:
    """Return the spec without its own precision, and the run with the one that it computes in.

    So a recipe names the precision that the picture was made with, for whatever machine.
    """
    fast = isinstance(backend, HasFastBf16) and backend.has_fast_bf16(device=device.name)
    if spec.precision == "bf16" and fast and run.precision == "auto" and run.dtype == "float32":
        run = run.model_copy(update={"precision": "bf16"})
    return spec.model_copy(update={"precision": "auto"}), run


def _check_regions(
    size: StageSize,
    mask: Mask | None,
    styles: Sequence[StylePicture],
    *,
    taps: Sequence[str],
    seen: Array | None,
) -> None:
    """Check that every region has a style in a stage, down to the deepest tap."""
    if mask is None or not taps:
        return
    guides = regions.style_guides(mask, styles, sizes=size.styles)
    regions.check_deepest_tap(
        regions.content_guides(mask, size=size.content, seen=seen),
        [(guide, style.weight) for guide, style in zip(guides, styles, strict=True)],
        tap=deepest(taps),
        size=f"{size.content[0]}x{size.content[1]}",
    )
