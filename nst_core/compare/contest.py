"""The whole comparison: checks, one process after the other, the report's files."""

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
from nst_core.compare import processes
from nst_core.compare.job import Contestant, Setting
from nst_core.compare.measurement import Measurement
from nst_core.compare.report import Report
from nst_core.compare.tolerances import TOLERANCES
from nst_core.compare.verdict import judge
from nst_core.errors import NstError, PictureError
from nst_core.problem import initial_image
from nst_core.run.prepared import stage_sizes
from nst_core.spec import Spec
from nst_core.system import files

_REPORTS = ("sheet.png", "losses.png", "report.json", "report.html")


class Pictures(NamedTuple):
    """Content and styles, decoded."""

    content: PIL.Image.Image
    styles: tuple[PIL.Image.Image, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Who runs on what, and where the files go.

    Attributes:
        contestants: At least two; those of one preset are judged against its first.
        setting: What is the same for all.
        directory: Where the files go; only files of the same names are replaced.
    """

    contestants: Sequence[Contestant]
    setting: Setting
    directory: Path

    def files(self) -> list[Path]:
        """Return what is going to be written."""
        names = [f"{one.stem}.png" for one in self.contestants]
        return [self.directory / name for name in (*names, *_REPORTS)]

    def check(self) -> None:
        """Find out before the runs whether every file can be written.

        Raises:
            NstError: one line.
        """
        for path in self.files():
            files.check_writable(path)
            for one in self.setting.inputs:
                if path.exists() and path.samefile(one):
                    raise PictureError(
                        f"{files.display_path(path)} is an input and would be replaced: "
                        "name another directory"
                    )


def opened(setting: Setting, specs: Sequence[Spec]) -> Pictures:
    """Read content and styles, and find out whether they are large enough for every spec.

    Raises:
        NstError: one line.
    """
    content = images.read(setting.content, max_pixels=setting.max_pixels)
    styles = tuple(images.read(one, max_pixels=setting.max_pixels) for one in setting.styles)
    for spec in specs:
        stage_sizes(spec, content=content, styles=styles)
        initial_image.opened(spec.start, max_pixels=setting.max_pixels)
    return Pictures(content, styles)


def run(
    contest: Contest, pictures: Pictures, *, workplace: Path, tell: Callable[[str], None]
) -> Report:
    """Run the contest; at the end, and only then, its files stand in its directory.

    Args:
        contest: Who runs on what.
        pictures: Content and styles, for the sheet.
        workplace: A directory on the same file system, for files on their way.
        tell: Is told one line about each contestant before it runs.

    Raises:
        NstError: one line.
    """
    contest.check()
    measurements = _measure(contest, workplace, tell)
    report = Report(
        setting=contest.setting,
        measurements=measurements,
        deviations=judge(measurements, TOLERANCES[contest.setting.dtype]),
        stems=[one.stem for one in contest.contestants],
    )
    _write(report, workplace, pictures)
    for path in contest.files():
        with _blaming(path):
            os.replace(workplace / path.name, path)  # noqa: PTH105
    return report


def _measure(contest: Contest, workplace: Path, tell: Callable[[str], None]) -> list[Measurement]:
    """Run the contestants; the first of each preset makes the common end image of the preset."""
    measurements: list[Measurement] = []
    first: dict[str, Contestant] = {}
    for number, one in enumerate(contest.contestants, start=1):
        steps = sum(stage["steps"] for stage in one.spec["stages"])
        tell(f"{one.label}: {steps} steps ({number} of {len(contest.contestants)})")
        leader = first.setdefault(one.preset, one)
        common = None if leader is one else workplace / f"{leader.stem}.npz"
        found = processes.run(one, contest.setting, directory=workplace, common=common)
        measurements.append(found)
    return measurements


def _write(report: Report, workplace: Path, pictures: Pictures) -> None:
    # matplotlib takes half a second to import: not before everything has run.
    from nst_core.compare.page import write_page  # noqa: PLC0415
    from nst_core.compare.plot import write_losses  # noqa: PLC0415
    from nst_core.compare.sheet import write_sheet  # noqa: PLC0415

    with _blaming(workplace):
        records = [one.record for one in report.measurements]
        sheet = workplace / "sheet.png"
        write_sheet(report, sheet, content=pictures.content, styles=pictures.styles)
        write_losses(records, workplace / "losses.png", title=report.title)
        (workplace / "report.json").write_text(report.to_json(), encoding="utf-8")
        write_page(report, workplace / "report.html", pictures=workplace)


@contextmanager
def workplace(directory: Path) -> Iterator[Path]:
    """Make ``directory`` if it is missing and lend a folder in it, which is removed at the end.

    A directory that was made here and stays empty is removed too.

    Raises:
        FileError: one line: it is a file, or can't be made or written in.
    """
    with _blaming(directory):
        if directory.exists() and not directory.is_dir():
            raise NotADirectoryError(0, "it is not a directory; name another")
        new = not directory.exists()
        directory.mkdir(parents=True, exist_ok=True)
    try:
        with _blaming(directory):
            lent = tempfile.TemporaryDirectory(prefix=".nst-compare-", dir=directory)
        with lent as name:
            yield Path(name)
    finally:
        if new:
            with suppress(OSError):
                directory.rmdir()


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    try:
        yield
    except NstError:
        raise
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise files.FileError(f"can't write {files.display_path(path)}: {reason}") from cause
