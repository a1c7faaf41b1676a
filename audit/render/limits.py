"""Where a measurement lies against a limit, in words and as a place to sort by.

This describes what the report holds. It decides nothing: a rule's status is the gate's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audit.render.figures import number, written
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


def place(measurement: Measurement, limit: Mapping[str, float]) -> Place | None:
    """Return where ``measurement`` lies against ``limit``, or None if that needs a baseline."""
    held = bounds(limit)
    if held is None:
        return None
    if not math.isfinite(measurement.value):
        return Place("undefined", -math.inf, f"the value is {number(measurement.value)}: it cannot hold")
    low, high = held
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
