"""The measurements of attacks in a report, by attack, size and group."""

import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from audit.attacks import ATTACKS
from audit.formats.text.safe_text import brief
from audit.result import Measurement, Scalar
from audit.result.small_groups import where_in_words

ACCURACY = "adversarial_accuracy"
FLIPS = "flip_rate"
CLEAN = "clean_accuracy"
NOISE = next(spec.name for spec in ATTACKS.values() if spec.is_control)
WORST = "worst"
Group = tuple[str, str]
"""Attribute and group; `ALL` for all rows."""
ALL: Group = ("", "")
_WORST_LABEL = "the worst of all attacks"


@dataclass(frozen=True, slots=True)
class AttackMeasurement:
    """A measurement of one attack at one size, on all rows or on a group."""

    metric: str
    attack: str
    norm: str
    eps: float
    group: Group
    measurement: Measurement


def read(measurement: Measurement) -> AttackMeasurement | None:
    """Return ``measurement`` with the attack, norm, eps and group in its ``where``; None if it is of no attack."""
    where = measurement.where
    metric = _metric(measurement)
    eps = size(where.get("eps"))
    if metric not in (ACCURACY, FLIPS) or eps is None or not has_keys(measurement, {"attack", "norm", "eps"}):
        return None
    group = group_of(measurement)
    return AttackMeasurement(metric, str(where["attack"]), str(where["norm"]), eps, group, measurement)


def is_clean(measurement: Measurement) -> bool:
    """Return whether ``measurement`` is the accuracy without an attack, of all rows or of a group."""
    return _metric(measurement) == CLEAN and has_keys(measurement, set())


def clean(measurements: Iterable[Measurement]) -> dict[Group, Measurement]:
    """Return the accuracy without an attack, by group."""
    return {group_of(m): m for m in measurements if is_clean(m)}


def curve(hits: Iterable[AttackMeasurement], attack: str, group: Group = ALL) -> dict[float, Measurement]:
    """Return the measurements of one attack on one group by rising size, undefined ones left out."""
    by_eps = {hit.eps: hit.measurement for hit in hits if hit.attack == attack and hit.group == group}
    return {eps: by_eps[eps] for eps in sorted(by_eps) if math.isfinite(by_eps[eps].value)}


def attacks(hits: Iterable[AttackMeasurement]) -> list[str]:
    """Return the names of the attacks in the order measured."""
    return list(dict.fromkeys(hit.attack for hit in hits))


def middle(hits: Iterable[AttackMeasurement]) -> float | None:
    """Return the eps that sentences speak of, the middle one measured: it is where models differ most."""
    sizes = sorted({hit.eps for hit in hits if hit.eps > 0})
    return sizes[len(sizes) // 2] if sizes else None


def strongest(hits: Sequence[AttackMeasurement]) -> str | None:
    """Return the name of the attack to show groups under: ``worst`` if measured, else the last that is not noise."""
    real = [attack for attack in attacks(hits) if attack != NOISE]
    return WORST if WORST in real else real[-1] if real else None


def label_of(attack: str) -> str:
    """Return the name of an attack in sentences; of one that this version does not know, its name in the report."""
    if attack == WORST:
        return _WORST_LABEL
    return ATTACKS[attack].label if attack in ATTACKS else brief(attack)


def has_keys(measurement: Measurement, keys: Set[str]) -> bool:
    """Return whether a measurement's ``where`` has these keys, and no others but those of a group."""
    return measurement.where.keys() in (keys, keys | {"attribute", "group"})


def size(value: Scalar | None) -> float | None:
    """Return the size of an attack (a value of ``where``) as a number, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e300 else None


def group_of(measurement: Measurement) -> Group:
    """Return the (attribute, group) that a measurement is of; `ALL` if it is of all rows."""
    where = where_in_words(measurement)
    return (str(where["attribute"]), str(where["group"])) if "attribute" in where else ALL


def _metric(measurement: Measurement) -> str:
    return measurement.metric.removeprefix("robustness.")
