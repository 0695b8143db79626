"""Lists the kernels of a step on a GPU: how often each is called, and for how long.

    python benchmarks/gpu_kernels.py --output benchmarks/results/kernels-cuda

``gpu_records.py`` starts it. PyTorch's profiler measures the replayed steps.
"""

from __future__ import annotations

from torch.profiler import ProfilerActivity, profile

from measuring import results, script
from measuring.pictures import load_pictures
from measuring.record import Machine
from measuring.variant_spec import VariantSpec
from variants.prepare import prepare

_STEPS, _MOST = 5, 40


def main() -> None:
    """Read the command line, measure and write the record after each variant."""
    parser = script.parser(__doc__, "output", size="300x450", device="cuda")
    names = ["nst-pytorch", "nst-pytorch@precision=bf16"]
    parser.add_argument("--variants", nargs="+", default=names, help="variants of nst-pytorch")
    options = parser.parse_args()
    machine, pictures, found = Machine.here(), load_pictures(options.size), {}
    for name in options.variants:
        variant = prepare(VariantSpec.parse(name), pictures, device=options.device)
        for _ in range(3):
            variant.step()
        variant.wait()
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
            for _ in range(_STEPS):
                variant.step()
            variant.wait()
        events = [
            event for event in profiled.key_averages() if str(event.device_type).endswith("CUDA")
        ]
        events.sort(key=lambda event: -event.self_device_time_total)
        found[name] = [
            {
                "kernel": event.key,
                "calls": event.count / _STEPS,
                "microseconds": event.self_device_time_total / _STEPS,
            }
            for event in events[:_MOST]
        ]
        results.write_json(
            options.output.with_suffix(".json"),
            {
                "script": "gpu_kernels.py",
                "command": results.command_line(),
                "size": options.size,
                "machine": machine.model_dump(mode="json"),
                "kernels_per_step": found,
            },
        )


if __name__ == "__main__":
    main()
