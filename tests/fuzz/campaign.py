"""Runs many cases in worker processes, watches the processes, and counts the outcomes."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIME_LIMIT = 10.0
"""Seconds of processor time per file. Wall-clock time may be six times as long."""

MEMORY_LIMIT_MB = 600
"""Megabytes that a file may add to the process. The largest valid one, VGG-19, adds 400."""

TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Tally:
    """The outcomes of the files of one kind."""

    verdicts: Counter[str] = field(default_factory=Counter)
    bugs: list[dict[str, Any]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[int, int] = (0, -1)

    def add(self, answer: dict[str, Any]) -> None:
        index = answer["index"]
        if answer.get("megabytes", 0) > MEMORY_LIMIT_MB and answer["verdict"] != "bug":
            what = f"took {answer['megabytes']} MB"
            answer = {**answer, "verdict": "bug", "what": what}
        self.verdicts[answer["verdict"]] += 1
        self.slowest = max(self.slowest, (answer.get("seconds", 0.0), index))
        self.largest = max(self.largest, (answer.get("megabytes", 0), index))
        if answer["verdict"] == "bug":
            self.bugs.append(answer)


def run(kind: str, *, seed: int, count: int, workers: int) -> Tally:
    """Run the first ``count`` cases of a kind."""
    tally, lock = Tally(), threading.Lock()

    def share(first: int) -> None:
        for answer in _answers(kind, seed, first, count, workers):
            with lock:
                tally.add(answer)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(share, range(workers)))
    return tally


def _answers(kind: str, seed: int, first: int, stop: int, stride: int) -> Iterator[dict[str, Any]]:
    """Yield an answer for every case. If a worker dies, a new one starts at the next case."""
    while first < stop:
        numbers = map(str, (seed, first, stop, stride))
        with Worker([sys.executable, "-m", "fuzz.worker", kind, *numbers], first) as worker:
            for answer in worker.answers():
                yield answer
                first = answer["index"] + stride


class Worker:
    """One worker process, and its answers."""

    def __init__(self, command: Sequence[str], first: int) -> None:
        self._first = first
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield the worker's answers until it ends. A case that ended it gets an answer too."""
        index, busy = self._first, False
        while True:
            line = self._line()
            if line is None:
                if busy or self._process.wait(60):
                    yield {"index": index, "verdict": "bug", "what": self._exit_reason()}
                return
            answer = json.loads(line)
            index, busy = answer["index"], "begins" in answer
            if not busy:
                yield answer

    def _line(self) -> str | None:
        """Wait for a line; None if the worker has ended, or is killed after the time limit."""
        began, cpu = time.monotonic(), self._cpu()
        while True:
            try:
                return self._lines.get(timeout=0.5)
            except queue.Empty:
                if self._cpu() - cpu > TIME_LIMIT or time.monotonic() - began > 6 * TIME_LIMIT:
                    self._process.kill()
                    return None

    def _cpu(self) -> float:
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _exit_reason(self) -> str:
        status = self._process.wait(60)
        tail = self._process.stderr.read()[-2000:]
        return f"the process ended with {status} (-9: it took too long): {tail}"
