"""Peak memory against the picture's size."""

import json

import pytest


def test_memory_fits_a_line(modules):
    import memory

    from measuring.record import Machine, Record

    def point(side, peak):
        record = Record(
            variant="nst-pytorch", objective="d2l", device="cpu", device_description="",
            threads=1, dtype="float32", execution={}, preset="d2l", height=side, width=side,
            clock="wall", start_up_seconds=1, warm_up_seconds=(), seconds=(1,), losses=(1,),
            final=None, peak_memory_mb=peak, peak_device_memory_mb=None, machine=Machine.here(),
        )  # fmt: skip
        return memory.Point(record=record, estimated_mb=peak * 1.1)

    found = memory.Memory(points=(point(1000, 1500), point(2000, 4500)))
    assert memory.line(list(found.points)) == pytest.approx((1000, 500))
    assert "| nst, PyTorch | 1500 (estimate +10 %) | 4500 (estimate +10 %) | 1000 | 500 |" in (
        memory.table(found)
    )


def test_the_estimate_stands_beside_the_measurement(script, tmp_path):
    output = tmp_path / "found"
    done = script(
        "memory.py", "nst-mxnet", "--size", "16x24", "--check-estimate", "--output", output
    )
    # The exit status is not asserted: it depends on the machine whether 15 % are exceeded.
    assert "(estimate " in done.stdout, done.stderr
    (point,) = json.loads(output.with_suffix(".json").read_text())["points"]
    assert point["estimated_mb"] == pytest.approx(point["record"]["peak_memory_mb"], rel=0.5)
