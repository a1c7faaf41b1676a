"""The measurements of attacks, read by attack, size and group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.formats.html.text.safe_text import brief
from audit.result import Measurement, Scalar

ACCURACY, FLIPS, CLEAN = "adversarial_accuracy", "flip_rate", "clean_accuracy"
NOISE, WORST = "noise", "worst"
Who = tuple[str, str]
ALL: Who = ("", "")
"""Stands for all rows; else (attribute, group)."""

_NAMES = {
    "fgsm": "FGSM",
    "pgd": "PGD",
    "square": "the black-box attack",
    "restarts": "PGD with restarts",
    "bpda": "PGD past steps and stops",
    "smoothed": "PGD along averaged gradients",
    "border": "the border by gradient",
    "decisions": "the border by decisions",
    WORST: "the worst of all attacks",
}
_SIZED, _GROUPED = {"attack", "norm", "eps"}, {"attribute", "group"}


@dataclass(frozen=True, slots=True)
class Attacked:
    """One number about one attack at one size, on all rows or on a group."""

    metric: str
    attack: str
    norm: str
    eps: float
    who: Who
    found: Measurement


def read(found: Measurement) -> Attacked | None:
    """Return ``found`` as a number about an attack, or None if it is none."""
    metric, keys = _metric(found), found.where.keys()
    eps = _size(found.where.get("eps"))
    if metric not in (ACCURACY, FLIPS) or eps is None or keys not in (_SIZED, _SIZED | _GROUPED):
        return None
    return Attacked(metric, str(found.where["attack"]), str(found.where["norm"]), eps, _who(found), found)


def is_clean(found: Measurement) -> bool:
    """Whether ``found`` is the accuracy without an attack, of all rows or of a group."""
    return _metric(found) == CLEAN and found.where.keys() in (set(), _GROUPED)


def clean(measurements: Iterable[Measurement]) -> dict[Who, Measurement]:
    """Return the accuracy without an attack, by group."""
    return {_who(m): m for m in measurements if is_clean(m)}


def curve(hits: Iterable[Attacked], attack: str, who: Who = ALL) -> dict[float, Measurement]:
    """Return the numbers of one attack on one group by rising size, those that are undefined left out."""
    found = {hit.eps: hit.found for hit in hits if hit.attack == attack and hit.who == who}
    return {eps: found[eps] for eps in sorted(found) if math.isfinite(found[eps].value)}


def attacks(hits: Iterable[Attacked]) -> list[str]:
    """Return the attacks in the order measured."""
    return list(dict.fromkeys(hit.attack for hit in hits))


def middle(hits: Iterable[Attacked]) -> float | None:
    """Return the size that sentences speak of, the middle one: it is where models differ most."""
    sizes = sorted({hit.eps for hit in hits if hit.eps > 0})
    return sizes[len(sizes) // 2] if sizes else None


def strongest(hits: Sequence[Attacked]) -> str | None:
    """Return the attack to show groups under: ``worst`` where it was measured, else the last that is not noise."""
    real = [attack for attack in attacks(hits) if attack != NOISE]
    return WORST if WORST in real else real[-1] if real else None


def called(attack: str) -> str:
    """Return an attack as a sentence calls it."""
    return _NAMES.get(attack) or brief(attack)


def _metric(found: Measurement) -> str:
    return found.metric.removeprefix("robustness.")


def _size(value: Scalar | None) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e300 else None


def _who(found: Measurement) -> Who:
    if "attribute" not in found.where:
        return ALL
    return str(found.where["attribute"]), str(found.where["group"])
