"""The claims of d2l's slides."""

import json


def test_the_table_is_that_of_the_record(modules, benchmarks):
    import slides

    results = benchmarks / "results"
    records = json.loads((results / "slides.json").read_text())
    assert slides.table(records) + "\n" == (results / "slides.md").read_text()
    assert slides._dumped(records) == (results / "slides.json").read_text()


def test_variants_are_added_to_the_record(script, tmp_path):
    options = ("--size", "16x24", "--steps", 2, "--output", tmp_path / "found")
    done = script("slides.py", "noise-lbfgs", *options)
    assert (done.returncode, done.stderr) == (0, "no table without content-adam\n")
    done = script("slides.py", "content-adam", *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "found.md").read_text() == done.stdout
    records = json.loads((tmp_path / "found.json").read_text())
    assert {name: len(record["rows"]) for name, record in records.items()} == {
        "content-adam": 2, "noise-lbfgs": 2,
    }  # fmt: skip
