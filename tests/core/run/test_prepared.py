"""What is found and checked before the first step: sizes, regions, device, plan and recipe."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.backend.footprint import StageSize
from nst_core.errors import BackendError, SpecError
from nst_core.run.stage_sizes import stage_sizes
from nst_core.spec import Spec, merging, presets
from nst_core.system import toml

WEIGHTS = tiny_weights()
STAGES = [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}]
GREY = np.full((64, 96, 3), 128, np.uint8)


def run(backend=None, **options):
    defaults = {
        "preset": "d2l",
        "weights": WEIGHTS,
        "device": "cpu",
        "overrides": {"stages": STAGES},
    }
    return nst.transfer(GREY, GREY, backend=backend or FakeBackend(), **{**defaults, **options})


def sizes(**over):
    spec = Spec.from_table(merging.merged(presets.table("d2l"), over))
    content, picture = PIL.Image.new("RGB", (96, 64)), PIL.Image.new("RGB", (100, 50))
    return stage_sizes(spec, content=content, styles=[picture])


def test_every_picture_has_its_own_size_in_every_stage():
    stages = [{"size": size, "steps": 1} for size in ("48", "short:40")]
    assert sizes(stages=stages) == (
        StageSize((32, 48), ((24, 48),)),
        StageSize((40, 60), ((40, 80),)),
    )
    assert sizes(stages=stages, style={"scale": 2.0})[0].styles == ((48, 96),)
    # A size of the styles' own is the last stage's, in proportion before it: 48 of 60.
    assert sizes(stages=stages, style={"size": "100"}) == (
        StageSize((32, 48), ((40, 80),)),
        StageSize((40, 60), ((50, 100),)),
    )


@pytest.mark.parametrize(
    ("over", "line"),
    [
        ({"stages": [{"size": "15x99", "steps": 1}]}, "'15x99' makes the content picture 15x99"),
        ({"style": {"size": "20"}}, "'20' makes the style picture 10x20, which is too small"),
        ({"stages": [{"size": "short:50000", "steps": 1}]}, "50000x75000: sides may have up to"),
    ],
)
def test_a_size_out_of_range_is_one_line(over, line):
    with pytest.raises(SpecError) as caught:
        sizes(**over)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_caller_sees_the_prepared_run_before_anything_begins():
    found, backend = [], FakeBackend()

    def stop(prepared):
        found.append(prepared)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        run(backend, on_prepared=stop)
    (prepared,) = found
    assert backend.problems == []
    assert prepared.backend is backend
    assert prepared.weights is WEIGHTS
    assert prepared.plan.backend == "fake 1.0"
    assert prepared.plan.weights_checksum == WEIGHTS.checksum
    assert prepared.plan.sizes == ((16, 24), (32, 48))
    assert [size.styles for size in prepared.sizes] == [((16, 24),), ((32, 48),)]
    assert prepared.start is None
    assert prepared.content_mask is None


def test_what_is_wrong_is_said_before_a_backend_is_loaded():
    for options, line in (
        ({"overrides": {"stages": [{"size": "8x8", "steps": 1}]}}, "too small"),
        ({"style_mask": GREY}, "a style mask needs a content mask"),
        ({"weights": "no-such-source"}, "no-such-source"),
    ):
        with pytest.raises(nst.NstError, match=line):
            run("no such backend", **options)
    with pytest.raises(BackendError, match="unknown backend"):
        run("no such backend")


@pytest.mark.parametrize(("device", "size"), [("cpu", (16, 24)), ("auto", (32, 48))])
def test_a_size_may_be_the_devices(device, size):
    stages = [{"size": "short:32", "size_on_cpu": "short:16", "steps": 1}]
    backend = FakeBackend()
    result = run(backend, device=device, overrides={"stages": stages})
    assert (
        backend.problems[0].content.shape[:2]
        == backend.problems[0].styles[0].image.shape[:2]
        == size
    )
    assert result.plan.sizes == (size,)
    # The recipe is the picture's, wherever it is run again.
    recipe = toml.loads(result.plan.recipe, origin="recipe")
    assert recipe["stages"] == [{"size": f"short:{size[0]}", "steps": 1}]


def test_a_size_of_the_device_may_be_too_small():
    stages = [{"size": "short:32", "size_on_cpu": "short:15", "steps": 1}]
    run(device="cuda", overrides={"stages": stages})
    with pytest.raises(SpecError, match=r"size = 'short:15' makes the content picture 15x22"):
        run(device="cpu", overrides={"stages": stages})


def test_the_execution_reaches_every_stage_and_the_recipe():
    backend = FakeBackend()
    execution = nst.Execution(conv="direct", checkpointing=True)
    result = run(backend, execution=execution)
    assert backend.executions == [execution, execution]
    made = toml.loads(result.plan.recipe, origin="recipe")["run"]
    assert (made["conv"], made["precision"], made["checkpointing"]) == ("direct", "auto", True)


@pytest.mark.parametrize(
    ("preset", "asked", "dtype", "fast", "wanted"),
    [
        ("best", "auto", "float32", True, "bf16"),
        ("best", "auto", "float32", False, "auto"),
        ("best", "float32", "float32", True, "float32"),
        ("best", "auto", "float64", True, "auto"),
        ("d2l", "auto", "float32", True, "auto"),
    ],
)
def test_a_presets_precision_is_resolved_for_the_device(preset, asked, dtype, fast, wanted):
    class Backend(FakeBackend):
        def has_fast_bf16(self, *, device):
            return fast and device == "cpu"

    backend = Backend()
    result = run(
        backend,
        preset=preset,
        dtype=dtype,
        execution=nst.Execution(precision=asked),
        overrides={"pyramid": None, "stages": STAGES[:1]} if preset == "best" else {},
    )
    assert {one.precision for one in backend.executions} == {wanted}
    recipe = toml.loads(result.plan.recipe, origin="recipe")
    assert recipe["run"]["precision"] == wanted
    assert "precision" not in recipe  # so another machine does not choose again


def test_a_backend_need_not_know_of_bf16():
    backend = FakeBackend()
    run(backend, preset="best", overrides={"pyramid": None, "stages": STAGES[:1]})
    assert {one.precision for one in backend.executions} == {"auto"}


def test_proportions_are_each_pictures_own():
    backend = FakeBackend()
    tall = PIL.Image.new("L", (50, 100))
    nst.transfer(
        GREY,
        tall,
        backend=backend,
        weights=WEIGHTS,
        device="cpu",
        overrides={"stages": [{"size": "48", "steps": 1}]},
        preset="d2l",
    )
    assert backend.problems[0].content.shape == (32, 48, 3)
    assert backend.problems[0].styles[0].image.shape == (48, 24, 3)


def test_too_small_for_the_deepest_tap():
    with pytest.raises(
        SpecError, match=r"makes the content picture 15x24, which is too small .* 16"
    ):
        run(overrides={"stages": [{"size": "15x24", "steps": 1}]})


def test_auto_takes_the_backends_first_device_and_says_so():
    result = run(device="auto")
    assert result.plan.device.name == "cuda:0"
    assert "cuda:0 (imagined)" in result.plan.recipe


@pytest.mark.parametrize("device", ["cuda:1", "mps", "gpu", ""])
def test_a_device_that_is_not_there(device):
    with pytest.raises((BackendError, SpecError)) as caught:
        run(device=device)
    assert "\n" not in str(caught.value)
