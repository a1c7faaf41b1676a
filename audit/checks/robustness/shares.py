"""Accuracy and flips under attack, for all attacked rows and by group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.robustness.attacked import AttackedRows
from audit.rates import Rates, rates
from audit.result import Measurement, Scalar
from audit.subject import Subject

Where = dict[str, Scalar]


def measurements(attacked: AttackedRows, subject: Subject) -> Iterator[Measurement]:
    """Yield every share of the attacked rows; groups that no attacked row belongs to have none.

    Attacks that are withheld have their part in ``worst`` only.
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
        yield from shares.of("adversarial_accuracy", attacked.right & ~flips, where)
        yield from shares.of("flip_rate", flips, where)
    for attack, zero in attacked.zero_gradient.items():
        yield shares.whole("zero_gradient_share", zero, {"attack": attack})


class Shares:
    """Makes measurements of shares of some rows, with their weights, clusters and groups."""

    def __init__(self, rows: np.ndarray, subject: Subject) -> None:
        """Take the numbers of the rows in the data, from 0."""
        self._everyone = np.zeros(len(rows), np.int64)
        self._groups = [(a.name, a.groups, a.codes[rows]) for a in subject.attributes]
        self._weighted = [
            None if part is None else part[rows] for part in (subject.weights, subject.clusters)
        ]

    def of(self, name: str, event: np.ndarray, where: Where) -> Iterator[Measurement]:
        """Yield the share of ``event`` (bool, one a row) among all, then within each group."""
        yield self.whole(name, event, where)
        for attribute, groups, codes in self._groups:
            found = rates(event, codes, len(groups), *self._weighted)
            for code in np.flatnonzero(found.rows).tolist():
                yield _share(name, found, code, {**where, "attribute": attribute, "group": groups[code]})

    def whole(self, name: str, event: np.ndarray, where: Where) -> Measurement:
        """Return the share among all of the rows."""
        return _share(name, rates(event, self._everyone, 1, *self._weighted), 0, where)


def _share(name: str, found: Rates, code: int, where: Where) -> Measurement:
    return Measurement(
        metric=f"robustness.{name}",
        value=float(found.value[code]),
        n=int(found.rows[code]),
        method="clopper-pearson",
        counts={"rate": found.counts(code)},
        where=where,
    )
