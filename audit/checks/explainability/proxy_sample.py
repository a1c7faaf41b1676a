"""Sample of rows on which proxies are measured, and the AUC of scores on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from audit.result import Measurement, Scalar
from audit.stats.group_estimates import Partition, auc
from audit.subject.subject import Subject

MAX_ROWS = 10_000
_MIN_ROWS_OF_SIDE = 5
"""Rows (clusters) of either side, among the training rows and among the others."""

Floor = Literal["direction", "chance"] | None
"""The better of both directions, or 0.5 at least."""


@dataclass(frozen=True)
class ProxySample:
    """Sampled rows: ``index`` are their numbers in the data, ``texts`` the columns of texts, bool ``(columns,)``."""

    matrix: np.ndarray
    texts: np.ndarray
    index: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None
    seed: int


def draw_proxy_sample(subject: Subject) -> ProxySample:
    """Draw up to `MAX_ROWS` of the rows whose features were read."""
    data = subject.features.data
    rng = np.random.default_rng([subject.seed, 5])
    rows = np.sort(rng.choice(len(data.index), min(MAX_ROWS, len(data.index)), replace=False))
    index = data.index[rows]
    matrix = data.matrix[rows].astype(np.float64)
    texts = np.array([column.vocabulary is not None for column in subject.features.columns])
    weights = _taken(subject.weights, index)
    clusters = _taken(subject.clusters, index)
    return ProxySample(matrix, texts, index, weights, clusters, subject.seed)


def _taken(array: np.ndarray | None, index: np.ndarray) -> np.ndarray | None:
    return None if array is None else array[index]


@dataclass(frozen=True)
class ProxyEvaluation:
    """Training rows and held-out rows of a sample; ``member`` is what is predicted, both bool ``(rows,)``."""

    sample: ProxySample
    member: np.ndarray
    training: np.ndarray

    @cached_property
    def sufficient(self) -> bool:
        """Whether the training rows and the others have enough rows of either side."""
        return min(self._smaller_side(part) for part in (self.training, ~self.training)) >= _MIN_ROWS_OF_SIDE

    def _smaller_side(self, part: np.ndarray) -> int:
        """Return how many rows (clusters) of a part are on the smaller side, those without weight left out."""
        weights = self.sample.weights
        clusters = self.sample.clusters
        counted = part if weights is None else part & (weights > 0)
        sides = [np.flatnonzero(counted & self.member), np.flatnonzero(counted & ~self.member)]
        return min(len(side if clusters is None else np.unique(clusters[side])) for side in sides)

    def unknown(self, metric: str, where: dict[str, Scalar]) -> Measurement:
        """Return the measurement where the rows are not `sufficient`."""
        n = int((~self.training).sum())
        return Measurement(metric=metric, value=float("nan"), n=n, method="none", where=where)

    def evaluate(
        self, metric: str, score: np.ndarray, where: dict[str, Scalar], floor: Floor = None
    ) -> Measurement:
        """Return the AUC of ``score``, one a held-out row, or one a row of the sample, raised to its floor.

        The interval of the better direction is that of the greater of both as well: on DeLong's logit scale the other
        direction's upper limit is below its own.
        """
        rows = np.arange(len(score)) if len(score) == len(self.member) else np.flatnonzero(~self.training)
        member = self.member[rows]
        weights = _taken(self.sample.weights, rows)
        clusters = _taken(self.sample.clusters, rows)
        order = np.argsort(score, kind="stable")
        value, se = auc(member[order], score[order], _taken(weights, order), _taken(clusters, order))
        if floor is not None:
            value = max(value, 1.0 - value if floor == "direction" else 0.5)
        known = bool(np.isfinite(value))
        sizes = Partition(member.astype(np.int64), 2, weights, clusters).effective_rows()
        return Measurement(
            metric=metric,
            value=value,
            n=len(member),
            smallest_n=int(min(member.sum(), (~member).sum())),
            method="delong" if known else "none",
            se=se if np.isfinite(se) else None,
            counts={"unfavorable": [float(sizes[0])], "favorable": [float(sizes[1])]} if known else {},
            where=where,
        )
