"""Records: those of before a key was renamed are still read."""

import json

import pytest
from pydantic import ValidationError


def test_a_record_with_the_former_name_of_the_variant_is_read(modules, compared):
    from measuring.record import Record

    record = json.loads((compared[1] / "result.json").read_text())["runs"][0]["record"]
    former = {"contestant": record.pop("variant"), **record}
    assert Record.model_validate(former).variant == "nst-pytorch"
    with pytest.raises(ValidationError):
        Record.model_validate(record)
