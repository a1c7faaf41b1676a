"""Accuracy under common corruptions of pictures: one line a corruption, by severity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.accuracy_curve import AttackCurve, chart
from audit.formats.html.robustness.eps_tables import SizeTable, size_tables
from audit.formats.html.robustness.measurements import ALL, Attacked, Who
from audit.formats.html.robustness.sentences import told
from audit.formats.html.text.numbers import number, written
from audit.formats.html.text.safe_text import brief, elide
from audit.result import Measurement

METRIC = "corruption_accuracy"
_KEYS, _GROUPED = {"corruption", "severity"}, {"corruption", "severity", "attribute", "group"}
_LOOKS = {
    "gaussian_noise": ("noise", "noise"),
    "gaussian_blur": ("fgsm", "blur"),
    "contrast": ("pgd", "contrast"),
    "brightness": ("other", "brighter"),
}
"""The line that each corruption is drawn as, and its short name beside it."""


@dataclass(frozen=True, slots=True)
class Corruptions:
    """What was measured on all pictures, as a chart, and everything in tables."""

    curve: AttackCurve | None
    full: list[SizeTable]


def read(found: Measurement) -> Attacked | None:
    """Return ``found`` as a number about a corruption, its severity as the size; None if it is none."""
    severity = found.where.get("severity")
    if found.metric != f"robustness.{METRIC}" or found.where.keys() not in (_KEYS, _GROUPED):
        return None
    if isinstance(severity, bool) or not isinstance(severity, int | float) or not 0 < severity < 1e300:
        return None
    who: Who = ALL
    if "attribute" in found.where:
        who = str(found.where["attribute"]), str(found.where["group"])
    return Attacked(METRIC, str(found.where["corruption"]), "", float(severity), who, found)


def corruptions(found: Sequence[Measurement], clean: Measurement | None) -> Corruptions | None:
    """Return the chart and the tables of the corruptions in ``found``; None if there is none."""
    hits = [hit for m in found if (hit := read(m))]
    if not hits:
        return None
    over_all = [hit for hit in hits if hit.who == ALL]
    lines = {kind: measured.curve(over_all, kind) for kind in measured.attacks(over_all)}
    return Corruptions(chart("", _sentence(over_all, clean), lines, clean, _look), size_tables(hits, {}))


def _look(kind: str) -> tuple[str, str]:
    return _LOOKS.get(kind) or ("other", elide(kind, 8))


def _sentence(hits: Sequence[Attacked], clean: Measurement | None) -> str:
    severity = measured.middle(hits)
    at = [hit for hit in hits if hit.eps == severity and hit.found.value == hit.found.value]
    if severity is None or not at:
        return ""
    least = min(at, key=lambda hit: hit.found.value)
    before = f"; as the pictures are it is {number(clean.value)}" if clean else ""
    kind = brief(least.attack.replace("_", " "))
    return f"At severity {written(severity)}, accuracy is lowest under {kind}: {told(least.found)}{before}."
