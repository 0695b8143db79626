"""The whole comparison: checks, one child process after the other, the report's files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import PIL.Image

from nst_core import images
from nst_core.compare import launch
from nst_core.compare.agreement import check_agreement
from nst_core.compare.record import Measurement
from nst_core.compare.report import Report
from nst_core.compare.tolerances import TOLERANCES
from nst_core.compare.variant import CommonSettings, Variant
from nst_core.errors import NstError, PictureError
from nst_core.problem import initial_image
from nst_core.run.stage_sizes import fitting_stages, stage_sizes
from nst_core.spec import Spec
from nst_core.system import files

_REPORT_FILES = ("sheet.png", "losses.png", "report.json", "report.html")


class Pictures(NamedTuple):
    """The content and style pictures, decoded."""

    content: PIL.Image.Image
    styles: tuple[PIL.Image.Image, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What runs, on which pictures, and where the files go.

    Attributes:
        variants: At least two. Those of one preset are compared with the first of the preset.
        settings: What is the same for all variants.
        directory: Where the files go. Only files of the same names are replaced.
    """

    variants: Sequence[Variant]
    settings: CommonSettings
    directory: Path

    def output_files(self) -> list[Path]:
        """Return the files that will be written."""
        names = [f"{variant.stem}.png" for variant in self.variants]
        return [self.directory / name for name in (*names, *_REPORT_FILES)]

    def check(self) -> None:
        """Find out before the runs whether every file can be written.

        Raises:
            NstError: one line.
        """
        for path in self.output_files():
            files.check_writable(path)
            for one in self.settings.inputs:
                if path.exists() and path.samefile(one):
                    raise PictureError(
                        f"{files.display_path(path)} is an input and would be replaced: "
                        "name another directory"
                    )


def read_pictures(settings: CommonSettings, specs: Sequence[Spec]) -> Pictures:
    """Read content and styles, and check that they are large enough for every spec.

    Raises:
        NstError: one line.
    """
    # What they would warn about is said by each variant.
    content, *styles = (
        images.read_decoded(path, max_pixels=settings.max_pixels).picture
        for path in (settings.content, *settings.run.style)
    )
    for spec in specs:
        fitting, _ = fitting_stages(spec, content=content)
        stage_sizes(fitting, content=content, styles=styles)
        initial_image.read_start_picture(spec.start, max_pixels=settings.max_pixels)
    return Pictures(content, tuple(styles))


def run(
    comparison: Comparison,
    pictures: Pictures,
    *,
    work_dir: Path,
    on_start: Callable[[str], None],
) -> Report:
    """Run the comparison. Its files appear in its directory at the end, and only then.

    Args:
        comparison: What runs.
        pictures: Content and styles, for the sheet.
        work_dir: A directory on the same file system, for files that are not complete.
        on_start: Called with one line before each variant runs.

    Raises:
        NstError: one line.
    """
    comparison.check()
    measurements = _measure(comparison, work_dir, on_start, content=pictures.content)
    report = Report(
        settings=comparison.settings,
        measurements=measurements,
        deviations=check_agreement(measurements, TOLERANCES[comparison.settings.run.dtype]),
        stems=[variant.stem for variant in comparison.variants],
    )
    _write(report, work_dir, pictures)
    for path in comparison.output_files():
        with _as_error(path):
            os.replace(work_dir / path.name, path)  # noqa: PTH105
    return report


def _measure(
    comparison: Comparison,
    work_dir: Path,
    on_start: Callable[[str], None],
    *,
    content: PIL.Image.Image,
) -> list[Measurement]:
    """Run the variants. The end image of a preset's first variant is the preset's common image."""
    measurements: list[Measurement] = []
    leaders: dict[str, Variant] = {}
    for number, variant in enumerate(comparison.variants, start=1):
        spec, _ = fitting_stages(Spec.from_table(variant.spec), content=content)
        steps = sum(stage.steps for stage in spec.stages)
        on_start(f"{variant.label}: {steps} steps ({number} of {len(comparison.variants)})")
        leader = leaders.setdefault(variant.preset, variant)
        common = None if leader is variant else work_dir / f"{leader.stem}.npz"
        measurements.append(
            launch.run_variant(variant, comparison.settings, directory=work_dir, common=common)
        )
    return measurements


def _write(report: Report, work_dir: Path, pictures: Pictures) -> None:
    # Importing matplotlib takes half a second, and Jinja a tenth; not before all variants have run.
    from nst_core.compare.html import write_html  # noqa: PLC0415
    from nst_core.compare.plot import write_losses  # noqa: PLC0415
    from nst_core.compare.sheet import write_sheet  # noqa: PLC0415

    with _as_error(work_dir):
        records = [one.record for one in report.measurements]
        sheet = work_dir / "sheet.png"
        write_sheet(report, sheet, content=pictures.content, styles=pictures.styles)
        write_losses(records, work_dir / "losses.png", title=report.title)
        (work_dir / "report.json").write_text(report.to_json(), encoding="utf-8")
        write_html(report, work_dir / "report.html", pictures=work_dir)


@contextmanager
def temporary_work_dir(directory: Path) -> Iterator[Path]:
    """Make ``directory`` if necessary, and yield a temporary directory in it.

    The temporary directory is removed at the end; so is ``directory`` if it was made here and is
    empty.

    Raises:
        FileError: one line: it is a file, or can't be made or written in.
    """
    with _as_error(directory):
        if directory.exists() and not directory.is_dir():
            raise NotADirectoryError(0, "it is not a directory; name another")
        new = not directory.exists()
        directory.mkdir(parents=True, exist_ok=True)
    try:
        with _as_error(directory):
            temporary = tempfile.TemporaryDirectory(prefix=".nst-compare-", dir=directory)
        with temporary as name:
            yield Path(name)
    finally:
        if new:
            with suppress(OSError):
                directory.rmdir()


@contextmanager
def _as_error(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` into a ``FileError`` of one line that names ``path``."""
    try:
        yield
    except NstError:
        raise
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise files.FileError(f"can't write {files.display_path(path)}: {reason}") from cause
