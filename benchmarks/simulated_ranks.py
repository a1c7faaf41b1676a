"""Simulated ranks: AUC over distributions of scores that DeLong's method finds hard, and rank correlations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from cells import Tally, cell
from scipy import special, stats

from audit.result import Measurement

SIZES = [(10, 10), (10, 1000), (50, 50), (50, 500), (500, 500)]
AUCS = (0.7, 0.9, 0.97)
KINDS = ("normal", "exponential", "spread", "three levels")
"""How scores are distributed: ``spread`` is normal, three times as wide for the favourable class."""
CUTS = np.array([-1.0, 2.0])
Scores = tuple[np.ndarray, np.ndarray]


def scores(
    rng: np.random.Generator, runs: int, sizes: tuple[int, int], auc: float, kind: str
) -> tuple[Scores, float]:
    """Draw the scores of both classes; with the true AUC, which ties move away from the one asked for."""
    n, m = sizes
    if kind == "exponential":
        return (rng.exponential(auc / (1 - auc), (runs, n)), rng.exponential(1.0, (runs, m))), auc
    wide = 3.0 if kind == "spread" else 1.0
    shift = special.ndtri(auc) * np.hypot(wide, 1)
    drawn = rng.normal(shift, wide, (runs, n)), rng.normal(0, 1, (runs, m))
    if kind != "three levels":
        return drawn, auc
    first, other = (np.diff([0, *special.ndtr(CUTS - at), 1]) for at in (shift, 0))
    truth = float(first @ (np.cumsum(other) - other / 2))
    return (np.digitize(drawn[0], CUTS), np.digitize(drawn[1], CUTS)), truth


def delong(favorable: np.ndarray, others: np.ndarray) -> Iterator[Measurement]:
    """Yield the AUC of each run, its standard error from the ranks of each row among all and among its own class."""
    n, m = favorable.shape[1], others.shape[1]
    ranks = stats.rankdata(np.hstack([favorable, others]), axis=1)
    above = (ranks[:, :n] - stats.rankdata(favorable, axis=1)) / m
    below = 1 - (ranks[:, n:] - stats.rankdata(others, axis=1)) / n
    errors = np.sqrt(above.var(1, ddof=1) / n + below.var(1, ddof=1) / m)
    counts = {"favorable": [float(n)], "unfavorable": [float(m)]}
    for value, se in zip(above.mean(1).tolist(), errors.tolist(), strict=True):
        yield Measurement(metric="auc", value=value, n=n + m, method="delong", se=se, counts=counts)


def areas(rng: np.random.Generator, runs: int) -> Tally:
    tally = Tally(
        "AUC: favourable and other rows, how the scores are distributed", [f"AUC {auc}" for auc in AUCS]
    )
    for sizes, kind, auc in itertools.product(SIZES, KINDS, AUCS):
        drawn, truth = scores(rng, runs, sizes, auc, kind)
        found = cell(list(delong(*drawn)), truth, min(sizes))
        tally.add(f"{sizes[0]} and {sizes[1]}, {kind}", f"AUC {auc}", found)
    return tally


def correlations(rng: np.random.Generator, runs: int) -> Tally:
    """Spearman's correlation of normal pairs, whose true value is 6 / pi * asin(rho / 2)."""
    tally = Tally("Spearman's rank correlation of normal pairs: rows", ["10", "50", "500"])
    for rho, rows in itertools.product((0.0, 0.5, 0.9), (10, 50, 500)):
        truth = 6 / np.pi * np.arcsin(rho / 2)
        one, noise = rng.standard_normal((2, runs, rows))
        x, y = (
            part.argsort(1).argsort(1).astype(float)
            for part in (one, rho * one + np.sqrt(1 - rho**2) * noise)
        )
        found = 12 * ((x - x.mean(1, keepdims=True)) * y).sum(1) / (rows**3 - rows)
        measured = [
            Measurement(metric="rank", value=r, n=rows, method="fisher-z", counts={"rows": [float(rows)]})
            for r in found.tolist()
        ]
        tally.add(f"true correlation {truth:.2f}", str(rows), cell(measured, truth, rows))
    return tally
