"""Where a measurement lies against a limit, in words and as a place to sort by.

This describes what the report holds. It decides nothing: a rule's status is the gate's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from audit.formats.html.text.numbers import interval, number, written
from audit.result import Measurement

Side = Literal["outside", "crossing", "undefined", "inside"]

_ORDER: dict[Side, int] = {"outside": 0, "undefined": 1, "crossing": 2, "inside": 3}
_WORDS = {
    "at_least": "at least {}",
    "at_most": "at most {}",
    "within": "between −{0} and {0}",
    "no_worse_than_baseline_by": "no worse than the baseline by more than {}",
    "better_than_baseline_by": "better than the baseline by at least {}",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One measurement against a limit; ``margin`` is the value's distance, negative when outside."""

    side: Side
    margin: float
    words: str

    @property
    def order(self) -> tuple[int, float]:
        """Sorts what lies furthest outside first, and what lies deepest inside last."""
        return _ORDER[self.side], self.margin


def bounds(limit: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the closed range of values that hold; None where it depends on a baseline."""
    low = [limit["at_least"]] if "at_least" in limit else []
    high = [limit["at_most"]] if "at_most" in limit else []
    if "within" in limit:
        low, high = [*low, -limit["within"]], [*high, limit["within"]]
    if not low and not high:
        return None
    return max(low, default=-math.inf), min(high, default=math.inf)


def in_words(limit: Mapping[str, float]) -> str:
    """Return a limit as a phrase, e.g. ``at least 0.8 and at most 1.25``."""
    parts = [_WORDS.get(key, key.replace("_", " ") + " {}").format(written(limit[key])) for key in limit]
    return " and ".join(parts) or "no limit"


def least_improvement(limit: Mapping[str, float]) -> float | None:
    """Return the least improvement over the baseline that holds; None where the limit is of the value itself."""
    asked = [limit["better_than_baseline_by"]] if "better_than_baseline_by" in limit else []
    asked += [-limit["no_worse_than_baseline_by"]] if "no_worse_than_baseline_by" in limit else []
    return max(asked, default=None)


def place(measurement: Measurement, limit: Mapping[str, float]) -> Place | None:
    """Return where ``measurement`` lies against ``limit``; of two limits, the one that it lies further outside of."""
    found = [absolute_place(measurement, limit), _improvement_place(measurement, limit)]
    return min((at for at in found if at), key=lambda at: at.order, default=None)


def absolute_place(measurement: Measurement, limit: Mapping[str, float]) -> Place | None:
    """Return where the value lies against what ``limit`` says of it; None if it says nothing of the value."""
    held = bounds(limit)
    return None if held is None else place_within(measurement, *held)


def _improvement_place(measurement: Measurement, limit: Mapping[str, float]) -> Place | None:
    least, baseline = least_improvement(limit), measurement.baseline
    if least is None:
        return None
    if baseline is None:
        return Place("undefined", -math.inf, "the baseline has no such measurement")
    gain = replace(measurement, value=baseline.improvement, ci=baseline.improvement_ci)
    at = place_within(gain, least, math.inf)
    words = f"improvement over the baseline ({number(baseline.value)}): {number(gain.value)}"
    words += f" ({interval(gain.ci)})" if gain.ci else ""
    return Place(at.side, at.margin, f"{words}, {at.words.replace('; value ', '; it is ')}")


def place_within(measurement: Measurement, low: float, high: float) -> Place:
    """Return where a value lies against a closed range; an end may be infinite."""
    if not math.isfinite(measurement.value):
        return Place("undefined", -math.inf, f"the value is {number(measurement.value)}: it cannot hold")
    margin = min(measurement.value - low, high - measurement.value)
    side = _side(measurement, low, high)
    return Place(side, margin, _words(measurement, side, low, margin))


def _side(measurement: Measurement, low: float, high: float) -> Side:
    first, last = measurement.ci or (measurement.value, measurement.value)
    if low <= first and last <= high:
        return "inside"
    return "outside" if last < low or first > high else "crossing"


def _words(measurement: Measurement, side: Side, low: float, margin: float) -> str:
    distance = number(abs(margin))
    beyond = f"{distance} {'below' if measurement.value < low else 'above'} the limit"
    bare = ", no interval" if measurement.ci is None else ""
    if side == "crossing":
        return f"crosses the limit; value {beyond if margin < 0 else distance + ' inside'}"
    return f"outside: {beyond}{bare}" if side == "outside" else f"inside by {distance}{bare}"
