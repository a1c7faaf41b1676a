"""Tables of numbers and categories, with errors that are more frequent on one slice of 5 % of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.checks.slices.columns import SliceColumn, number_column, text_column
from audit.checks.slices.evidence import MeasuredSlices, SliceRequest, measured_slices
from audit.checks.slices.losses import LossRows

Place = Literal["nowhere", "mild", "category", "range", "two categories", "category and range"]
ERROR, EXCESS, SHARE, MILD = 0.15, 0.20, 0.05, 0.03
"""Share of errors elsewhere, how much higher it is on the planted slice, and that slice's share of the rows."""
CATEGORIES = (2, 3, 5, 8, 10, 16, 30, 40)
REQUEST = SliceRequest(min_rows=50, top=5, min_gap=0.05, confidence=0.95, seed=0)
"""The check's defaults."""


@dataclass(frozen=True)
class Outcome:
    """Whether a weak spot is named, and whether one shares more than half of its rows with the planted slice."""

    named: bool
    planted_named: bool
    result: MeasuredSlices


def outcome(place: Place, rows: int, seed: int) -> Outcome:
    """Search one table."""
    rng = np.random.default_rng([seed, rows])
    numbers = _numbers(rng, rows)
    categories = [rng.choice(size, rows, p=_shares(rng, size)) for size in CATEGORIES]
    categories += [rng.choice(20, rows), rng.choice(4, rows), rng.choice(5, rows)]
    planted = _planted(place, rng, numbers[1], categories)
    chance = np.full(rows, ERROR) + EXCESS * planted
    if place == "mild":
        chance += MILD * np.tanh(numbers[1]) + MILD * (categories[1] == 0)
    losses = LossRows(np.arange(rows), (rng.random(rows) < chance).astype(float))
    request = SliceRequest(**{**vars(REQUEST), "seed": seed})
    result = measured_slices(_columns(numbers, categories), losses, request)
    weak = [one for one, line in zip(result.search.slices, result.lines, strict=True) if line.is_weak_spot]
    return Outcome(bool(weak), any(overlap(one.rows(), planted) > 0.5 for one in weak), result)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return Jaccard's index of two sets of rows, bool."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def _numbers(rng: np.random.Generator, rows: int) -> list[np.ndarray]:
    often_zero = np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(1.0, rows))
    return [rng.lognormal(size=rows), *rng.normal(size=(3, rows)), often_zero]


def _shares(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.array([0.67, 0.33]) if size == 2 else rng.dirichlet(np.full(size, 2.0))


def _planted(
    place: Place, rng: np.random.Generator, number: np.ndarray, categories: list[np.ndarray]
) -> np.ndarray:
    """Return the rows of the planted slice, bool; a range begins anywhere, not where a bin does."""
    of_20, of_4, of_5 = categories[-3:]
    if place == "category":
        return np.asarray(of_20 == 0)
    if place == "range":
        return _within(number, rng.uniform(0.0, 1.0 - SHARE), SHARE)
    if place == "two categories":
        return np.asarray((of_4 == 0) & (of_5 == 0))
    if place == "category and range":
        return _within(number, rng.uniform(0.0, 0.75), 0.25) & (of_5 == 0)
    return np.zeros(len(number), bool)


def _within(number: np.ndarray, start: float, share: float) -> np.ndarray:
    low, high = np.quantile(number, [start, start + share])
    return np.asarray((number >= low) & (number < high))


def _columns(numbers: list[np.ndarray], categories: list[np.ndarray]) -> list[SliceColumn]:
    of_numbers = [number_column(f"n{i}", values.astype(np.float32)) for i, values in enumerate(numbers)]
    vocabularies = [[f"v{code}" for code in range(int(codes.max()) + 1)] for codes in categories]
    texts = [
        text_column(f"c{i}", codes, vocabulary, 2 * REQUEST.min_rows)
        for i, (codes, vocabulary) in enumerate(zip(categories, vocabularies, strict=True))
    ]
    return [column for column in (*of_numbers, *texts) if len(column.runs)]
