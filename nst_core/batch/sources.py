"""The pictures that a job reads, as local files, and whether they are those of an earlier run.

Objects of a store are copied first. A recipe has their SHA-256, like that of every file, and what
the store calls their version. If the version is still the same, so is the object, and nothing is
copied to find that out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from nst_core.batch.downloads import Download, Downloads
from nst_core.batch.job import Job
from nst_core.errors import NstError
from nst_core.run.pictures import CHECKSUMS, VERSIONS, Pictures
from nst_core.spec import Spec
from nst_core.system import storage
from nst_core.system.checksums import file_checksum
from nst_core.system.storage import StorageError


@dataclass(frozen=True, slots=True)
class _Input:
    """A picture of a job, and the names of its checksum and version in a recipe."""

    path: str
    checksum: str
    version: str
    is_list: bool


@contextmanager
def local_pictures(job: Job, downloads: Downloads) -> Iterator[Pictures]:
    """Yield the pictures of a job as local files.

    The content and its mask are removed after the block; styles are kept for other jobs.

    Raises:
        NstError: as the block; a message names the object, not its copy.
    """
    copies = {one.path: downloads.get(one.path) for one in _inputs(job) if storage.is_url(one.path)}
    try:
        yield _pictures(job, copies)
    except NstError as error:
        text = str(error)
        for url, copy in copies.items():
            text = text.replace(copy.path, url)
        if text == str(error):
            raise
        raise NstError(text) from error
    finally:
        for path in (job.content, job.content_mask):
            if path in copies and path not in (job.style, job.style_mask):
                downloads.drop(path)


def are_as_before(job: Job, made_with: Mapping[str, object]) -> bool:
    """Whether the pictures of a job are those of a recipe's ``[made_with]`` table.

    Raises:
        NstError: if that can't be found out; one line.
    """
    start = Spec.from_table(job.spec).start.file
    before = {name: value for name, value in made_with.items() if name in CHECKSUMS}
    names = {one.checksum for one in _inputs(job)}
    start_now = Pictures(content="", styles=()).checksums(start)
    if set(before) - names != set(start_now) or any(
        before[name] != start_now[name] for name in start_now
    ):
        return False
    return all(_is_as_before(one, made_with) for one in _inputs(job))


def _is_as_before(one: _Input, made_with: Mapping[str, object]) -> bool:
    checksum = made_with.get(one.checksum)
    if not storage.is_url(one.path):
        now = file_checksum(one.path)
        return now is not None and checksum == ([now] if one.is_list else now)
    found = storage.status(one.path)
    if found is None:
        return False
    version = made_with.get(one.version)
    if found.version is not None and version == ([found.version] if one.is_list else found.version):
        return True
    # The same content may have been uploaded again.
    downloads = Downloads()
    try:
        now = file_checksum(downloads.get(one.path).path)
    except StorageError:
        return False
    return checksum == ([now] if one.is_list else now)


def has_urls(job: Job) -> bool:
    """Whether a job reads an object of a store."""
    return any(map(storage.is_url, job.inputs()))


def _inputs(job: Job) -> list[_Input]:
    paths = (job.content, job.style, job.content_mask, job.style_mask)
    return [
        _Input(path, checksum, version, is_list="style" in checksum)
        for path, checksum, version in zip(paths, CHECKSUMS, VERSIONS, strict=False)
        if path is not None
    ]


def _pictures(job: Job, copies: Mapping[str, Download]) -> Pictures:
    def path(one: str) -> str:
        return copies[one].path if one in copies else one

    versions: dict[str, str | list[str]] = {}
    for one in _inputs(job):
        copy = copies.get(one.path)
        if copy is not None and copy.version is not None:
            versions[one.version] = [copy.version] if one.is_list else copy.version
    return Pictures(
        content=path(job.content),
        styles=[path(job.style)],
        content_mask=None if job.content_mask is None else path(job.content_mask),
        style_masks=[] if job.style_mask is None else [path(job.style_mask)],
        versions=versions,
    )
