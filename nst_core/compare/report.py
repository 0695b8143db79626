"""What a comparison found, and its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nst_core.compare.job import Setting
from nst_core.compare.measurement import Measurement
from nst_core.compare.verdict import Deviation, groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A comparison's result.

    Attributes:
        setting: What was the same for every contestant.
        measurements: One of each contestant.
        deviations: What was judged; empty if no two contestants are of one preset.
        stems: The names of the contestants' pictures, without the ending.
    """

    setting: Setting
    measurements: Sequence[Measurement]
    deviations: Sequence[Deviation]
    stems: Sequence[str]

    @property
    def title(self) -> str:
        """The pictures, in words."""
        content, *styles = (Path(one).stem for one in (self.setting.content, *self.setting.styles))
        return f"{content} in the style of {' and '.join(styles)}"

    @property
    def summary(self) -> str:
        """Presets, sizes, steps, dtype and weights on one line."""
        parts = []
        for first, *_ in groups(self.measurements):
            sizes = ", ".join(f"{height}x{width}" for height, width in first.record.sizes)
            parts.append(f"{first.record.preset}: {sizes}, {len(first.record.steps)} steps")
        return f"{'; '.join(parts)}; {self.setting.dtype}, weights {self.setting.weights}"

    @property
    def disagreements(self) -> list[Deviation]:
        """What is beyond its tolerance."""
        return [one for one in self.deviations if not one.agrees]

    @property
    def verdict(self) -> str:
        """One sentence, without a full stop."""
        if not self.deviations:
            return "not judged: no two contestants are of one preset"
        if not self.disagreements:
            return "the backends agree within the tolerances"
        return f"the backends disagree: {self.disagreements[0].line}"

    def to_json(self) -> str:
        """Return everything but pictures and gradients as JSON."""
        judged = [
            {**asdict(one), "agrees": one.agrees, "line": one.line} for one in self.deviations
        ]
        table = {
            "title": self.title,
            "setting": self.setting.model_dump(exclude={"quiet", "log_every"}),
            "verdict": self.verdict,
            "agrees": not self.disagreements if self.deviations else None,
            "comparisons": judged,
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
    """Return how far the end images of one preset are apart, in [0, 1]; nothing is judged by it."""
    found = []
    for first, *others in groups(measurements):
        for other in others:
            apart = np.abs(np.clip(first.image, 0, 1) - np.clip(other.image, 0, 1))
            numbers = {"mean": float(apart.mean()), "largest": float(apart.max())}
            found.append((first, other, numbers))
    return found


def _plain(value: Any) -> Any:
    """Return plain data as JSON can hold it: NaN and infinity, which it can't, become words."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
