"""A fixed sample of the campaign, and tests that the campaign notices what it should.

The whole of it: ``PYTHONPATH=tests python -m fuzz``, recorded in benchmarks/results/fuzz.json.
"""

import json
import sys

import pytest
from fuzz import campaign, worker
from fuzz.cases import KINDS, case

SAMPLE = {"pictures": 240, "weights": 60, "texts": 90, "checkpoints": 90}


@pytest.mark.skipif(sys.platform != "linux", reason="watches processes through /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_corrupt_files_are_accepted_or_refused_in_one_line(kind):
    tally = campaign.run(kind, seed=7, count=SAMPLE[kind], workers=1)
    assert tally.bugs == []
    assert tally.verdicts.total() == SAMPLE[kind]
    assert min(tally.verdicts["accepted"], tally.verdicts["refused"]) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_valid_files_are_accepted(kind):
    assert all(seed.data for seed in KINDS[kind].seeds())
    assert case(kind, 7, 1) == case(kind, 7, 1)
    assert case(kind, 7, 1) != case(kind, 8, 1)


RUN = case("pictures", 7, 0)._replace(arguments=("run", "FILE", "-o", "out/out.png"))


@pytest.mark.parametrize(
    ("status", "out", "err", "made"),
    [
        ("Traceback ...", "", "", []),
        (1, "", "", []),
        (2, "", "nst: error: a\nb\n", []),
        (2, "", "libtiff: a\n", []),
        (2, "a", "nst: error: a\n", []),
        (2, "", "nst: error: a\n", ["out/out.png"]),
        (2, "", f"nst: error: {'a' * 1001}\n", []),
        (2, "", "nst: warning: a\n", []),
        (2, "", "nst: warning: a\nnst: error: a\nb\n", []),
        (0, "", "", []),
        (0, "", "", ["out/other.png", "out/out.png"]),
        (0, "", "libtiff: a\n", ["out/out.png"]),
        (2, "", f"nst: error: a; {worker.KEPT}\n", ["other.png"]),
    ],
)
def test_what_is_no_good_end(status, out, err, made):
    assert worker.complaint(RUN, status, out, err, made)


def test_good_ends():
    assert not worker.complaint(RUN, 2, "", "nst: error: a\n", [])
    assert not worker.complaint(RUN, 2, "", "nst: warning: a\nnst: error: a\n", [])
    assert not worker.complaint(RUN, 0, "", "nst: warning: a\n", ["out/out.png"])
    assert not worker.complaint(RUN, 2, "", f"nst: error: {worker.KEPT}\n", ["out/out.png"])


def answers(code):
    begins = f"print({json.dumps(json.dumps({'index': 3, 'begins': True}))}, flush=True)"
    with campaign.Worker([sys.executable, "-c", f"{begins}\n{code}"], 3) as one:
        return list(one.answers())


@pytest.mark.skipif(sys.platform != "linux", reason="watches processes through /proc")
def test_a_hang_and_a_death_are_bugs(monkeypatch):
    monkeypatch.setattr(campaign, "TIME_LIMIT", 0.5)
    (hung,) = answers("while True: pass")
    assert (hung["index"], hung["verdict"]) == (3, "bug")
    (asleep,) = answers("import time; time.sleep(100)")
    assert asleep["verdict"] == "bug"
    (dead,) = answers("import os; os.abort()")
    assert (dead["index"], dead["verdict"]) == (3, "bug")
    assert "ended with -6" in dead["what"]


def test_too_much_memory_is_a_bug():
    tally = campaign.Tally()
    tally.add({"index": 0, "verdict": "accepted", "megabytes": campaign.MEMORY_LIMIT_MB + 1})
    tally.add({"index": 1, "verdict": "accepted", "megabytes": 1, "seconds": 2.0})
    assert tally.verdicts == {"bug": 1, "accepted": 1}
    assert tally.slowest == (2.0, 1)
