"""Difference of a regression's mean predictions between groups, in standard deviations of the label."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.data.protected_attributes import Attribute
from audit.result import Measurement, MetricFacts
from audit.result.small_groups import pool_name, pools
from audit.stats.group_estimates import Partition
from audit.stats.permuted_decisions import mean_gap_range
from audit.subject.predictions import Regressed
from audit.subject.subject import Subject

NAME = "mean_prediction_difference"

FACTS = MetricFacts(
    about="Mean prediction of a regression, unprivileged minus privileged, in standard deviations of the label over "
    "all rows. 0 means equal; below 0, the unprivileged group's is lower.",
    ideal=0.0,
    better="ideal",
)


def mean_prediction_differences(
    attribute: Attribute, scores: Regressed, subject: Subject
) -> Iterator[Measurement]:
    """Yield the difference of each unprivileged group; then of all together that are small."""
    groups = [
        mean_prediction_difference([attribute.groups[i]], attribute, scores, subject)
        for i in attribute.unprivileged
    ]
    yield from groups
    for members in pools(groups, subject.policy.gate.min_rows):
        yield mean_prediction_difference(list(members), attribute, scores, subject)


def influence(groups: list[str], attribute: Attribute, scores: Regressed, subject: Subject) -> np.ndarray:
    """Return each row's influence on the difference between ``groups`` and the privileged ones, times its weight."""
    gap = _Gap.of(groups, attribute, scores, subject)
    return gap.influence if subject.weights is None else subject.weights * gap.influence


@dataclass(frozen=True)
class _Gap:
    """The difference, with each row's influence on it; ``sizes`` are the effective rows of both sides."""

    value: float
    influence: np.ndarray
    rows: list[int]
    weights: tuple[float, float]
    sizes: np.ndarray
    deviation: float

    @classmethod
    def of(cls, groups: list[str], attribute: Attribute, scores: Regressed, subject: Subject) -> "_Gap":
        side = np.full(subject.rows, 2)
        side[np.isin(attribute.codes, attribute.privileged)] = 1
        side[attribute.rows_of(groups)] = 0
        sides = Partition(side, 3, subject.weights, subject.clusters)
        everyone = Partition(np.zeros(subject.rows, np.int64), 1, subject.weights, subject.clusters)
        means = sides.mean(scores.prediction)
        squares = (scores.target - everyone.mean(scores.target)[0]) ** 2
        variance = everyone.mean(squares)[0]
        value = (means[0] - means[1]) / np.sqrt(variance)
        total = sides.total()
        with np.errstate(invalid="ignore"):  # there may be no row but those of both sides
            sizes = sides.effective_rows()
        # to the mean over all rows, with Bessel's correction of each side
        scale = np.array([1.0, -1.0]) * total.sum() / total[:2] * np.sqrt(sizes[:2] / (sizes[:2] - 1.0))
        of_side = np.append(scale, 0.0)[side] * (scores.prediction - np.nan_to_num(means)[side])
        return cls(
            value=float(value),
            influence=of_side / np.sqrt(variance) - value * (squares / variance - 1.0) / 2.0,
            rows=np.bincount(side, minlength=3)[:2].tolist(),
            weights=(float(total[0]), float(total[1])),
            sizes=sizes[:2],
            deviation=float(np.sqrt(variance)),
        )


def mean_prediction_difference(
    groups: list[str], attribute: Attribute, scores: Regressed, subject: Subject
) -> Measurement:
    """Return the difference with the standard error of the delta method; its degrees are those of the smaller side."""
    gap = _Gap.of(groups, attribute, scores, subject)
    everyone = Partition(np.zeros(subject.rows, np.int64), 1, subject.weights, subject.clusters)
    error = float(everyone.standard_error(gap.influence)[0])
    weights = np.ones(subject.rows) if subject.weights is None else subject.weights
    permuted = mean_gap_range(scores.prediction, weights, gap.weights) if min(gap.weights) > 0 else None
    return Measurement(
        metric=f"fairness.{NAME}",
        value=gap.value,
        n=sum(gap.rows),
        smallest_n=min(gap.rows),
        method="mean-t",
        se=error if np.isfinite(error) else None,
        counts={"rows": [float(gap.sizes.min())]},
        where={
            "attribute": attribute.name,
            "unprivileged": groups[0] if len(groups) == 1 else pool_name(attribute.groups),
            "privileged": attribute.privileged_name,
        },
        members=groups if len(groups) > 1 else [],
        permuted_range=(permuted[0] / gap.deviation, permuted[1] / gap.deviation) if permuted else None,
    )
