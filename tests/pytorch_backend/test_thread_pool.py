"""Phases in order, items shared among the workers, errors raised by the caller."""

import threading
import time

import pytest
import torch

from nst_pytorch.thread_pool import ThreadPool


def test_phases_begin_when_the_one_before_is_done():
    pool, log, lock = ThreadPool(3), [], threading.Lock()

    def note(phase):
        def work(worker, item):
            time.sleep(0.001 * (item % 3))
            with lock:
                log.append(phase)

        return work

    pool.run_phases((range(7), note(0)), (range(2), note(1)), (range(5), note(2)))
    assert log == [0] * 7 + [1] * 2 + [2] * 5
    with pytest.raises(ZeroDivisionError):
        pool.run_phases(([1, 0], lambda _, item: 1 / item), (range(5), note(3)))
    assert 3 not in log
    pool.map(range(3), note(4))  # the threads are still there
    assert log[14:] == [4] * 3


def test_workers_share_the_items_and_hand_on_errors():
    pool, seen, lock = ThreadPool(3), [], threading.Lock()

    def work(worker, item):
        assert torch.get_num_threads() == 1
        with lock:
            seen.append((worker, item))

    threads = torch.get_num_threads()
    pool.map(range(50), work)
    assert sorted(item for _, item in seen) == list(range(50))
    assert {worker for worker, _ in seen} <= {0, 1, 2}
    with pytest.raises(ZeroDivisionError):
        pool.map([1, 0], lambda _, item: 1 / item)
    pool.map(range(3), work)  # the threads are still there
    assert len(seen) == 53
    assert torch.get_num_threads() == threads
