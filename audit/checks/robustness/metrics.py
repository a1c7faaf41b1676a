"""Accuracy and flips under attack, for all attacked rows and by group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.robustness.attacked_rows import AttackedRows
from audit.result import Measurement, Scalar
from audit.stats import influence
from audit.stats.group_rates import Rates, rates
from audit.stats.influence import Traced
from audit.subject.subject import Subject

Where = dict[str, Scalar]

_EXACT, _ABOVE, _BELOW = "clopper-pearson", "clopper-pearson-upper", "clopper-pearson-lower"
"""Methods of a share, and of one that is bounded from above or from below only."""


def measurements(attacked: AttackedRows, subject: Subject) -> Iterator[Traced]:
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
        self._rows, self._subject = rows, subject
        self._everyone = np.zeros(len(rows), np.int64)
        self._groups = [(a.name, a.groups, a.codes[rows]) for a in subject.attributes]
        self._weighted = [
            None if part is None else part[rows] for part in (subject.weights, subject.clusters)
        ]

    def of(self, name: str, event: np.ndarray, where: Where, method: str = _EXACT) -> Iterator[Traced]:
        """Yield the share of ``event`` (bool, one a row) among all, then within each group."""
        yield self.whole(name, event, where, method)
        for attribute, groups, codes in self._groups:
            found = rates(event, codes, len(groups), *self._weighted)
            for code in np.flatnonzero(found.rows).tolist():
                group: Where = {**where, "attribute": attribute, "group": groups[code]}
                yield self._traced(_share(name, found, code, group, method), event, codes == code)

    def whole(self, name: str, event: np.ndarray, where: Where, method: str = _EXACT) -> Traced:
        """Return the share among all of the rows."""
        share = _share(name, rates(event, self._everyone, 1, *self._weighted), 0, where, method)
        return self._traced(share, event, np.ones(len(event), bool))

    def _traced(self, share: Measurement, event: np.ndarray, members: np.ndarray) -> Traced:
        return Traced(share, lambda: self._trace(event, members))

    def _trace(self, event: np.ndarray, members: np.ndarray) -> influence.Shares:
        """Return the share of ``event`` among ``members``, both bool with one entry a row of the sample."""
        within, happened = np.zeros((2, self._subject.rows), bool)
        within[self._rows], happened[self._rows] = members, event
        return influence.Shares({"rate": (within, happened)})


def _share(name: str, found: Rates, code: int, where: Where, method: str) -> Measurement:
    return Measurement(
        metric=f"robustness.{name}",
        value=float(found.value[code]),
        n=int(found.rows[code]),
        method=method,
        counts={"rate": found.counts(code)},
        where=where,
    )
