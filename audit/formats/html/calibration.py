"""Predicted against observed group by group: small reliability curves of one attribute side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.reliability_curve import Reliability, reliability
from audit.formats.html.text.numbers import count, interval, number
from audit.formats.html.text.safe_text import brief
from audit.result import CheckResult, GroupFacts, Measurement

SHOWN, FOLDED = 6, 24


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """The curve of one group, its calibration error with its interval, and its rows."""

    name: str
    privileged: bool
    value: str
    ci: str
    rows: str
    curve: Reliability


@dataclass(frozen=True, slots=True)
class CalibrationPanel:
    """One attribute: privileged groups first, then those that are furthest off; ``left`` stand in the JSON only."""

    attribute: str
    sentence: str
    shown: list[GroupCurve]
    folded: list[GroupCurve]
    left: int


def calibrations(
    check: CheckResult, attributes: Sequence[GroupFacts], confidence: float
) -> list[CalibrationPanel]:
    """Return a panel for each attribute whose groups were binned.

    Args:
        check: as measured.
        attributes: which groups are privileged.
        confidence: of the intervals of the bins, in (0, 1).
    """
    privileged = {facts.attribute: frozenset(facts.privileged) for facts in attributes}
    found: dict[str, list[Binned]] = {}
    for m in check.measurements:
        if m.where.keys() == {"attribute", "group"} and (curve := reliability(m, confidence)):
            found.setdefault(str(m.where["attribute"]), []).append((m, curve))
    return [_panel(name, members, privileged.get(name, frozenset())) for name, members in found.items()]


Binned = tuple[Measurement, Reliability]


def _panel(attribute: str, members: Sequence[Binned], privileged: frozenset[str]) -> CalibrationPanel:
    ranked = sorted(members, key=lambda binned: (_group(binned[0]) not in privileged, *_nearness(binned[0])))
    last = SHOWN + FOLDED
    curves = [
        GroupCurve(_group(m), _group(m) in privileged, number(m.value), interval(m.ci), count(m.n), curve)
        for m, curve in ranked[:last]
    ]
    sentence = _sentence([m for m, _ in members])
    return CalibrationPanel(attribute, sentence, curves[:SHOWN], curves[SHOWN:], max(0, len(members) - last))


def _group(found: Measurement) -> str:
    return str(found.where["group"])


def _nearness(found: Measurement) -> tuple[float, float]:
    """Sort groups that are surely off before those that may be: a tiny one may be anywhere."""
    least = found.ci[0] if found.ci else 0.0
    return (-least, -found.value) if math.isfinite(found.value) else (1.0, 0.0)


def _sentence(members: Sequence[Measurement]) -> str:
    defined = [m for m in members if math.isfinite(m.value)]
    if len(defined) < 2:
        return ""
    most, least = (pick(defined, key=lambda m: m.value) for pick in (max, min))
    return f"The calibration error is largest for {_told(most)}, and smallest for {_told(least)}."


def _told(found: Measurement) -> str:
    ci = f" ({interval(found.ci)})" if found.ci else ""
    return f"{brief(_group(found))}, {number(found.value)}{ci} on {count(found.n)} rows"
