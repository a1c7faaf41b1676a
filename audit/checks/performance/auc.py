"""AUC of every group, from one ranking of all rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.checks.performance.metrics import Groups
from audit.result import Measurement
from audit.stats.group_estimates import Partition, auc
from audit.subject.predictions import Classified
from audit.subject.subject import Subject


@dataclass(frozen=True)
class Ranking:
    """All rows by rising score: ``order`` are their indices, the others their values in that order."""

    order: np.ndarray
    score: np.ndarray
    label: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None

    @classmethod
    def of(cls, subject: Subject) -> Ranking:
        """Rank the rows of a classification."""
        scores = subject.scores
        assert isinstance(scores, Classified)
        order = np.argsort(scores.favorable)
        weights, clusters = (
            None if part is None else part[order] for part in (subject.weights, subject.clusters)
        )
        return cls(order, scores.favorable[order], scores.label[order], weights, clusters)


def ranking_metrics(ranking: Ranking, groups: Groups) -> Iterator[Measurement]:
    """Yield the AUC of each group."""
    codes = groups.rows.codes[ranking.order]
    ends = np.cumsum(np.bincount(codes, minlength=groups.rows.number))[:-1]
    for group, index in enumerate(np.split(np.argsort(codes, kind="stable"), ends)):
        yield _auc(ranking, index, groups, group)


def _auc(ranking: Ranking, index: np.ndarray, groups: Groups, group: int) -> Measurement:
    label = ranking.label[index]
    weights, clusters = (
        None if part is None else part[index] for part in (ranking.weights, ranking.clusters)
    )
    value, se = auc(label, ranking.score[index], weights, clusters)
    positive = int(label.sum())
    known = bool(np.isfinite(value))
    sides = Partition(label.astype(np.int64), 2, weights, clusters)
    sizes = sides.effective_rows() if known else np.empty(0)
    return Measurement(
        metric="performance.auc",
        value=value,
        n=len(index),
        smallest_n=min(positive, len(index) - positive),
        method="delong" if known else "none",
        se=se if np.isfinite(se) else None,
        counts={name: [float(size)] for name, size in zip(("unfavorable", "favorable"), sizes, strict=known)},
        where=groups.wheres[group],
    )
