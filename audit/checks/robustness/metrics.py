"""Accuracy and flips under attack, for all attacked rows and by group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.robustness.attacked_rows import AttackedRows
from audit.result import GROUP_KEYS, Measurement, Scalar
from audit.stats import influence as trace
from audit.stats.group_rates import Rates, rates
from audit.subject.subject import Subject

Where = dict[str, Scalar]

_EXACT, _ABOVE, _BELOW = "clopper-pearson", "clopper-pearson-upper", "clopper-pearson-lower"
"""Methods of a share, and of one that is bounded from above or from below only."""


def measurements(attacked: AttackedRows, subject: Subject) -> Iterator[Measurement]:
    """Yield every share of the attacked rows; groups that no attacked row belongs to have none.

    Attacks that are withheld have their part in ``worst`` only, and those that may have missed flips give bounds.
    """
    shares = Shares(attacked.rows, subject)
    yield from shares.of("clean_accuracy", attacked.right, {})
    flipped: list[tuple[str, float, np.ndarray]] = [
        (outcome.attack, outcome.eps, outcome.flipped)
        for outcome in attacked.outcomes
        if outcome.attack not in attacked.withheld
    ]
    if attacked.searched:  # noise alone is no attack: the worst of it says nothing
        flipped += [("worst", eps, flips) for eps, flips in attacked.worst()]
    for name, eps, flips in flipped:
        where: Where = {"attack": name, "norm": attacked.norm, "eps": eps}
        above, below = (_ABOVE, _BELOW) if name in attacked.bounded else (_EXACT, _EXACT)
        yield from shares.of("adversarial_accuracy", attacked.right & ~flips, where, above)
        yield from shares.of("flip_rate", flips, where, below)
    for attack, zero in attacked.zero_gradient.items():
        yield shares.whole("zero_gradient_share", zero, {"attack": attack})


class Shares:
    """Makes measurements of shares of some rows, with their weights, clusters and groups."""

    def __init__(self, rows: np.ndarray, subject: Subject) -> None:
        """Take the numbers of the rows in the data, from 0."""
        self._rows, self._kept = rows, subject.kept
        self._everyone = np.zeros(len(rows), np.int64)
        self._groups = [(a.name, a.groups, a.codes[rows]) for a in subject.attributes]
        self._weighted = [
            None if part is None else part[rows] for part in (subject.weights, subject.clusters)
        ]

    def of(self, name: str, event: np.ndarray, where: Where, method: str = _EXACT) -> Iterator[Measurement]:
        """Yield the share of ``event`` (bool, one a row) among all, then within each group."""
        yield self.whole(name, event, where, method)
        for attribute, groups, codes in self._groups:
            found = rates(event, codes, len(groups), *self._weighted)
            for code in np.flatnonzero(found.rows).tolist():
                yield _share(
                    name, found, code, {**where, "attribute": attribute, "group": groups[code]}, method
                )

    def whole(self, name: str, event: np.ndarray, where: Where, method: str = _EXACT) -> Measurement:
        """Return the share among all of the rows."""
        self._kept[_key(f"robustness.{name}", where)] = self._rows, event
        return _share(name, rates(event, self._everyone, 1, *self._weighted), 0, where, method)


def _share(name: str, found: Rates, code: int, where: Where, method: str) -> Measurement:
    return Measurement(
        metric=f"robustness.{name}",
        value=float(found.value[code]),
        n=int(found.rows[code]),
        method=method,
        counts={"rate": found.counts(code)},
        where=where,
    )


def share_trace(subject: Subject, found: Measurement) -> trace.Shares | None:
    """Return which rows a share is of; None where it was not measured on ``subject``."""
    where = {key: value for key, value in found.where.items() if key not in GROUP_KEYS}
    kept = subject.kept.get(_key(found.metric, where))
    if not isinstance(kept, tuple):
        return None
    within, happened = np.zeros((2, subject.rows), bool)
    within[kept[0]], happened[kept[0]] = True, kept[1]
    for attribute in subject.attributes:
        if attribute.name == found.where.get("attribute"):
            within &= attribute.codes == attribute.groups.index(str(found.where["group"]))
    return trace.Shares({"rate": (within, happened)})


def _key(metric: str, where: Where) -> tuple[str, frozenset[tuple[str, Scalar]]]:
    return metric, frozenset(where.items())
