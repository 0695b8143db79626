"""The result of a comparison, and its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nst_core.compare.agreement import Deviation, by_preset
from nst_core.compare.record import Measurement
from nst_core.compare.variant import CommonSettings
from nst_core.system.names import display_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a comparison.

    Attributes:
        settings: What was the same for every variant.
        measurements: One per variant.
        deviations: What was checked; empty if no two variants have the same preset.
        stems: The names of the variants' pictures, without the extension.
    """

    settings: CommonSettings
    measurements: Sequence[Measurement]
    deviations: Sequence[Deviation]
    stems: Sequence[str]

    @property
    def title(self) -> str:
        """The names of the pictures, in words."""
        content, *styles = (
            display_path(Path(one).stem)
            for one in (self.settings.content, *self.settings.run.style)
        )
        return f"{content} in the style of {' and '.join(styles)}"

    @property
    def summary(self) -> str:
        """Presets, sizes, steps, dtype and weights on one line."""
        parts = []
        for first, *_ in by_preset(self.measurements):
            sizes = ", ".join(f"{height}x{width}" for height, width in first.record.sizes)
            parts.append(f"{first.record.preset}: {sizes}, {len(first.record.steps)} steps")
        weights = display_path(self.settings.run.weights)
        return f"{'; '.join(parts)}; {self.settings.run.dtype}, weights {weights}"

    @property
    def disagreements(self) -> list[Deviation]:
        """The deviations beyond their tolerances."""
        return [one for one in self.deviations if not one.agrees]

    @property
    def verdict(self) -> str:
        """One sentence, without a full stop."""
        if not self.deviations:
            return "not judged: no two variants have the same preset"
        if not self.disagreements:
            return "the backends agree within the tolerances"
        return f"the backends disagree: {self.disagreements[0].line}"

    def to_json(self) -> str:
        """Return everything except pictures and gradients as JSON."""
        compared = [
            {**asdict(one), "agrees": one.agrees, "line": one.line} for one in self.deviations
        ]
        table = {
            "title": self.title,
            "setting": self.settings.to_table(),
            "verdict": self.verdict,
            "agrees": not self.disagreements if self.deviations else None,
            "comparisons": compared,
            "picture_differences": [
                {"first": first.record.label, "second": second.record.label, **found}
                for first, second, found in picture_differences(self.measurements)
            ],
            "contestants": [
                {**one.record.model_dump(), "seconds_per_step": one.record.seconds_per_step}
                for one in self.measurements
            ],
        }
        return json.dumps(_plain(table), indent=1, allow_nan=False) + "\n"


def picture_differences(
    measurements: Sequence[Measurement],
) -> list[tuple[Measurement, Measurement, dict[str, float]]]:
    """Return the mean and the largest difference of the end images of each preset.

    Images are clipped to [0, 1]. No tolerance applies to these numbers.
    """
    found = []
    for first, *others in by_preset(measurements):
        for other in others:
            apart = np.abs(np.clip(first.image, 0, 1) - np.clip(other.image, 0, 1))
            numbers = {"mean": float(apart.mean()), "largest": float(apart.max())}
            found.append((first, other, numbers))
    return found


def _plain(value: Any) -> Any:
    """Return plain data that JSON can hold. NaN and infinity, which it can't, become words."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
