"""What a batch saves with cached targets."""

import json


def test_batches_with_and_without_cached_targets_make_the_same_pictures(script, tmp_path):
    output = tmp_path / "folder" / "batch.json"
    done = script(
        "batch.py", "--size", "16x24", "--style-sizes", "16x24", "--steps", 1, "--contents", 2,
        "--rounds", 1, "--output", output,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(output.read_text())
    (found,) = record["batches"]
    assert found["same_pictures"]
    assert [len(jobs) for batches in found["seconds"].values() for jobs in batches] == [2, 2]
    assert record["machine"]["processors"] > 0
