"""The time until the document's loss is reached."""

import json


def test_time_to_the_documents_loss(script, tmp_path):
    done = script(
        "time_to_loss.py", "nst-pytorch@preset=fast", "--size", "16x24",
        "--steps", 2, "--document-every", 1, "--every", 25, "--output", tmp_path / "found",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document, other = json.loads((tmp_path / "found.json").read_text())["trajectories"]
    assert [point["steps"] for point in document["points"]] == [1, 2]
    totals = [point["losses"]["total"] for point in other["points"]]
    assert [point["steps"] for point in other["points"]] == [25, 50, 75, 100, 125, 130]
    assert totals == sorted(totals, reverse=True)
    assert (tmp_path / "found.jpg").exists()
