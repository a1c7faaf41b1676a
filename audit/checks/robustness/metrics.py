"""Accuracy and flips under attack, for all attacked rows and by group."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from audit.checks.robustness.attacked_rows import AttackedRows
from audit.result import Measurement, Scalar
from audit.stats import influence
from audit.stats.group_rates import Rates, rates
from audit.stats.influence import Traced
from audit.subject.subject import Subject

Where = dict[str, Scalar]

_EXACT = "clopper-pearson"
_BOUNDED_ABOVE = "clopper-pearson-upper"
_BOUNDED_BELOW = "clopper-pearson-lower"


def measurements(attacked: AttackedRows, subject: Subject) -> Iterator[Traced]:
    """Yield every share of the attacked rows; groups that no attacked row belongs to have none.

    Attacks that are withheld have their part in ``worst`` only, and those that may have missed flips give bounds.
    """
    shares = ShareMeasurer(attacked.rows, subject)
    yield from shares.of("clean_accuracy", attacked.right, {})
    flipped = {
        (outcome.attack, outcome.eps): outcome.flipped
        for outcome in attacked.outcomes
        if outcome.attack not in attacked.withheld
    }
    if attacked.searched:  # noise alone is no attack: the worst of it says nothing
        flipped |= {("worst", eps): flips for eps, flips in attacked.worst().items()}
    bounds = attacked.bounds
    for (name, eps), flips in flipped.items():
        where: Where = {"attack": name, "norm": attacked.batch.norm, "eps": eps}
        accuracy_method = _BOUNDED_ABOVE if name in bounds else _EXACT
        flip_method = _BOUNDED_BELOW if name in bounds else _EXACT
        yield from shares.of("adversarial_accuracy", attacked.right & ~flips, where, accuracy_method)
        yield from shares.of("flip_rate", flips, where, flip_method)
    for attack, is_zero in attacked.zero_gradient.items():
        yield shares.overall("zero_gradient_share", is_zero, {"attack": attack})


def undefined_worst(epsilons: Sequence[float], rows: int) -> Iterator[Measurement]:
    """Yield the worst over typos of each size as undefined: a rule on it stays open, and no number alone decides it."""
    for eps in sorted(set(epsilons)):
        where: Where = {"attack": "worst", "norm": "words", "eps": eps}
        for metric in ("adversarial_accuracy", "flip_rate"):
            yield Measurement(
                metric=f"robustness.{metric}", value=math.nan, n=rows, method="none", where=where
            )


class ShareMeasurer:
    """Makes measurements of shares of some rows, with their weights, clusters and groups."""

    def __init__(self, rows: np.ndarray, subject: Subject) -> None:
        """Take the numbers of the rows in the data, from 0."""
        self._rows = rows
        self._subject = subject
        self._one_group = np.zeros(len(rows), np.int64)
        self._groups = [(a.name, a.groups, a.codes[rows]) for a in subject.attributes]
        self._weights = None if subject.weights is None else subject.weights[rows]
        self._clusters = None if subject.clusters is None else subject.clusters[rows]

    def of(self, name: str, event: np.ndarray, where: Where, method: str = _EXACT) -> Iterator[Traced]:
        """Yield the share of ``event`` (bool, one a row) among all, then within each group."""
        yield self.overall(name, event, where, method)
        for attribute, groups, codes in self._groups:
            shares = rates(event, codes, len(groups), self._weights, self._clusters)
            for code in np.flatnonzero(shares.rows).tolist():
                group: Where = {**where, "attribute": attribute, "group": groups[code]}
                yield self._traced(_share(name, shares, code, group, method), event, codes == code)

    def overall(self, name: str, event: np.ndarray, where: Where, method: str = _EXACT) -> Traced:
        """Return the share among all of the rows."""
        shares = rates(event, self._one_group, 1, self._weights, self._clusters)
        return self._traced(_share(name, shares, 0, where, method), event, np.ones(len(event), bool))

    def _traced(self, share: Measurement, event: np.ndarray, members: np.ndarray) -> Traced:
        return Traced(share, lambda: self._trace(event, members))

    def _trace(self, event: np.ndarray, members: np.ndarray) -> influence.Shares:
        """Return the share of ``event`` among ``members``, both bool with one entry a row of the sample."""
        within, happened = np.zeros((2, self._subject.rows), bool)
        within[self._rows] = members
        happened[self._rows] = event
        return influence.Shares({"rate": (within, happened)})


def _share(name: str, shares: Rates, code: int, where: Where, method: str) -> Measurement:
    return Measurement(
        metric=f"robustness.{name}",
        value=float(shares.value[code]),
        n=int(shares.rows[code]),
        method=method,
        counts={"rate": shares.counts(code)},
        where=where,
    )
