"""Difference of a regression's mean predictions between groups, in standard deviations of the label."""

from collections.abc import Iterator

import numpy as np

from audit.data.protected_attributes import Attribute
from audit.result import Measurement, MetricFacts
from audit.result.small_groups import pool_name, pools
from audit.stats.mean_gap import MeanGap, mean_gap
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
    gap = _gap(groups, attribute, scores, subject)
    return gap.influence if subject.weights is None else subject.weights * gap.influence


def _gap(groups: list[str], attribute: Attribute, scores: Regressed, subject: Subject) -> MeanGap:
    side = np.full(subject.rows, 2)
    side[np.isin(attribute.codes, attribute.privileged)] = 1
    side[attribute.rows_of(groups)] = 0
    return mean_gap(scores.prediction, scores.target, side, subject.weights, subject.clusters)


def mean_prediction_difference(
    groups: list[str], attribute: Attribute, scores: Regressed, subject: Subject
) -> Measurement:
    """Return the difference with the standard error of the delta method; its degrees are those of the smaller side."""
    gap = _gap(groups, attribute, scores, subject)
    weights = np.ones(subject.rows) if subject.weights is None else subject.weights
    permuted = mean_gap_range(scores.prediction, weights, gap.weights) if min(gap.weights) > 0 else None
    return Measurement(
        metric=f"fairness.{NAME}",
        value=gap.value,
        n=sum(gap.rows),
        smallest_n=min(gap.rows),
        method="mean-t",
        se=gap.error if np.isfinite(gap.error) else None,
        counts={"rows": [float(gap.sizes.min())]},
        where={
            "attribute": attribute.name,
            "unprivileged": groups[0] if len(groups) == 1 else pool_name(attribute.groups),
            "privileged": attribute.privileged_name,
        },
        members=groups if len(groups) > 1 else [],
        permuted_range=(permuted[0] / gap.deviation, permuted[1] / gap.deviation) if permuted else None,
    )
