"""The check ``equalized_odds``: fairlearn's equalized odds ratio of every protected attribute, with an interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from audit.check import (
    Attribute,
    Check,
    Evidence,
    Field,
    Measurement,
    MetricFacts,
    Note,
    Skip,
    Subject,
    Table,
    interval,
    rates,
)


class EqualizedOdds(Check):
    """Compares those groups of an attribute that differ most, by their true and false positive rates.

    The built-in check ``fairness`` compares each group with the privileged ones, and equalized odds by a difference.
    The ratio of the lowest rate to the highest one needs no privileged group, and does not shrink with the rates.
    """

    summary: ClassVar[str] = "Lowest over highest true and false positive rate among all groups, by fairlearn"
    metrics: ClassVar[dict[str, MetricFacts]] = {
        "worst_ratio": MetricFacts(
            about="The smaller of two ratios: the lowest true positive rate of a group over the highest one, and the "
            "same of false positive rates. 1 means equal odds in all groups.",
            low=0.0,
            high=1.0,
            ideal=1.0,
            better="higher",
        )
    }

    min_rows: int = Field(
        default=30, ge=1, description="groups with fewer rows of either label are left out, with a note"
    )

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        """Yield the ratio of every attribute with at least two groups of enough rows, and the rates behind it."""
        if subject.scores.label is None:
            raise Skip("a regression needs data.favorable: {at_least: NUMBER} to have favourable outcomes")
        if not subject.attributes:
            raise Skip("no protected attribute is listed under data.protected")
        for attribute in subject.attributes:
            yield from self._compare(attribute, subject)

    def _compare(self, attribute: Attribute, subject: Subject) -> Iterator[Evidence]:
        label = np.asarray(subject.scores.label)
        rows = np.stack(
            [np.bincount(attribute.codes[label == side], minlength=len(attribute.groups)) for side in (1, 0)]
        )
        compared = np.flatnonzero(rows.min(0) >= self.min_rows)
        if left_out := [name for index, name in enumerate(attribute.groups) if index not in compared]:
            yield Note(
                text=f"{attribute.name}: fewer than {self.min_rows} rows of a label in {', '.join(left_out)}; left out."
            )
        if len(compared) < 2:
            return
        true_positive = _rates(attribute, compared, label, subject)
        false_positive = _rates(attribute, compared, ~label, subject)
        smallest = int(rows[:, compared].min())
        yield Measurement(
            metric="equalized_odds.worst_ratio",
            value=_fairlearn_ratio(attribute, compared, label, subject),
            n=int(rows[:, compared].sum()),
            smallest_n=smallest,
            method="simultaneous-clopper-pearson",
            ci=_interval(true_positive, false_positive, subject),
            where={"attribute": attribute.name},
        )
        yield _table(attribute, compared, true_positive, false_positive)


def _fairlearn_ratio(
    attribute: Attribute, compared: np.ndarray, label: np.ndarray, subject: Subject
) -> float:
    """Return fairlearn's ratio over the rows of the ``compared`` groups.

    fairlearn gives a group without rows of a label the rate 0; such groups are not among these.
    """
    from fairlearn.metrics import equalized_odds_ratio  # late: listing the checks needs none of it

    rows = np.isin(attribute.codes, compared)
    return float(
        equalized_odds_ratio(
            label[rows],
            np.asarray(subject.scores.predicted)[rows],
            sensitive_features=attribute.codes[rows],
            sample_weight=None if subject.weights is None else subject.weights[rows],
        )
    )


def _rates(
    attribute: Attribute, compared: np.ndarray, within: np.ndarray, subject: Subject
) -> list[Measurement]:
    """Return each group's share of favourable predictions among the rows ``within``, with effective counts."""
    shares = rates(
        np.asarray(subject.scores.predicted)[within],
        attribute.codes[within],
        len(attribute.groups),
        None if subject.weights is None else subject.weights[within],
        None if subject.clusters is None else subject.clusters[within],
    )
    return [
        Measurement(
            metric="rate",
            value=float(shares.value[group]),
            n=int(shares.rows[group]),
            method="clopper-pearson",
            counts={"rate": shares.counts(group)},
        )
        for group in compared
    ]


def _interval(
    true_positive: Sequence[Measurement], false_positive: Sequence[Measurement], subject: Subject
) -> tuple[float, float]:
    """Return an interval of the smaller ratio at the run's confidence or more.

    All rates lie in their intervals at once (Bonferroni), hence the lowest and the highest rate do between the lowest
    and the highest ends.
    """
    error = (1 - subject.policy.gate.confidence) / (len(true_positive) + len(false_positive))
    ratios = [_ratio_limits(side, 1 - error) for side in (true_positive, false_positive)]
    return min(low for low, _ in ratios), min(high for _, high in ratios)


def _ratio_limits(shares: Sequence[Measurement], confidence: float) -> tuple[float, float]:
    """Return the limits of lowest over highest, given that each share lies in its interval."""
    limits = np.array([interval(share, confidence) or (0.0, 1.0) for share in shares])
    low, high = limits[:, 0], limits[:, 1]
    highest = low.max()
    return float(low.min() / high.max()), float(min(1.0, high.min() / highest)) if highest > 0 else 1.0


def _table(
    attribute: Attribute,
    compared: np.ndarray,
    true_positive: Sequence[Measurement],
    false_positive: Sequence[Measurement],
) -> Table:
    return Table(
        name=f"rates by {attribute.name}",
        about="True and false positive rate of each group that is compared.",
        columns={
            "group": [attribute.groups[group] for group in compared],
            "true positive rate": [share.value for share in true_positive],
            "false positive rate": [share.value for share in false_positive],
            "favourable rows": [share.n for share in true_positive],
            "unfavourable rows": [share.n for share in false_positive],
        },
    )
