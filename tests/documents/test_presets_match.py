"""Every preset, on every backend, against the code of its document.

The history must match row by row: at the first step to 1e-5, along the way within 2 % of the
step's total in float32, and to 1e-8 at every step in float64. In float32 the pictures themselves
part after a few steps, since Adam divides by |gradient|; so a longer run proves no more.
"""

import pytest
from documents.cases import CASES, Case
from documents.material import Reported

from nst_core.run.transfer import transfer
from nst_core.spec import presets

FLOAT64, FLOAT32, FIRST_STEP = 1e-8, 2e-2, 1e-5
"""Measured over all cases: 1e-13, 8e-3, 4e-7."""

FLOOR = 1e-9
"""Of the step's total: starting from the content the content loss is 0, and MXNet's is 1e-12."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.preset)
def test_history_is_the_documents(case: Case, dtype: str, backend, have):
    transcriptions = [case.transcription] if have(case.framework) else []
    if case.port and have("mxnet"):
        transcriptions.append(case.port)
    if not transcriptions:
        pytest.skip(f"written for {case.framework}, which is not here")
    result = transfer(
        case.pictures.content,
        case.pictures.style,
        preset=case.preset,
        overrides=case.overrides(dtype),
        backend=backend,
        weights=case.pictures.weights,
        device="cpu",
        dtype=dtype,
        log_every=1,
    )
    history = [Reported(row.content, row.style, row.tv, row.total) for row in result.history]
    for transcription in transcriptions:
        expected = transcription(dtype)
        assert len(history) == len(expected)
        for step, (row, wanted) in enumerate(zip(history, expected, strict=True)):
            check(row, wanted, step=step, dtype=dtype)


def check(row: Reported, wanted: Reported, *, step: int, dtype: str) -> None:
    for name, value, document in zip(Reported._fields, row, wanted, strict=True):
        bound = allowed(document, wanted.total, step=step, dtype=dtype)
        message = f"step {step}, {name}: {value:.12g}, but the document has {document:.12g}"
        assert abs(value - document) <= bound, message


def allowed(document: float, total: float, *, step: int, dtype: str) -> float:
    if dtype == "float64":
        return FLOAT64 * document + FLOOR * FLOAT64 * total
    return FIRST_STEP * document + FLOOR * total if step == 0 else FLOAT32 * total


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.preset)
def test_literals_are_the_documents(case: Case, need):
    need(case.framework)
    spec, literals = presets.load(case.preset), case.literals()
    assert tuple(stage.size for stage in spec.stages) == literals.sizes
    assert {stage.steps for stage in spec.stages} == {literals.steps}
    assert {stage.size_on_cpu for stage in spec.stages} == {literals.size_on_cpu}
    if literals.every is None:
        assert spec.schedule.factor == 1
    else:
        assert spec.schedule.every == literals.every


def test_every_preset_of_a_document_is_a_case():
    own = {"best", "fast"}
    assert {case.preset for case in CASES} == set(presets.names()) - own


def test_literals_of_the_slides_lbfgs(need):
    need("pytorch")
    from documents.slides_torch import HISTORY_SIZE

    optimiser = presets.load("d2l-slides").optimiser
    assert (optimiser.name, optimiser.line_search) == ("lbfgs", "none")
    assert (optimiser.history, optimiser.loss_scale) == (HISTORY_SIZE, 1)


def test_slides_compare_conv4_2_as_they_say():
    """And not relu4_2, which their code would make of it; that code has no number for it at all."""
    from documents.cases import SLIDES

    said, coded = presets.load("d2l-slides").content.layers, SLIDES["content"]["layers"]
    assert (said, coded) == ((("conv4_2", 1.0),), ["relu4_2"])
