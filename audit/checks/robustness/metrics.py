"""Accuracy and flips under attack, for all attacked rows and by group."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.checks.robustness.attacked_rows import AttackedRows
from audit.checks.robustness.threat_model import is_still
from audit.data.protected_attributes import Attribute
from audit.result import Measurement, Scalar
from audit.result.small_groups import pool_name, pools
from audit.stats import influence
from audit.stats.group_rates import rates
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
    constant = np.ptp(attacked.batch.classes) == 0 and not any(o.flipped.any() for o in attacked.outcomes)
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
        # A size at which nothing can change is no attack.
        is_bound = name in bounds or (
            eps > 0 and is_still(attacked.batch.x, attacked.batch.threat_model, eps)
        )
        accuracy_method = _BOUNDED_ABOVE if is_bound else _EXACT
        flip_method = _BOUNDED_BELOW if is_bound else _EXACT
        yield from shares.of(
            "adversarial_accuracy", attacked.right & ~flips, where, accuracy_method, fixed=constant
        )
        yield from shares.of("flip_rate", flips, where, flip_method, fixed=constant or eps == 0.0)
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


@dataclass(frozen=True)
class _Share:
    """A metric whose value is the share of ``event`` (bool, one a row); ``fixed`` as in `ShareMeasurer.of`."""

    name: str
    event: np.ndarray
    where: Where
    method: str
    fixed: bool


class ShareMeasurer:
    """Makes measurements of shares of some rows, with their weights, clusters and groups."""

    def __init__(self, rows: np.ndarray, subject: Subject) -> None:
        """Take the numbers of the rows in the data, from 0."""
        self._rows = rows
        self._subject = subject
        self._attributes = [replace(a, codes=a.codes[rows]) for a in subject.attributes]
        self._weights = None if subject.weights is None else subject.weights[rows]
        self._clusters = None if subject.clusters is None else subject.clusters[rows]

    def of(
        self, name: str, event: np.ndarray, where: Where, method: str = _EXACT, *, fixed: bool = False
    ) -> Iterator[Traced]:
        """Yield the share of ``event`` (bool, one a row) among all, within each group, and within small ones pooled.

        ``fixed`` says that no other share was possible, as where every row is decided alike, attacked or not.
        """
        share = _Share(name, event, where, method, fixed)
        yield self._among(share, np.ones(len(event), bool), {})
        for attribute in self._attributes:
            groups = list(self._by_group(share, attribute))
            yield from groups
            measured = [group.measurement for group in groups]
            for members in pools(measured, self._subject.policy.gate.min_rows):
                pool: Where = {"attribute": attribute.name, "group": pool_name(attribute.groups)}
                yield self._among(share, attribute.rows_of(members), pool, list(members))

    def overall(self, name: str, event: np.ndarray, where: Where) -> Traced:
        """Return the share among all of the rows."""
        return self._among(_Share(name, event, where, _EXACT, fixed=False), np.ones(len(event), bool), {})

    def _by_group(self, share: _Share, attribute: Attribute) -> Iterator[Traced]:
        """Yield the share within each group that has rows here."""
        for code in np.unique(attribute.codes).tolist():
            group: Where = {"attribute": attribute.name, "group": attribute.groups[code]}
            yield self._among(share, attribute.codes == code, group)

    def _among(self, share: _Share, within: np.ndarray, group: Where, members: Sequence[str] = ()) -> Traced:
        """Return the share among the rows that are ``within``, bool."""
        weights, clusters = (
            None if part is None else part[within] for part in (self._weights, self._clusters)
        )
        event = share.event[within]
        of_rows = rates(event, np.zeros(len(event), np.int64), 1, weights, clusters)
        value = float(of_rows.value[0])
        measurement = Measurement(
            metric=f"robustness.{share.name}",
            value=value,
            n=len(event),
            method=share.method,
            counts={"rate": of_rows.counts(0)},
            where={**share.where, **group},
            members=list(members),
            permuted_range=(value, value) if share.fixed else None,
        )
        return Traced(measurement, lambda: self._trace(share.event, within))

    def _trace(self, event: np.ndarray, members: np.ndarray) -> influence.Shares:
        """Return the share of ``event`` among ``members``, both bool with one entry a row of the sample."""
        within, happened = np.zeros((2, self._subject.rows), bool)
        within[self._rows] = members
        happened[self._rows] = event
        return influence.Shares({"rate": (within, happened)})
