"""Simulated predictions of a regression, measured as the check does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from cells import Tally
from repeated import runs_of_rows, tallied
from scipy import stats

from audit.checks.performance.metrics import Groups, regression
from audit.result import Measurement
from audit.subject.predictions import Regressed

CASES = [("rows", "normal"), ("rows", "heavy-tailed"), ("weights", "normal"), ("copies", "normal")]
DEGREES = 5
"""Of the heavy-tailed errors' t distribution: their squares have a variance, and no skewness."""


def measured(rng: np.random.Generator, errors: str, kind: str, runs: int, rows: int) -> Iterator[Measurement]:
    part, owner = runs_of_rows(rng, runs, rows, kind)
    number = len(part.codes) if owner is None else int(owner[-1]) + 1
    explained = rng.standard_normal(number)
    heavy = rng.standard_t(DEGREES, number) / np.sqrt(DEGREES / (DEGREES - 2))
    error = heavy if errors == "heavy-tailed" else rng.standard_normal(number)
    if owner is not None:
        explained, error = explained[owner], error[owner]
    found = Regressed(
        target=explained + error, prediction=explained, label=None, predicted=None, dtype=error.dtype
    )
    yield from regression(found, Groups(part, [{}] * runs))


def errors(rng: np.random.Generator, runs: int) -> Iterator[Tally]:
    """Yield a table for each distribution of errors; the predictions explain half of the variance."""
    spread = np.sqrt(DEGREES / (DEGREES - 2))
    means = {"normal": np.sqrt(2 / np.pi), "heavy-tailed": stats.t.expect(np.abs, (DEGREES,)) / spread}
    for kind, name in CASES:
        truth = {"mae": float(means[name]), "rmse": 1.0, "r2": 0.5}
        draw = partial(measured, rng, name, kind)
        yield tallied(f"Regression, {name} errors", kind, draw, truth, dict.fromkeys(truth, 1.0), runs)
