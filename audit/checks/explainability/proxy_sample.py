"""The rows on which proxies are looked for, and how well scores tell two sides of them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.result import Measurement, Scalar
from audit.stats.group_estimates import Partition, auc
from audit.subject.subject import Subject

MOST_ROWS = 10_000
Floor = Literal["direction", "chance"] | None
"""The better of both directions, or 0.5 at least."""


@dataclass(frozen=True)
class Drawn:
    """Drawn rows: ``index`` are their numbers in the data; which columns are ``texts``, bool ``(columns,)``."""

    matrix: np.ndarray
    texts: np.ndarray
    index: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None
    seed: int


def draw(subject: Subject, most: int = MOST_ROWS) -> Drawn:
    """Draw up to ``most`` of the rows whose features were read."""
    data, rng = subject.features.data, np.random.default_rng([subject.seed, 5])
    chosen = np.sort(rng.choice(len(data.index), min(most, len(data.index)), replace=False))
    index = data.index[chosen]
    weights, clusters = (
        None if part is None else part[index] for part in (subject.weights, subject.clusters)
    )
    texts = np.array([column.vocabulary is not None for column in subject.features.columns])
    return Drawn(data.matrix[chosen].astype(np.float64), texts, index, weights, clusters, subject.seed)


class Side:
    """The rows on which scores are judged: which of them are ``member``, with their weights and clusters."""

    def __init__(self, member: np.ndarray, rows: Drawn, judged: np.ndarray) -> None:
        self._member = member[judged]
        self._weights, self._clusters = (
            None if part is None else part[judged] for part in (rows.weights, rows.clusters)
        )

    def unknown(self, metric: str, where: dict[str, Scalar]) -> Measurement:
        """Return what is measured where too few rows are there to learn from, or to judge."""
        return Measurement(metric=metric, value=float("nan"), n=len(self._member), method="none", where=where)

    def measured(
        self, metric: str, score: np.ndarray, where: dict[str, Scalar], floor: Floor = None
    ) -> Measurement:
        """Return the AUC of ``score``, ``(rows,)``, or what its floor makes of it.

        The interval of the better direction is that of the greater of both as well: on DeLong's logit scale the other
        direction's upper limit is below its own.
        """
        member, order = self._member, np.argsort(score, kind="stable")
        weights, clusters = (
            None if part is None else part[order] for part in (self._weights, self._clusters)
        )
        value, se = auc(member[order], score[order], weights, clusters)
        if floor is not None:
            value = max(value, 1.0 - value if floor == "direction" else 0.5)
        known = bool(np.isfinite(value))
        sizes = Partition(member.astype(np.int64), 2, self._weights, self._clusters).effective_rows()
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


def smaller(member: np.ndarray, part: np.ndarray, rows: Drawn) -> int:
    """Return how many rows (clusters) of a part of the rows are on the smaller side, those without weight left out."""
    counted = part if rows.weights is None else part & (rows.weights > 0)
    sides = [np.flatnonzero(counted & member), np.flatnonzero(counted & ~member)]
    return min(len(side if rows.clusters is None else np.unique(rows.clusters[side])) for side in sides)
