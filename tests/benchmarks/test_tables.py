"""The tables of the documentation and the records that they are made of."""


def test_readme_is_in_step_with_the_records(script):
    done = script("tables.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")
