"""Measures batches on a Ray cluster of several nodes on this machine.

    python benchmarks/cluster.py kills --rounds 20 --output benchmarks/results/cluster-kills.json
    python benchmarks/cluster.py many --slots 50 --output benchmarks/results/cluster-many.json

``kills``: 24 pictures on three nodes, one of which is killed without grace at a random moment, and
replaced. It counts what is missing, what differs by a bit from ``--on local``, and what was made
twice. With ``--s3`` the pictures are in moto's S3, of whose requests a share fails. The backend is
that of ``tests/ray_executor/slow_backend.py``, which computes nothing but takes its time.

``many``: jobs that sleep 50 ms in the slots and do nothing else, so that what is left is the
driver's and Ray's overhead; with ``--slots 0`` they are done at once, without Ray.
Needs the extras ray, s3 and dev.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from measuring import results  # noqa: E402
from measuring.record import Machine  # noqa: E402

_STYLES = ("s", "t", "a", "b")
_CONTENTS = "abcdef"


def kills(
    rounds: int, share: float, *, s3: bool, seed: int, on_round: Callable[[dict[str, Any]], None]
) -> None:
    """Kill a node in each of several batches; tell after each round what was found so far."""
    from faulty_s3 import FaultyS3  # noqa: PLC0415
    from ray_executor.conftest import Place, running_cluster  # noqa: PLC0415

    moments, found = random.Random(seed), []
    with ExitStack() as stack:
        place = Place(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        if s3:
            server = stack.enter_context(FaultyS3(late_s=1.5))
            stack.enter_context(server.as_s3())
            server.make_bucket("pictures")
            place.environment.update(server.environment())
        arguments = [f"{name}.png" for name in _CONTENTS]
        for style in _STYLES:
            arguments += ["--style", f"{style}.png"]
        finish(place.batch(*arguments, "--output-dir", "local"))
        expected = place.pixels("local")
        cluster = stack.enter_context(running_cluster(place, nodes=3, cpus=1))
        address = cluster.stdout.readline().strip()
        if s3:
            server.share = share
        for number in range(rounds):
            place.log.unlink(missing_ok=True)
            directory = f"s3://pictures/{number}" if s3 else f"out{number}"
            run = place.batch(
                *arguments, "--output-dir", directory, "--on", f"ray:{address}",
                "--checkpoint-every", 2, "--slots", 3,
            )  # fmt: skip
            pause = moments.uniform(0, 20)
            time.sleep(pause)
            cluster.stdin.write("kill\n")
            cluster.stdin.flush()
            began = time.monotonic()
            status = finish(run)
            cluster.stdout.readline()
            pictures = downloaded(directory) if s3 else place.pixels(directory)
            ends = Counter(place.log.read_text().splitlines())
            found.append(
                {
                    "killed_after_s": round(pause, 1),
                    "seconds_after_the_kill": round(time.monotonic() - began, 1),
                    "exit_status": status,
                    "missing": len(expected.keys() - pictures.keys()),
                    "different": sum(pictures[one] != expected[one] for one in pictures),
                    "runs_that_ended": ends.total(),
                    "contents_run_too_often": sum(count > len(_STYLES) for count in ends.values()),
                }
            )
            print(number, found[-1], flush=True)  # noqa: T201
            on_round(
                {
                    "pictures": len(expected),
                    "nodes": 3,
                    "faults": dict(server.faults) if s3 else {},
                    "share_of_requests_that_fail": share if s3 else 0,
                    "rounds": found,
                }
            )
            if cluster.poll() is not None:
                raise SystemExit("the cluster has ended: a node did not start in Ray's 30 s")


def finish(run: Any) -> int:
    """Wait for a batch and return its exit status."""
    _, err = run.communicate()
    if run.returncode:
        print(err[-2000:], flush=True)  # noqa: T201
    return int(run.returncode)


def downloaded(directory: str) -> dict[str, bytes]:
    """Return the pixels of the pictures below a URL, by name."""
    import PIL.Image  # noqa: PLC0415

    from nst_core.system import storage  # noqa: PLC0415

    found = {}
    for url in storage.files_below(directory, recursive=True):
        if url.endswith(".png"):
            with storage.open_head(url) as stream, PIL.Image.open(stream) as picture:
                found[url.rpartition("/")[2]] = picture.tobytes()
    return found


class Sleeper:
    """A slot that sleeps instead of running a job."""

    def hello(self) -> str:
        """As ``nst_ray.slot.Slot.hello``."""
        from nst_ray.slot import Slot  # noqa: PLC0415

        return Slot.hello(self)  # type: ignore[arg-type]  # it uses nothing of the slot

    def run(self, job: str) -> str:
        """Sleep 50 ms."""
        time.sleep(0.05)
        table = json.loads(job)
        names = {key: table[key] for key in ("content", "style", "output")}
        return json.dumps({**names, "status": "done", "seconds": 0.05, "machine": "sleeper"})


class AtOnce:
    """An engine without slots: every job has its record at once."""

    def run(self, tasks: Iterator[Any], listener: Any) -> None:
        """As ``nst_core.batch.executor.Executor.run``."""
        from nst_core.batch.job import JobRecord  # noqa: PLC0415

        for task in tasks:
            listener.began(task)
            text = task.job.model_dump_json()
            names = {key: json.loads(text)[key] for key in ("content", "style", "output")}
            listener.ended(task, JobRecord(**names, status="done", seconds=0.05))


def many(jobs: int, slots: int) -> dict[str, Any]:
    """Run jobs that sleep; return times, the driver's memory and whether the table is whole."""
    from nst_core import batch  # noqa: PLC0415
    from nst_core.batch.executor import Resources, Task  # noqa: PLC0415
    from nst_core.batch.job import JobRecord  # noqa: PLC0415
    from nst_core.batch.table import Table  # noqa: PLC0415
    from nst_core.spec import presets, recipe  # noqa: PLC0415

    process = psutil.Process()
    before = process.memory_info().rss / 1e6
    most = before
    with tempfile.TemporaryDirectory() as directory:
        styles = [f"style{number}.png" for number in range(10)]
        planned = batch.plan(
            [f"content{number}.png" for number in range(jobs // len(styles))], styles,
            directory=directory, extension="png", spec=presets.load("best"),
            run=recipe.checked_run({}), max_pixels=10**8, command="benchmark",
        )  # fmt: skip
        table = Table(directory)
        ended, first = 0, 0.0

        class Listener(batch.BatchListener):
            def ended(self, task: Task, record: JobRecord) -> None:
                nonlocal ended, most, first
                first = first or time.monotonic()
                ended += 1
                table.add(task.number, record)
                if ended % 500 == 0:
                    most = max(most, process.memory_info().rss / 1e6)
                if ended % 5000 == 0:
                    print(ended, round(time.monotonic() - first), flush=True)  # noqa: T201

        first = 0.0
        engine: Any = AtOnce()
        if slots:
            from nst_ray.executor import RayExecutor  # noqa: PLC0415

            engine = RayExecutor(Resources(slots=slots, cpus_per_job=0.01), slot=Sleeper)
        batch.run_batch(planned, engine, Listener())
        seconds = time.monotonic() - first
        table.write()
        rows = sum(1 for _ in table.records())
        table.close()
    return {
        "jobs": len(planned), "slots": slots, "seconds": seconds,
        "seconds_of_sleep_per_slot": len(planned) * 0.05 / slots if slots else 0,
        "driver_ms_per_job": 1000 * seconds / len(planned),
        "cpu_ms_of_the_driver_per_job": 1000 * sum(process.cpu_times()[:2]) / len(planned),
        "driver_mb_before": before, "driver_mb_most": most,
        "rows_in_the_table": rows,
    }  # fmt: skip


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["kills", "many"], help="what is measured")
    parser.add_argument("--rounds", type=int, default=20, help="kills: number of batches")
    parser.add_argument("--s3", action="store_true", help="kills: pictures in moto's S3")
    parser.add_argument("--share", type=float, default=0.05, help="kills: of S3's failures")
    parser.add_argument("--seed", type=int, default=0, help="kills: of the moments")
    parser.add_argument("--jobs", type=int, default=100_000, help="many: number of jobs")
    parser.add_argument("--slots", type=int, default=50, help="many: of slots; 0: the driver alone")
    parser.add_argument("--output", type=Path, required=True, help="the record")
    options = parser.parse_args()
    machine = Machine.here().model_dump(mode="json")

    def write(record: dict[str, Any]) -> None:
        load = os.getloadavg()
        results.write_json(options.output, {"machine": machine, "load_average": load, **record})

    if options.what == "many":
        write(many(options.jobs, options.slots))
    else:
        kills(options.rounds, options.share, s3=options.s3, seed=options.seed, on_round=write)


if __name__ == "__main__":
    main()
