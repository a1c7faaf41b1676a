"""Coverage of the AUC's interval by seeded simulation, beside DeLong's limits without the care in small samples."""

from __future__ import annotations

import itertools

import numpy as np
from coverage_exact import Table
from coverage_simulated import covers, share
from scipy import special, stats

REPEATS = 2000
SIZES = [(10, 10), (10, 1000), (50, 50), (50, 500), (500, 500)]
KINDS = ("normal", "exponential", "spread", "three levels")
"""How scores are distributed: ``spread`` is normal, three times as wide for the favourable class."""
CUTS = np.array([-1.0, 2.0])
Scores = tuple[np.ndarray, np.ndarray]


def scores(rng: np.random.Generator, n: int, m: int, auc: float, kind: str) -> tuple[Scores, float]:
    """Draw the scores of both classes; with the true AUC, which ties move away from the one asked for."""
    if kind == "exponential":
        return (rng.exponential(auc / (1 - auc), (REPEATS, n)), rng.exponential(1.0, (REPEATS, m))), auc
    wide = 3.0 if kind == "spread" else 1.0
    shift = special.ndtri(auc) * np.hypot(wide, 1)
    drawn = rng.normal(shift, wide, (REPEATS, n)), rng.normal(0, 1, (REPEATS, m))
    if kind != "three levels":
        return drawn, auc
    first, other = (np.diff([0, *special.ndtr(CUTS - at), 1]) for at in (shift, 0))
    truth = float(first @ (np.cumsum(other) - other / 2))
    return (np.digitize(drawn[0], CUTS), np.digitize(drawn[1], CUTS)), truth


def delong(favorable: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The AUC and its standard error, from the ranks of each row among all and among its own class."""
    n, m = favorable.shape[1], others.shape[1]
    ranks = stats.rankdata(np.hstack([favorable, others]), axis=1)
    above = (ranks[:, :n] - stats.rankdata(favorable, axis=1)) / m
    below = 1 - (ranks[:, n:] - stats.rankdata(others, axis=1)) / n
    return above.mean(1), np.sqrt(above.var(1, ddof=1) / n + below.var(1, ddof=1) / m)


def alone(auc: np.ndarray, se: np.ndarray, truth: float) -> float:
    """Percent of DeLong's own limits, on the logit scale, that contain the truth, where there are any."""
    usable = (auc > 0) & (auc < 1) & (se > 0)
    auc, se = auc[usable], se[usable]
    reach = special.ndtri(0.975) * se / (auc * (1 - auc))
    return 100 * float(np.mean(np.abs(special.logit(auc) - special.logit(truth)) <= reach))


def cell(rng: np.random.Generator, n: int, m: int, auc: float, kind: str) -> str:
    drawn, truth = scores(rng, n, m, auc, kind)
    values, errors = delong(*drawn)
    counts = {"favorable": [n], "unfavorable": [m]}
    facts = (
        {"value": float(v), "se": float(e), "counts": counts} for v, e in zip(values, errors, strict=True)
    )
    hit = [covers(truth, method="delong", **fact) for fact in facts]
    return f"{share(hit)} ({alone(values, errors, truth):.1f})"


def area(rng: np.random.Generator) -> Table:
    aucs = (0.7, 0.9, 0.97)
    rows: list[list[object]] = [
        [n, m, kind, *(cell(rng, n, m, auc, kind) for auc in aucs)]
        for (n, m), kind in itertools.product(SIZES, KINDS)
    ]
    header = ["favourable rows", "other rows", "scores", *(f"AUC {auc}, %" for auc in aucs)]
    return "AUC (delong); in brackets DeLong's limits alone, where there are any", header, rows
