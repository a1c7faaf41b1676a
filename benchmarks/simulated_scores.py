"""Simulated scores of one group: AUC, losses and calibration, measured as the check does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from cells import Tally
from repeated import runs_of_rows, tallied
from scipy import special, stats

from audit.checks.performance.definitions import CALIBRATION_BINS
from audit.checks.performance.metrics import Groups, classification
from audit.result import Measurement
from audit.subject.predictions import Classified, Outcomes

METRICS = ("auc", "log_loss", "brier", "calibration_error")
GRID = (np.arange(400_000) + 0.5) / 400_000


@dataclass(frozen=True)
class World:
    """Scores by their quantile function, and the true probability of the favourable label at each score."""

    scores: Callable[[np.ndarray], np.ndarray]
    true: Callable[[np.ndarray], np.ndarray]


def _over(slope: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda score: special.expit(slope * special.logit(np.clip(score, 1e-9, 1 - 1e-9)))


def _calibrated(score: np.ndarray) -> np.ndarray:
    return score


WORLDS = {
    "spread scores, calibrated": World(lambda q: stats.beta.ppf(q, 2, 2), _calibrated),
    "confident scores, calibrated": World(lambda q: stats.beta.ppf(q, 0.2, 0.2), _calibrated),
    "low scores, over-confident": World(lambda q: stats.beta.ppf(q, 0.5, 1.5), _over(0.6)),
    "even scores, all bins off by 0.1": World(lambda q: 0.9 * q, lambda score: score + 0.1),
    "even scores, one bin off by 0.3": World(
        lambda q: 0.9 * q, lambda score: score + 0.3 * ((score > 0.3) & (score < 0.4))
    ),
}


def truths(world: World) -> dict[str, float]:
    """Integrate over the quantiles of the scores."""
    score = world.scores(GRID)
    true = world.true(score)
    bins = np.minimum((score * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    below = np.cumsum(1 - true) - (1 - true) / 2
    sure = np.clip(score, 1e-15, 1 - 1e-15)
    return {
        "auc": float(true @ below / true.sum() / (1 - true).sum()),
        "log_loss": float(-(true * np.log(sure) + (1 - true) * np.log1p(-sure)).mean()),
        "brier": float((true * (1 - score) ** 2 + (1 - true) * score**2).mean()),
        "calibration_error": float(np.abs(np.bincount(bins, true - score)).sum() / len(GRID)),
    }


def classified(score: np.ndarray, label: np.ndarray) -> Classified:
    code = label.astype(np.int32)
    guess = (score >= 0.5).astype(np.int32)
    return Classified(
        classes=[0, 1], classes_from="",
        outcomes=Outcomes(favorable=score, label=label, predicted=guess == 1),
        code=code, guess=guess, dtype=score.dtype,
    )  # fmt: skip


def measured(
    rng: np.random.Generator, world: World, kind: str, runs: int, rows: int
) -> Iterator[Measurement]:
    part, owner = runs_of_rows(rng, runs, rows, kind)
    number = len(part.codes) if owner is None else int(owner[-1]) + 1
    score = world.scores(GRID)[rng.integers(0, len(GRID), number)]
    label = rng.random(number) < world.true(score)
    if owner is not None:
        score, label = score[owner], label[owner]
    scores, groups = classified(score, label), Groups(part, [{}] * runs)
    yield from classification(scores, groups)


def scores(rng: np.random.Generator, runs: int) -> Iterator[Tally]:
    """Yield a table for each distribution of scores, and for row weights and clusters one each."""
    cases = [("rows", name) for name in WORLDS]
    for kind, name in [*cases, *((kind, "low scores, over-confident") for kind in ("weights", "copies"))]:
        world = WORLDS[name]
        favorable = float(world.true(world.scores(GRID)).mean())
        shares = dict.fromkeys(METRICS, 1.0) | {"auc": min(favorable, 1 - favorable)}
        draw = partial(measured, rng, world, kind)
        yield tallied(f"Scores of one group, {name}", kind, draw, truths(world), shares, runs)
