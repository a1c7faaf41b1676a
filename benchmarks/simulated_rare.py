"""Simulated rare events: what a sample of ordinary size is often without, though it decides the true value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import paired_simulated
from cells import Cell, Tally, cell
from scipy import special
from simulated_ranks import delong

from audit.attribution import Attributions
from audit.attribution.rank_stability import rank_stability
from audit.attribution.running_estimate import ReferenceInfluence
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.metrics import importance
from audit.checks.explainability.rare_values import find_rare_values
from audit.checks.explainability.unseen_values import explain_unseen
from audit.inputs.features import Column
from audit.result import Measurement
from audit.stats import improvement, intervals, paired_interval
from audit.stats.group_estimates import Partition

Draw = Callable[[np.random.Generator, int], np.ndarray]
REFERENCES = 100
LOSSES = ("log_loss", "brier", "auc")
SEEN_FROM = 0  # no upper bar: what may be unseen is covered by more than nominal


def hidden_positives(rng: np.random.Generator, runs: int) -> Tally:
    """AUC of well separated scores, but for a share of the positives that lies below all negatives."""
    distances = {"AUC 0.98": 3.0, "AUC 0.999": 4.5}
    tally = Tally("AUC, a share of the favourable rows below all others: rows", list(distances))
    for rows, share in ((15, 0.1), (15, 0.2), (30, 0.05), (30, 0.1), (50, 0.05), (50, 0.1), (200, 0.01)):
        for name, distance in distances.items():
            others = rng.normal(0, 1, (runs, 200))
            scores = np.where(rng.random((runs, rows)) < share, -9.0, rng.normal(distance, 1, (runs, rows)))
            truth = (1 - share) * float(special.ndtr(distance / np.sqrt(2)))
            tally.add(
                f"{rows} and 200, {share:.0%}", name, cell(list(delong(scores, others)), truth, SEEN_FROM)
            )
    return tally


@dataclass(frozen=True)
class Retrained:
    """A model and another training of it: all log-odds differ a little, and a share is confidently wrong."""

    share: float

    def draw(self, rows: int, rng: np.random.Generator) -> list[Any]:
        """Return the candidate and the baseline as subjects of checks."""
        baseline = 6.0 * rng.normal(size=rows)
        label = rng.random(rows) < special.expit(baseline)
        jitter = baseline + 0.05 * rng.normal(size=rows)
        wrong = np.where(label, -8.0, 8.0)
        candidate = np.where(rng.random(rows) < self.share, wrong, jitter)
        group = np.zeros(rows, np.int64)
        return [
            paired_simulated.make_subject(special.expit(part), label, group) for part in (candidate, baseline)
        ]


def retrained(rng: np.random.Generator, runs: int) -> Tally:
    """Improvements in log loss, Brier score and AUC over a baseline of nearly the same scores."""
    sizes = (200, 500, 1000)
    tally = Tally(
        "Improvement over nearly the same scores, a share of the rows confidently wrong: rows",
        [str(n) for n in sizes],
    )
    for share in (0.002, 0.005, 0.01):
        world = Retrained(share)
        pair = paired_simulated.compared(world.draw(2_000_000, rng), joint=False, fairness=False)
        truths = {name: improvement(pair[name]) for name in LOSSES}
        for rows in sizes:
            pairs = [
                paired_simulated.compared(world.draw(rows, rng), fairness=False) for _ in range(runs // 4)
            ]
            for name in LOSSES:
                spans = [paired_interval(found[name], 0.95) for found in pairs]
                tally.add(f"{share:.1%}, {name}", str(rows), judged(spans, truths[name]))
    return tally


def judged(spans: Sequence[tuple[float, float] | None], truth: float) -> Cell:
    """Count how often the intervals miss the truth; without one nothing is decided, as with an endless one."""
    ends = np.array([(-np.inf, np.inf) if span is None else span for span in spans])
    above = int((ends[:, 0] > truth + 1e-9).sum())
    below = int((ends[:, 1] < truth - 1e-9).sum())
    return Cell(SEEN_FROM, False, above, below, len(ends))


def confident_bins(rng: np.random.Generator, runs: int) -> Tally:
    """Calibration error where all scores are alike and near 1."""
    sizes = (50, 100, 200, 500, 1000)
    tally = Tally("Calibration error of one confident bin: rows", [str(rows) for rows in sizes])
    for score, rate in ((0.995, 0.97), (0.999, 0.99), (0.95, 0.85)):
        for rows in sizes:
            favorable = rng.binomial(rows, rate, runs).astype(float)
            measured = [
                Measurement(
                    metric="x", value=abs(k / rows - score), n=rows, method="calibration-bins",
                    counts={"0.9-1": [k, float(rows), rows * score]},
                )
                for k in favorable.tolist()
            ]  # fmt: skip
            tally.add(f"scores {score}, rate {rate}", str(rows), cell(measured, score - rate, SEEN_FROM))
    return tally


def _binary(share: float) -> Draw:
    return lambda rng, rows: np.column_stack([rng.random(rows) < share, rng.normal(size=(rows, 3))])


def _lognormal(sigma: float) -> Draw:
    return lambda rng, rows: np.column_stack([rng.lognormal(0, sigma, rows), rng.normal(size=(rows, 3))])


BINARY_SHARES = (0.002, 0.004, 0.01, 0.02, 0.05, 0.5)
SIGMAS = (1.0, 1.5, 2.0)
FEATURES: dict[str, tuple[Draw, float]] = {
    **{f"binary, {share:.1%} ones": (_binary(share), 1 / np.sqrt(5 * share)) for share in BINARY_SHARES},
    **{f"lognormal, sigma {sigma}": (_lognormal(sigma), np.exp(-sigma * sigma / 2)) for sigma in SIGMAS},
}
"""How the first feature is drawn, and its slope; three normal ones have the slopes 1, 0.5 and 0.2."""


def _explained(data: np.ndarray, rows: int, slopes: np.ndarray) -> Explanation:
    """Explain the first rows of ``data`` against the last ones: slopes times distances are the SHAP values."""
    explained = np.arange(rows)
    references = np.arange(len(data) - REFERENCES, len(data))

    def attribute(places: np.ndarray) -> Attributions:
        parts = slopes * (data[places][:, None] - data[references])
        influence = ReferenceInfluence(REFERENCES, len(slopes))
        influence.add(parts)
        values = parts.mean(1)
        nothing = np.zeros_like(values)
        outputs = values.sum(1)
        by_reference = influence.by_reference
        return Attributions(values, nothing, by_reference, nothing[:, 0], outputs, places * 0, 0, "exact")

    rare = find_rare_values(data, data, explained, references, len(slopes))
    rare = explain_unseen(rare, attribute, rows, np.inf)
    columns = [Column(f"x{place}", None) for place in range(len(slopes))]
    whole = Partition(explained * 0, 1, None, None)
    values = attribute(explained)
    return Explanation(columns, explained, data[explained], data[references], values, None, whole, rare)  # type: ignore[arg-type]


def attributions(rng: np.random.Generator, runs: int) -> Tally:
    """Share of the attribution of a rare or skewed feature; the data have ten times the explained rows."""
    sizes = (200, 1000)
    tally = Tally(
        "Share of the attribution of a rare or skewed feature: explained rows", [str(n) for n in sizes]
    )
    for name, (draw, slope) in FEATURES.items():
        slopes = np.array([slope, 1.0, 0.5, 0.2])
        population = draw(np.random.default_rng(7), 4_000_000)
        sizes_of_features = np.abs(slopes * (population - population.mean(0))).mean(0)
        truth = float(sizes_of_features[0] / sizes_of_features.sum())
        for rows in sizes:
            shares = [
                next(
                    m for m in importance(_explained(draw(rng, 10 * rows), rows, slopes))
                    if m.metric.endswith("attribution_share") and m.where["feature"] == "x0"
                )
                for _ in range(runs // 5)
            ]  # fmt: skip
            tally.add(name, str(rows), judged(intervals(shares, 0.95), truth))
    return tally


MAGNITUDES: dict[str, Draw] = {
    "three normal features": lambda rng, rows: np.abs(rng.normal(size=(rows, 3))) * [1.0, 0.9, 0.8],
    "four lognormal features": lambda rng, rows: rng.lognormal(0, 2, (rows, 4)) * [1.0, 1.7, 2.3, 3.0],
    "two of six in 1 % of the rows": lambda rng, rows: np.column_stack(
        [
            np.abs(rng.normal(size=(rows, 4))) * [0.3, 0.1, 0.05, 0.02],
            (rng.random((rows, 2)) < 0.01) * [4.0, 2.0],
        ]
    ),
}


def stabilities(rng: np.random.Generator, runs: int) -> Tally:
    """Stability of ranks; its true value is the mean over all runs."""
    sizes = (50, 200, 1000)
    tally = Tally("Stability of ranks of rare or skewed features: rows", [str(rows) for rows in sizes])
    for name, draw in MAGNITUDES.items():
        for rows in sizes:
            stable = [rank_stability(draw(rng, rows), 0) for _ in range(runs // 8)]
            measured = [
                Measurement(
                    metric="x", value=one.value, n=rows, method="stability-z", se=one.error,
                    counts={
                        "groups": [float(one.groups)],
                        "step": [one.step],
                        "half_sample_error": [one.half_sample_error],
                        **({} if one.bounded else {"unbounded_below": [1.0]}),
                    },
                )
                for one in stable
            ]  # fmt: skip
            truth = float(np.mean([one.value for one in stable]))
            tally.add(name, str(rows), judged(intervals(measured, 0.95), truth))
    return tally


def rare(rng: np.random.Generator, runs: int) -> Iterator[Tally]:
    """Yield all tables."""
    for make in (hidden_positives, retrained, confident_bins, attributions, stabilities):
        yield make(rng, runs)
