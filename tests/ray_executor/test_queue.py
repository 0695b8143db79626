"""Which job a slot gets, and when a job is given up."""

import pytest

from nst_core.batch import Job
from nst_core.batch.executor import Task


@pytest.fixture
def queues():
    pytest.importorskip("ray", reason="the extra ray is not installed")
    from nst_ray import queue

    return queue


def tasks(styles):
    fields = {"content": "c.png", "output": "o.png", "spec": {}, "run": {}, "max_pixels": 1}
    for number, style in enumerate(styles):
        yield Task(number, Job(style=style, **fields))


def taken(queue, own=(), others=()):
    task = queue.take(own, others)
    return task and f"{task.job.style}{task.number}"


def test_a_slot_gets_the_styles_that_it_has_painted(queues):
    queue = queues.Queue(tasks("aaabbbc"), ahead=10)
    assert taken(queue) == "a0"
    assert taken(queue, ["a"], {"b"}) == "a1"
    assert taken(queue, ["a", "b"], {"a"}) == "b3", "the latest first"
    assert taken(queue, [], {"a", "b"}) == "c6", "a style of nobody's"
    assert taken(queue, ["c"], {"a", "b"}) == "a2", "nobody waits: the oldest"
    assert [taken(queue), taken(queue), taken(queue)] == ["b4", "b5", None]


def test_only_a_window_is_looked_at(queues):
    seen = []

    def stream():
        for task in tasks("a" * 9 + "b"):
            seen.append(task.number)
            yield task

    queue = queues.Queue(stream(), ahead=3)
    assert taken(queue, ["b"], ()) == "a0"
    assert seen == [0, 1, 2]
    task = queue.take((), ())
    queue.put_back(task)
    assert queue.take(["b"], ()) is task


def test_a_job_is_given_up_after_three_workers_or_ten_machines(queues):
    (task, other) = tasks("ab")
    attempts = queues.Attempts()
    assert [attempts.lost(task, with_machine=False) for _ in range(3)] == [None, None, 3]
    assert attempts.lost(other, with_machine=False) is None
    losses = [attempts.lost(other, with_machine=True) for _ in range(10)]
    assert losses == [None] * 9 + [10]
    attempts.ended(other)
    assert attempts.lost(other, with_machine=False) is None


def test_another_version_is_refused(queues):
    import json
    from importlib.metadata import version

    from nst_core.batch.executor import ExecutorError
    from nst_ray.cluster import machine_name

    hello = {"nst": version("nst"), "machine": "m", "node": "abcdef0123"}
    assert machine_name(json.dumps(hello), ["m", "n"]) == "m"
    assert machine_name(json.dumps(hello), ["m", "m"]) == "m/abcdef"
    with pytest.raises(ExecutorError, match=r"m has nst 0\.0, and this is .* same version"):
        machine_name(json.dumps({**hello, "nst": "0.0"}), ["m"])


def test_an_address_of_a_client_is_refused(queues):
    from nst_core.batch.executor import ExecutorError
    from nst_ray.connection import connect

    with pytest.raises(ExecutorError, match="the address of the cluster's head"):
        connect("ray://host:10001")
