"""Counts behind proportions, group by group, with the effective sample size under weights and clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rates:
    """A proportion in each of several groups; arrays have one entry a group.

    ``value`` is the (weighted) proportion, NaN where ``rows`` is 0. ``events`` of ``trials`` are what an
    interval is made from: the counts of rows, or with weights or clusters the effective counts.
    """

    value: np.ndarray
    rows: np.ndarray
    events: np.ndarray
    trials: np.ndarray

    def counts(self, group: int) -> list[float]:
        """Return ``[events, trials]`` of one group."""
        return [float(self.events[group]), float(self.trials[group])]


def rates(
    event: np.ndarray,
    group: np.ndarray,
    groups: int,
    weights: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> Rates:
    """Count ``event`` (bool, one a row) within each group.

    Weights give Kish's effective size, (sum w)² / sum w². Clusters give n divided by the design effect,
    the between-cluster variance of the proportion over that of independent rows (Korn and Graubard
    1998), never more than Kish's size; where all rows of a group agree, the clusters are the trials.
    """
    rows = np.bincount(group, minlength=groups)
    if weights is None and clusters is None:
        events = np.bincount(group, event, groups)
        return Rates(_divided(events, rows), rows, events, rows.astype(float))
    w = np.ones(len(event)) if weights is None else weights
    total, square = np.bincount(group, w, groups), np.bincount(group, w * w, groups)
    value = _divided(np.bincount(group, w * event, groups), total)
    trials = np.nan_to_num(_divided(total**2, square))
    if clusters is not None:
        trials = np.minimum(trials, _clustered(event, group, groups, w, clusters, value, total))
    return Rates(value, rows, np.nan_to_num(value) * trials, trials)


def _clustered(
    event: np.ndarray, group: np.ndarray, groups: int, w: np.ndarray, clusters: np.ndarray,
    value: np.ndarray, total: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return p (1 - p) / Var(p), with the variance between clusters; the clusters' number where p is 0 or 1."""
    pair = group.astype(np.int64) * (int(clusters.max(initial=0)) + 1) + clusters
    _, first, member = np.unique(pair, return_index=True, return_inverse=True)
    owner = group[first]
    number = np.bincount(owner, minlength=groups).astype(float)
    residual = np.bincount(member, w * (event - np.nan_to_num(value)[group]), len(first))
    spread = np.bincount(owner, residual**2, groups) * _divided(number, number - 1)
    variance = _divided(spread, total**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = value * (1 - value) / variance
    return np.where(np.isfinite(effective) & (variance > 0), effective, number)


def _divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator)
