"""Calibration by group: small reliability curves of one protected attribute next to each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.measurement_table import MeasurementCells, cells
from audit.formats.html.charts.reliability_curve import Reliability, reliability
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.numbers import count, with_interval
from audit.result import CheckResult, GroupFacts, Measurement
from audit.result.small_groups import where_in_words

MAX_OPEN = 6
MAX_FOLDED = 24


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """The reliability curve of one group, and its calibration error as ``cells`` of a table."""

    cells: MeasurementCells
    privileged: bool
    curve: Reliability


@dataclass(frozen=True, slots=True)
class CalibrationPanel:
    """Reliability curves of an attribute: privileged groups, then the worst calibrated; ``left_out`` more have none."""

    attribute: str
    caption: str
    curves: list[GroupCurve]
    folded: list[GroupCurve]
    left_out: int


def calibrations(
    check: CheckResult, attributes: Sequence[GroupFacts], confidence: float
) -> list[CalibrationPanel]:
    """Return the curves of each of the protected ``attributes`` whose groups were binned by prediction.

    ``confidence`` is the level of the intervals of the bins, in (0, 1).
    """
    privileged = {facts.attribute: frozenset(facts.privileged) for facts in attributes}
    groups: dict[str, list[Binned]] = {}
    for m in check.measurements:
        if m.where.keys() == {"attribute", "group"} and (curve := reliability(m, confidence)):
            groups.setdefault(str(m.where["attribute"]), []).append((m, curve))
    return [_panel(name, members, privileged.get(name, frozenset())) for name, members in groups.items()]


Binned = tuple[Measurement, Reliability]


def _panel(attribute: str, members: Sequence[Binned], privileged: frozenset[str]) -> CalibrationPanel:
    ranked = sorted(members, key=lambda binned: (_group(binned[0]) not in privileged, *_rank(binned[0])))
    curves = [
        GroupCurve(cells(_group(m), m), _group(m) in privileged, curve)
        for m, curve in ranked[: MAX_OPEN + MAX_FOLDED]
    ]
    caption = _caption([m for m, _ in members])
    left_out = len(members) - len(curves)
    return CalibrationPanel(attribute, caption, curves[:MAX_OPEN], curves[MAX_OPEN:], left_out)


def _group(measurement: Measurement) -> str:
    return str(where_in_words(measurement)["group"])


def _rank(measurement: Measurement) -> tuple[float, float]:
    """Sort by the lower end of the error's interval first: the error of a tiny group may be anywhere."""
    lower = measurement.ci[0] if measurement.ci else 0.0
    return (-lower, -measurement.value) if math.isfinite(measurement.value) else (1.0, 0.0)


def _caption(members: Sequence[Measurement]) -> str:
    defined = [m for m in members if math.isfinite(m.value)]
    if len(defined) < 2:
        return ""
    ends = [pick(defined, key=lambda m: m.value) for pick in (max, min)]
    largest, smallest = (
        f"{brief(_group(m))}, {with_interval(m.value, m.ci)} on {count(m.n)} rows" for m in ends
    )
    return words("reading", "calibration", largest=largest, smallest=smallest)
