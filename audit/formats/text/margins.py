"""The position of a measurement against a limit, in words and as a sort key.

This describes the report. It decides nothing: a rule's status is the gate's.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from audit.numbers import number, with_interval, written
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
    """Which ``side`` of a limit a measurement is on, with ``margin``, the value's distance to it, negative outside.

    ``word`` makes the words when they are asked for: a policy may cover a hundred thousand measurements, of which a
    format shows a few.
    """

    side: Side
    margin: float
    word: Callable[[], str] = field(compare=False, repr=False)

    @property
    def words(self) -> str:
        """The place in words, e.g. ``outside: 0.290 below the limit``."""
        return self.word()

    @property
    def order(self) -> tuple[int, float]:
        """The sort key: furthest outside first, deepest inside last."""
        return _ORDER[self.side], self.margin


def bounds(limit: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the closed range of values that ``limit`` allows; None if it depends on a baseline."""
    low = [sign * limit[key] for key, sign in (("at_least", 1), ("within", -1)) if key in limit]
    high = [limit[key] for key in ("at_most", "within") if key in limit]
    return (max(low, default=-math.inf), min(high, default=math.inf)) if low or high else None


def in_words(limit: Mapping[str, float]) -> str:
    """Return a limit as a phrase, e.g. ``at least 0.8 and at most 1.25``."""
    parts = [_WORDS.get(key, key.replace("_", " ") + " {}").format(written(limit[key])) for key in limit]
    return " and ".join(parts) or "no limit"


def least_improvement(limit: Mapping[str, float]) -> float | None:
    """Return the least allowed improvement over the baseline; None if ``limit`` is of the value itself."""
    signs = (("better_than_baseline_by", 1), ("no_worse_than_baseline_by", -1))
    return max((sign * limit[key] for key, sign in signs if key in limit), default=None)


def improvement(measurement: Measurement) -> Measurement | None:
    """Return the improvement over the baseline, with its interval, as a measurement; None without a baseline."""
    baseline = measurement.baseline
    if baseline is None:
        return None
    return replace(measurement, value=baseline.improvement, ci=baseline.improvement_ci, baseline=None)


def place(measurement: Measurement, limit: Mapping[str, float]) -> Place | None:
    """Return the side of ``limit`` that a measurement is on, and how far; of two, the one it is further outside."""
    return placer(limit)(measurement)


def placer(limit: Mapping[str, float]) -> Callable[[Measurement], Place | None]:
    """Return `place` for one ``limit``, for many measurements."""
    allowed = bounds(limit)
    lowest = least_improvement(limit)

    def at(measurement: Measurement) -> Place | None:
        value = None if allowed is None else place_within(measurement, *allowed)
        gain = None if lowest is None else _improvement_place(measurement, lowest)
        return min(value, gain, key=lambda one: one.order) if value and gain else value or gain

    return at


def absolute_place(measurement: Measurement, limit: Mapping[str, float]) -> Place | None:
    """Return the side of ``limit`` that the value is on, and how far; None if that limits the improvement only."""
    allowed = bounds(limit)
    return None if allowed is None else place_within(measurement, *allowed)


def _improvement_place(measurement: Measurement, lowest: float) -> Place:
    baseline = measurement.baseline
    gain = improvement(measurement)
    if gain is None or baseline is None:
        return Place("undefined", -math.inf, lambda: "the baseline has no such measurement")
    at = place_within(gain, lowest, math.inf)
    return Place(at.side, at.margin, partial(_improvement_words, baseline.value, gain, at))


def place_within(measurement: Measurement, low: float, high: float) -> Place:
    """Return whether interval (or value) is inside, outside or across ``low`` to ``high``, and the value's distance."""
    if not math.isfinite(measurement.value):
        return Place(
            "undefined", -math.inf, lambda: f"the value is {number(measurement.value)}: it cannot hold"
        )
    margin = min(measurement.value - low, high - measurement.value)
    side = _side(measurement, low, high)
    return Place(side, margin, partial(_words, measurement, side, low, margin))


def _side(measurement: Measurement, low: float, high: float) -> Side:
    first, last = measurement.ci or (measurement.value, measurement.value)
    if low <= first and last <= high:
        return "inside"
    return "outside" if last < low or first > high else "crossing"


def _improvement_words(baseline: float, gain: Measurement, at: Place) -> str:
    words = f"improvement over the baseline ({number(baseline)}): {with_interval(gain.value, gain.ci)}"
    return f"{words}, {at.words.replace('; value ', '; it is ')}"


def _words(measurement: Measurement, side: Side, low: float, margin: float) -> str:
    distance = number(abs(margin))
    beyond = f"{distance} {'below' if measurement.value < low else 'above'} the limit"
    bare = ", no interval" if measurement.ci is None else ""
    if side == "crossing":
        return f"crosses the limit; value {beyond if margin < 0 else distance + ' inside'}"
    return f"outside: {beyond}{bare}" if side == "outside" else f"inside by {distance}{bare}"
