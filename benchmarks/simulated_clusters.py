"""Simulated clusters whose quality depends on their size, or that are right or wrong as a whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from cells import Tally, cell
from simulated_scores import classified

from audit.checks.performance.metrics import Groups, classification
from audit.result import Measurement
from audit.stats.group_estimates import Partition

METRICS = ("accuracy", "balanced_accuracy", "auc")
SIZES = (50, 200, 400)
TRUTH_CLUSTERS = 300_000
Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
"""Draws the size of each cluster, and whether its rows are scored well."""


def _whole(rng: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(1, 11, number), rng.random(number) < 0.85


def _large(rng: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.ceil(rng.lognormal(1.5, 1.0, number)).astype(int)
    return sizes, rng.random(number) < np.where(sizes > 10, 0.6, 0.97)


WORLDS: dict[str, Draw] = {"right or wrong as a whole": _whole, "large ones are wrong more often": _large}


def _measured(rng: np.random.Generator, draw: Draw, number: int) -> list[Measurement]:
    sizes, good = draw(rng, number)
    clusters = np.repeat(np.arange(number), sizes)
    label = rng.random(len(clusters)) < 0.4
    score = rng.normal(size=len(label)) + np.where(good, 1.5, -1.5)[clusters] * (label - 0.5)
    scores = classified(1.0 / (1.0 + np.exp(-score)), label)
    rows = Partition(np.zeros(len(label), np.int64), 1, None, clusters)
    return list(classification(scores, Groups(rows, [{}])))


def clusters(rng: np.random.Generator, runs: int) -> Tally:
    """The table of accuracy, balanced accuracy and AUC of the whole table."""
    tally = Tally("Clusters of unequal quality: number of clusters", [str(size) for size in SIZES])
    for world, draw in WORLDS.items():
        truth = {m.metric.partition(".")[2]: m.value for m in _measured(rng, draw, TRUTH_CLUSTERS)}
        for size in SIZES:
            runs_by_metric: dict[str, list[Measurement]] = {name: [] for name in METRICS}
            for _ in range(runs):
                for measurement in _measured(rng, draw, size):
                    name = measurement.metric.partition(".")[2]
                    if name in METRICS:
                        runs_by_metric[name].append(measurement)
            for name, measured in runs_by_metric.items():
                tally.add(f"{name}, {world}", str(size), cell(measured, truth[name], size / 2))
    return tally
