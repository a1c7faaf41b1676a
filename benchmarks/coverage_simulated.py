"""Coverage of the other intervals by seeded simulation, with the half-width of its 99 % bound."""

from __future__ import annotations

import itertools

import numpy as np
from coverage_exact import TAIL, Table, hits

from audit.result import Measurement
from audit.stats import interval
from audit.stats.mover import linear
from audit.stats.odds import average_abs_odds, average_odds, equalized_odds
from audit.stats.proportions import Limits, clopper_pearson

REPEATS = 4000
FEWER = 1000  # where every repeat draws its rows one by one
PAIRS = [(10, 10), (10, 500), (50, 50), (500, 500), (5000, 5000)]
ODDS = {"equal": (0.8, 0.2, 0.8, 0.2), "both lower": (0.7, 0.1, 0.8, 0.2), "opposite": (0.6, 0.3, 0.8, 0.2)}
"""TPR and FPR of the unprivileged, then of the privileged."""


def share(hit: np.ndarray | list[bool]) -> str:
    """Percent that hit, with the half-width of its 99 % Monte Carlo bound."""
    rate = float(np.mean(hit))
    return f"{100 * rate:.1f} ± {258 * np.sqrt(rate * (1 - rate) / len(hit)):.1f}"


def draw(rng: np.random.Generator, n: int, rate: float, claims: int = 1) -> Limits:
    successes = rng.binomial(n, rate, REPEATS).astype(float)
    return clopper_pearson(successes, np.full(REPEATS, float(n)), TAIL / claims)


def balanced_accuracy(rng: np.random.Generator) -> Table:
    rows: list[list[object]] = []
    for (n, m), (p, q) in itertools.product(PAIRS, [(0.8, 0.7), (0.95, 0.9)]):
        mean = linear([(0.5, draw(rng, n, p)), (0.5, draw(rng, m, q))])
        rows.append([n, m, p, q, share(hits(mean, (p + q) / 2))])
    header = ["favourable rows", "other rows", "TPR", "TNR", "coverage, %"]
    return "Balanced accuracy (mover-mean)", header, rows


def odds(rng: np.random.Generator) -> Table:
    rows: list[list[object]] = []
    keys = [f"{who}_{what}_positive" for who in ("unprivileged", "privileged") for what in ("true", "false")]
    for (n, m), (name, rates) in itertools.product(PAIRS, ODDS.items()):
        true, false = rates[0] - rates[2], rates[1] - rates[3]
        row: list[object] = [n, m, name]
        for combine, claims, truth in (
            (average_odds, 1, (true + false) / 2),
            (average_abs_odds, 2, (abs(true) + abs(false)) / 2),
            (equalized_odds, 2, max(abs(true), abs(false))),
        ):
            drawn = (draw(rng, size, rate, claims) for size, rate in zip((n, n, m, m), rates, strict=True))
            row.append(share(hits(combine(dict(zip(keys, drawn, strict=True))), truth)))
        rows.append(row)
    title = "Average-odds family: rows in each denominator of the two groups, and how their rates differ"
    return (
        title,
        ["unprivileged", "privileged", "rates", "average, %", "average abs, %", "equalized, %"],
        rows,
    )


def covers(truth: float, **facts: object) -> bool:
    found = interval(Measurement(metric="x", n=1, **facts), 0.95)  # type: ignore[arg-type]
    return found is not None and found[0] <= truth <= found[1]


def means(rng: np.random.Generator) -> Table:
    rows: list[list[object]] = []
    for name, shape in {"spread, Beta(2, 2)": 2.0, "confident, Beta(0.2, 0.2)": 0.2}.items():
        truth = shape / (2 * (2 * shape + 1))  # E[p(1 - p)] for p ~ Beta(shape, shape)
        row: list[object] = [name]
        for n in (10, 50, 500, 5000):
            score = rng.beta(shape, shape, (FEWER, n))
            loss = (score - (rng.random((FEWER, n)) < score)) ** 2
            drawn = zip(loss.mean(1), loss.std(1, ddof=1) / np.sqrt(n), strict=True)
            facts = ({"value": float(v), "se": float(s), "counts": {"rows": [n]}} for v, s in drawn)
            row.append(share([covers(truth, method="mean-t", **fact) for fact in facts]))
        rows.append(row)
    header = ["scores", "10 rows, %", "50, %", "500, %", "5000, %"]
    return "Brier score of a calibrated model (mean-t)", header, rows


def bins(rng: np.random.Generator, n: int, off: float) -> tuple[float, dict[str, list[float]]]:
    """Draw scores and labels, and sum them up in ten bins: the calibration error and its counts."""
    score = rng.random(n) * 0.9
    label, place = rng.random(n) < score + off, np.minimum((score * 10).astype(int), 9)
    sums = [np.bincount(place, weight, 10) for weight in (label, None, score)]
    counts = {str(b): [float(part[b]) for part in sums] for b in range(10)}
    return float(np.abs(sums[0] - sums[2]).sum() / n), counts


def calibration(rng: np.random.Generator) -> Table:
    rows: list[list[object]] = []
    for off in (0.0, 0.1):
        row: list[object] = [off]
        for n in (50, 500, 5000):
            drawn = (bins(rng, n, off) for _ in range(FEWER))
            row.append(share([covers(off, value=v, method="calibration-bins", counts=c) for v, c in drawn]))
        rows.append(row)
    header = ["true error", "50 rows, %", "500, %", "5000, %"]
    return "Calibration error over ten bins (calibration-bins)", header, rows


def ranks(rows: np.ndarray) -> np.ndarray:
    return rows.argsort(1).argsort(1).astype(float)


def correlations(rng: np.random.Generator) -> Table:
    """Spearman's correlation of normal pairs, whose true value is 6 / pi * asin(rho / 2)."""
    table: list[list[object]] = []
    for rho in (0.0, 0.5, 0.9):
        truth, row = 6 / np.pi * np.arcsin(rho / 2), list[object]()
        for n in (10, 50, 500):
            one, noise = rng.standard_normal((2, REPEATS, n))
            x, y = ranks(one), ranks(rho * one + np.sqrt(1 - rho**2) * noise)
            found = 12 * ((x - x.mean(1, keepdims=True)) * y).sum(1) / (n**3 - n)
            facts = ({"value": float(r), "counts": {"rows": [n]}} for r in found)
            row.append(share([covers(truth, method="fisher-z", **fact) for fact in facts]))
        table.append([f"{truth:.2f}", *row])
    header = ["true correlation", "10 rows, %", "50, %", "500, %"]
    return "Spearman's rank correlation of normal pairs (fisher-z)", header, table
