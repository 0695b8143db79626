"""The table of a batch: its order, its bytes, and that it is there while the batch runs."""

import csv
import io
import json

import pytest

from nst_core import batch
from nst_core.batch import table as table_module
from nst_core.batch.table import Table


@pytest.fixture
def table(tmp_path):
    table = Table(tmp_path)
    yield table
    table.close()


def record(job, name, **fields):
    return batch.JobRecord.skipped(job(output=name)).model_copy(update=fields)


def test_rows_are_in_the_order_of_the_jobs(job, table, tmp_path):
    table.write()
    assert (tmp_path / "batch.json").read_text() == "[]\n"
    first = record(job, "a.png", size=(3, 4), warnings=("one, two", "three\u2028"))
    last = record(job, "c.png", status="failed", reason='"no"')
    table.add(2, last)
    table.add(0, first)
    assert list(table.records()) == [first, last]
    table.write()
    rows = [one.model_dump(mode="json") for one in (first, last)]
    assert (tmp_path / "batch.json").read_text() == json.dumps(rows, indent=1) + "\n"
    found = list(csv.DictReader(io.StringIO((tmp_path / "batch.csv").read_text())))
    assert [row["output"] for row in found] == ["a.png", "c.png"]
    assert (found[0]["size"], found[0]["warnings"]) == ("3x4", "one, two; three\u2028")


def test_the_table_is_there_while_the_batch_runs(job, table, tmp_path, monkeypatch):
    table.add(0, record(job, "a.png"))
    assert not (tmp_path / "batch.csv").exists()
    monkeypatch.setattr(table_module, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(table_module, "_MOST_SHARE", 1e9)
    table.write()
    table.add(1, record(job, "b.png"))
    assert len(json.loads((tmp_path / "batch.json").read_text())) == 2
