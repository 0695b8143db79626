"""Does one job, or finds that it is done already."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from nst_core import images
from nst_core import weights as weights_module
from nst_core.backend import Backend, registry
from nst_core.batch.job import Job, Record
from nst_core.errors import NstError
from nst_core.problem.style_cache import TargetCache
from nst_core.run.result import Result
from nst_core.run.transfer import transfer
from nst_core.spec import Spec, recipe
from nst_core.spec.recipe import Run
from nst_core.system import toml
from nst_core.weights import Weights


class Workshop:
    """What jobs share, kept from one to the next: backends and weights, once loaded.

    Attributes:
        targets: What was found of the styles.
    """

    def __init__(self) -> None:
        self.targets = TargetCache()
        self._backends: dict[str, Backend] = {}
        self._weights: dict[str, Weights] = {}

    def backend(self, name: str) -> Backend:
        """Return a backend, loaded once."""
        if name not in self._backends:
            self._backends[name] = registry.load(name)
        return self._backends[name]

    def weights(self, source: str) -> Weights:
        """Return weights, loaded once."""
        if source not in self._weights:
            self._weights[source] = weights_module.load(source)
        return self._weights[source]


def do(job: Job, *, workshop: Workshop | None = None) -> Record:
    """Do a job, unless its picture is there already, made the same way from the same pictures.

    Args:
        job: What is to be done.
        workshop: What earlier jobs have loaded, and this one leaves for later ones.

    Returns:
        The record; a mistake or a lack is a record too. Only Ctrl-C and bugs are raised.
    """
    began = time.perf_counter()
    try:
        if is_done(job):
            return Record.skipped(job)
        result = _painted(job, workshop or Workshop())
        result.secure(job.output)
    except NstError as error:
        return Record.failed(job, str(error), seconds=time.perf_counter() - began)
    except MemoryError:
        return Record.failed(job, "not enough memory; try a smaller --size")
    return _record(job, result, seconds=time.perf_counter() - began)


def is_done(job: Job) -> bool:
    """Whether the job's picture has the job's recipe and is no older than what it is made of.

    Of the recipe, what was made with what (versions, device, time) doesn't count.
    """
    output = Path(job.output)
    with suppress(OSError, NstError):
        made = output.stat().st_mtime
        if any(Path(path).stat().st_mtime > made for path in job.inputs()):
            return False
        table = toml.loads(images.read_recipe(output), origin=job.output)
        table.pop("made_with", None)
        run = recipe.checked_run(table.pop("run", {}))
        spec = Spec.from_table(job.spec)
        # Sizes may depend on where it is computed, which is not worth loading a framework for.
        same_spec = Spec.from_table(table) in (spec, spec.on("cpu"), spec.on("cuda:0"))
        return same_spec and run == _run(job).model_copy(update={"device": run.device})
    return False


def _run(job: Job) -> Run:
    pictures = {
        "content": job.content,
        "style": [job.style],
        "content_mask": job.content_mask,
        "style_mask": _alone(job.style_mask),
    }
    return recipe.checked_run({**job.run, **pictures})


def _alone(path: str | None) -> list[str]:
    return [] if path is None else [path]


def _painted(job: Job, workshop: Workshop) -> Result:
    run = recipe.checked_run(job.run)
    # What can be found out at once: a missing directory, an ending that can't hold the bits.
    images.check_output(job.output, run.output)
    return transfer(
        job.content,
        job.style,
        content_mask=job.content_mask,
        style_mask=_alone(job.style_mask),
        spec=Spec.from_table(job.spec),
        backend=workshop.backend(run.backend),
        weights=workshop.weights(run.weights),
        device=run.device,
        dtype=run.dtype,
        execution=run.execution,
        output=run.output,
        max_pixels=job.max_pixels,
        command=job.command,
        targets=workshop.targets,
    )


def _record(job: Job, result: Result, *, seconds: float) -> Record:
    last = result.history[-1]
    height, width = result.image.shape[:2]
    return Record(
        content=job.content,
        style=job.style,
        output=job.output,
        status="done",
        reason=result.note,
        seconds=seconds,
        size=(height, width),
        steps=result.plan.steps,
        content_loss=last.content,
        style_loss=last.style,
        tv_loss=last.tv,
    )
