"""Runs one job, or finds that an earlier batch has done it."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from nst_core import images
from nst_core import weights as weights_module
from nst_core.backend import Backend, registry
from nst_core.batch import job_checkpoint, sources
from nst_core.batch.downloads import Downloads
from nst_core.batch.job import Job, JobRecord
from nst_core.batch.job_checkpoint import JobCheckpoint
from nst_core.errors import NstError, OutOfMemoryError
from nst_core.problem.style_cache import TargetCache
from nst_core.run.checkpoint import Checkpoint, CheckpointError
from nst_core.run.pictures import CHECKSUMS, Pictures
from nst_core.run.result import Result
from nst_core.run.transfer import transfer_run
from nst_core.spec import Spec, recipe
from nst_core.spec.recipe import Run
from nst_core.system import names, toml
from nst_core.system.files import claimed
from nst_core.weights import Weights


class SharedResources:
    """What jobs of one process share: backends and weights, loaded once, and style targets.

    Attributes:
        targets: The style targets computed so far.
        out_of_memory: Whether a job has run out of memory. Its process may not have got back all of
            it, above all address space: the next job had better run in a new process.
        downloads: Copies of pictures from object stores.
    """

    def __init__(self) -> None:
        self.downloads = Downloads()
        self.targets = TargetCache()
        self.out_of_memory = False
        self._backends: dict[str, Backend] = {}
        self._weights: dict[str, Weights] = {}

    def backend(self, name: str) -> Backend:
        """Return a backend, which is loaded on first use."""
        if name not in self._backends:
            self._backends[name] = registry.load(name)
        return self._backends[name]

    def weights(self, source: str) -> Weights:
        """Return weights, which are loaded on first use."""
        if source not in self._weights:
            self._weights[source] = weights_module.load(source)
        return self._weights[source]


def run_job(job: Job, *, shared: SharedResources | None = None) -> JobRecord:
    """Run a job, unless its picture exists already, made the same way from the same pictures.

    Args:
        job: The picture to make.
        shared: What earlier jobs have loaded. This job adds what it loads, for later jobs.

    Returns:
        The record. Mistakes of the user and missing resources are records too; only Ctrl-C and
        bugs are raised.
    """
    began = time.perf_counter()
    machine, shared = platform.node(), shared or SharedResources()
    try:
        record = _run(job, shared)
    except NstError as error:
        shared.out_of_memory |= isinstance(error, OutOfMemoryError)
        record = JobRecord.failed(job, str(error))
    except MemoryError:
        shared.out_of_memory = True
        record = JobRecord.failed(job, "not enough memory; try a smaller --size")
    if record.status in ("skipped", "claimed"):
        return record
    seconds = time.perf_counter() - began
    return record.model_copy(update={"seconds": seconds, "machine": machine})


def _run(job: Job, shared: SharedResources) -> JobRecord:
    """Run a job unless it is done, or another process is running it."""
    if is_done(job):
        return JobRecord.skipped(job)
    run = _run_table(job)
    # Checked first, because it takes no time: a missing directory, a format without 16 bits.
    images.check_output(job.output, run.output)
    with claimed(job.output, owner=job.batch) as is_free:
        if not is_free:
            return JobRecord.claimed(job)
        # Once more: whoever had the claim before may have made the picture since.
        if is_done(job):
            return JobRecord.skipped(job)
        checkpoint = job_checkpoint.of(job)
        result = _transfer(job, run, shared, checkpoint)
        shared.out_of_memory |= result.out_of_memory
        result.save_with_fallback(job.output)
        if checkpoint is not None:
            checkpoint.remove()
        return _record(job, result)


def is_done(job: Job) -> bool:
    """Whether the job's picture has the job's recipe and was made from the same files.

    The files are the same if their checksums are those in the recipe. Pictures of older versions of
    nst have none in their recipes; they have to be at least as new as the files. The rest of the
    recipe's ``[made_with]`` table (versions, device, command) is not compared.
    """
    with suppress(OSError, NstError):
        table = toml.loads(images.read_recipe(job.output), origin=names.display_path(job.output))
        made_with = table.pop("made_with", None)
        run = recipe.checked_run(table.pop("run", {}))
        same = _is_same(Spec.from_table(table), run, job)
        return same and _is_made_from(job, made_with)
    return False


def _is_same(spec: Spec, run: Run, job: Job) -> bool:
    """Whether a recipe's spec and ``[run]`` table are those of a job, on some device.

    Sizes and precision may depend on the device. Finding out which would mean loading a framework,
    so those of any device are accepted.
    """
    wanted, wanted_run = Spec.from_table(job.spec), _run_table(job)
    precisions = {wanted_run.precision}
    if wanted.precision != "auto" and wanted_run.precision == "auto":
        precisions.add(wanted.precision)
    wanted = wanted.model_copy(update={"precision": "auto"})
    of_any_device = {"device": run.device, "precision": run.precision}
    return (
        spec.model_copy(update={"precision": "auto"})
        in (wanted, wanted.on("cpu"), wanted.on("cuda:0"))
        and run.precision in precisions
        and run == wanted_run.model_copy(update=of_any_device)
    )


def _is_made_from(job: Job, made_with: object) -> bool:
    """Whether the files that a job reads are those that its picture was made from."""
    table = made_with if isinstance(made_with, Mapping) else {}
    before = {name: value for name, value in table.items() if name in CHECKSUMS}
    start = Spec.from_table(job.spec).start.file
    if sources.has_urls(job):
        return sources.are_as_before(job, table)
    if before:
        return before == Pictures.named_by(_run_table(job)).checksums(start)
    paths = [*job.inputs(), *([start] if start else [])]
    made = Path(job.output).stat().st_mtime
    return all(Path(path).stat().st_mtime <= made for path in paths)


def _run_table(job: Job) -> Run:
    """Return the job's ``[run]`` table with its pictures, as the picture's recipe has it."""
    pictures = {
        "content": names.to_text(job.content),
        "style": [names.to_text(job.style)],
        "content_mask": None if job.content_mask is None else names.to_text(job.content_mask),
        "style_mask": [] if job.style_mask is None else [names.to_text(job.style_mask)],
    }
    return recipe.checked_run({**job.run, **pictures})


def _transfer(
    job: Job, run: Run, shared: SharedResources, checkpoint: JobCheckpoint | None
) -> Result:
    with sources.local_pictures(job, shared.downloads) as pictures:
        return _transfer_pictures(job, run, pictures, shared, checkpoint)


def _transfer_pictures(
    job: Job,
    run: Run,
    pictures: Pictures,
    shared: SharedResources,
    checkpoint: JobCheckpoint | None,
) -> Result:
    def transfer(resume: Checkpoint | None) -> Result:
        return transfer_run(
            Spec.from_table(job.spec),
            run,
            pictures=pictures,
            backend=shared.backend(run.backend),
            weights=shared.weights(run.weights),
            max_pixels=job.max_pixels,
            command=job.command,
            targets=shared.targets,
            checkpoint=None if checkpoint is None else checkpoint.writer(),
            resume=resume,
        )

    point = None if checkpoint is None else checkpoint.read()
    if point is None:
        return transfer(None)
    try:
        return transfer(point)
    except CheckpointError:
        # It is that of another job of this output, with other settings or other pictures.
        return transfer(None)


def _record(job: Job, result: Result) -> JobRecord:
    last = result.history[-1]
    height, width = result.image.shape[:2]
    return JobRecord(
        content=job.content,
        style=job.style,
        output=job.output,
        status="done",
        reason=result.note,
        size=(height, width),
        steps=result.plan.steps,
        content_loss=last.content,
        style_loss=last.style,
        tv_loss=last.tv,
        warnings=result.plan.warnings,
    )
