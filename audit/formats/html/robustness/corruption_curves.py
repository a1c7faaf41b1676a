"""Accuracy under common corruptions of images: one line a corruption, by severity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.accuracy_curve import AttackCurve, chart
from audit.formats.html.robustness.eps_tables import SizeTable, size_tables
from audit.formats.html.robustness.measurements import ALL, AttackMeasurement
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief, elide
from audit.numbers import number, with_interval, written
from audit.result import Measurement

METRIC = "corruption_accuracy"
_LOOKS = {
    "gaussian_noise": ("noise", "noise"),
    "gaussian_blur": ("fgsm", "blur"),
    "contrast": ("pgd", "contrast"),
    "brightness": ("other", "brighter"),
}
"""The mark of each corruption, and its short name."""


@dataclass(frozen=True, slots=True)
class Corruptions:
    """Accuracy under corruptions of images: a chart of that on all images, and tables of all measurements."""

    curve: AttackCurve | None
    full: list[SizeTable]


def read(measurement: Measurement) -> AttackMeasurement | None:
    """Return a corruption's ``measurement`` in the form of an attack's, severity as size; None if it is of none."""
    where = measurement.where
    severity = measured.size(where.get("severity"))
    is_corruption = measurement.metric == f"robustness.{METRIC}"
    if not is_corruption or not measured.has_keys(measurement, {"corruption", "severity"}) or not severity:
        return None
    group = measured.group_of(measurement)
    return AttackMeasurement(METRIC, str(where["corruption"]), "", severity, group, measurement)


def corruptions(measurements: Sequence[Measurement], clean: Measurement | None) -> Corruptions | None:
    """Return the chart and the tables of the corruptions; None if there is none."""
    hits = [hit for m in measurements if (hit := read(m))]
    if not hits:
        return None
    over_all = [hit for hit in hits if hit.group == ALL]
    lines = {kind: measured.curve(over_all, kind) for kind in measured.attacks(over_all)}
    return Corruptions(chart("", _sentence(over_all, clean), lines, clean, _look), size_tables(hits, {}))


def _look(kind: str) -> tuple[str, str]:
    return _LOOKS.get(kind) or ("other", elide(kind, 8))


def _sentence(hits: Sequence[AttackMeasurement], clean: Measurement | None) -> str:
    severity = measured.middle(hits)
    defined = [hit for hit in hits if hit.eps == severity and not math.isnan(hit.measurement.value)]
    if severity is None or not defined:
        return ""
    lowest = min(defined, key=lambda hit: hit.measurement.value)
    return words(
        "attack",
        "corruption_from" if clean else "corruption",
        severity=written(severity),
        kind=brief(lowest.attack.replace("_", " ")),
        accuracy=with_interval(lowest.measurement.value, lowest.measurement.ci),
        before=number(clean.value) if clean else "",
    )
