"""The search against brute force: every predicate and pair, row by row, on small tables."""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from audit.checks.slices import search
from audit.checks.slices.columns import CodeRun, SliceColumn, number_column, text_column
from audit.checks.slices.losses import LossRows
from audit.checks.slices.search import worst_slices
from audit.checks.slices.tallies import SearchRows

MIN_ROWS = 12


class Table(NamedTuple):
    columns: list[SliceColumn]
    losses: LossRows
    half: np.ndarray


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Two columns of texts and one of numbers, errors or distances, with weights and clusters or without."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = draw(st.sampled_from([150, 300, 600]))
    a, b = rng.integers(0, 3, rows), rng.integers(0, 4, rows)
    numbers = rng.integers(0, 6, rows).astype(np.float32)
    if draw(st.booleans()):
        numbers[rng.random(rows) < 0.2] = np.nan
    columns = [
        text_column("a", a, list("xyz"), 1),
        text_column("b", b, list("pqrs"), 1),
        number_column("n", numbers),
    ]
    effect = st.sampled_from([0.0, 0.3, 0.9])
    chance = 0.05 + draw(effect) * ((a == 0) & (b == 1)) + draw(effect) * ((a == 1) & (b == 2))
    errors = draw(st.booleans())
    loss = (rng.random(rows) < chance).astype(float) if errors else rng.exponential(chance)
    losses = LossRows(
        np.arange(rows),
        loss,
        None if errors else np.zeros(rows),
        rng.integers(1, 4, rows).astype(float) if draw(st.booleans()) else None,
        rng.integers(0, 60, rows) if draw(st.booleans()) else None,
    )
    return Table(columns, losses, rng.random(rows) < 0.5)


class Brute(NamedTuple):
    """A candidate of the oracle: its rows, its z, the standard error, and of how many predicates it is."""

    rows: np.ndarray
    parts: tuple[np.ndarray, ...]
    z: float
    error: float


def distance(table: Table, inside: np.ndarray, outside: np.ndarray) -> tuple[float, float]:
    """Return z and standard error of two sets of rows of the search half, one row after the other."""
    losses, half = table.losses, table.half
    ones = np.ones(len(half))
    weight = ones if losses.weights is None else losses.weights
    cluster = np.arange(len(half)) if losses.clusters is None else losses.clusters
    of_cluster = {c: weight[half & (cluster == c)].sum() for c in set(cluster[half].tolist())}
    means, sizes = [], []
    for rows in (inside & half, outside & half):
        if not rows.any():
            return math.nan, math.nan
        total = sum(weight[i] for i in np.flatnonzero(rows))
        means.append(sum(weight[i] * losses.loss[i] for i in np.flatnonzero(rows)) / total)
        sizes.append(sum(weight[i] * of_cluster[cluster[i]] for i in np.flatnonzero(rows)) / total**2)
    gap, spread = means[0] - means[1], math.sqrt(sum(sizes))
    if losses.target is None:
        z = 2.0 * (math.asin(math.sqrt(means[0])) - math.asin(math.sqrt(min(1.0, means[1])))) / spread
        return z, gap / z if z else 0.0
    mean = np.average(losses.loss[half], weights=weight[half])
    deviation = math.sqrt(np.average((losses.loss[half] - mean) ** 2, weights=weight[half]))
    return gap / (deviation * spread), deviation * spread


def brute(table: Table, left: np.ndarray, *parts: np.ndarray) -> list[Brute]:
    """Return the candidate of these predicates among the rows that are left, if it has enough of them.

    It is one among all rows as well, of which it has no more than half.
    """
    rows = np.logical_and.reduce(parts)
    half = table.half
    sides = [
        (rows, half & left),
        (~rows, half & left),
        (rows, half),
        (~rows, half),
        (rows, ~half),
        (~rows, ~half),
    ]
    few = (rows & ~half).sum() <= 0.5 * (~half).sum()
    new = (rows & half & left).sum() >= 0.5 * (rows & half).sum()
    if min((side & where).sum() for side, where in sides) < MIN_ROWS or not (few and new):
        return []
    z, error = distance(table, rows & left, ~rows & left)
    return [Brute(rows, parts, min(z, distance(table, rows, ~rows)[0]), error)]


class Candidates(NamedTuple):
    """Candidates of one predicate, and of two."""

    singles: list[Brute]
    pairs: list[Brute]


def candidates(table: Table, left: np.ndarray) -> Candidates:
    masks = [[column.rows_of(CodeRun(*run)) for run in column.runs.tolist()] for column in table.columns]
    paired = [[column.rows_of(CodeRun(*run)) for run in column.paired.tolist()] for column in table.columns]
    both = [pair for one, other in combinations(paired, 2) for pair in product(one, other)]
    return Candidates(
        [c for masks_of in masks for mask in masks_of for c in brute(table, left, mask)],
        [c for one, other in both for c in brute(table, left, one, other)],
    )


def rating(candidate: Brute, number: int) -> float:
    beyond = candidate.z - float(norm.isf(0.025 / number))
    return beyond * math.sqrt(candidate.error) if beyond > 0 else beyond


def highest(table: Table, left: np.ndarray, among_all: Candidates) -> float:
    """Return the rating of the worst slice of the rows that are left; -inf if there is none."""
    singles, pairs = candidates(table, left)
    numbers = len(among_all.singles), len(among_all.pairs)
    ratings = [max((rating(c, numbers[0]) for c in singles), default=-math.inf)]
    if pairs:
        best = max(pairs, key=lambda c: rating(c, numbers[1]))
        wider = [p for p in best.parts if distance(table, best.rows & left, p & ~best.rows & left)[0] < 3.0]
        instead = [rating(c, numbers[0]) for p in wider for c in brute(table, left, p)]
        ratings.append(max(instead, default=rating(best, numbers[1])))
    return max(ratings)


@settings(max_examples=40)
@given(table=tables())
def test_the_worst_of_all_candidates_is_chosen_then_the_worst_of_the_rest(table: Table) -> None:
    with np.errstate(all="ignore"):
        chosen = worst_slices(table.columns, SearchRows.of(table.losses, table.half), MIN_ROWS, 2).slices
        everywhere = np.ones(len(table.half), bool)
        among_all = candidates(table, everywhere)
        expected = highest(table, everywhere, among_all)
        assert [one.rating for one in chosen[:1]] == pytest.approx(
            [] if expected == -math.inf else [expected], rel=1e-6, abs=1e-9
        )
        if expected > 0:
            further = highest(table, ~chosen[0].rows(), among_all)
            event("a second slice" if further > 0 else "one slice")
            assert [one.rating for one in chosen[1:]] == pytest.approx(
                [further] if further > 0 else [], rel=1e-6, abs=1e-9
            )


@settings(max_examples=40)
@given(table=tables())
def test_further_slices_are_mostly_of_other_rows_and_worse_than_the_rest(table: Table) -> None:
    with np.errstate(all="ignore"):
        chosen = worst_slices(table.columns, SearchRows.of(table.losses, table.half), MIN_ROWS, 4).slices
    covered = np.zeros(len(table.half), bool)
    for number, one in enumerate(chosen):
        inside = one.rows() & table.half
        if number:
            assert one.rating > 0
            assert (inside & ~covered).sum() >= max(MIN_ROWS, 0.5 * inside.sum())
            assert distance(table, one.rows(), ~one.rows())[0] > 0
        covered |= inside


def test_losses_of_the_measured_half_have_no_part_in_the_choice() -> None:
    rng = np.random.default_rng(3)
    column = text_column("a", rng.integers(0, 8, 2000), list("abcdefgh"), 50)
    half = rng.random(2000) < 0.5
    loss = (rng.random(2000) < 0.2).astype(float)
    others = np.where(half, loss, 1.0 - loss)
    slices = [
        worst_slices([column], SearchRows.of(LossRows(np.arange(2000), part), half), 50, 5).slices
        for part in (loss, others)
    ]
    assert [one.text for one in slices[0]] == [one.text for one in slices[1]]


def test_of_many_columns_the_most_promising_are_paired() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (60, 2000))
    loss = (rng.random(2000) < 0.1 + 0.5 * codes[41] * codes[57]).astype(float)
    columns = [text_column(f"c{i}", values, ["no", "yes"], 50) for i, values in enumerate(codes)]
    result = worst_slices(
        columns, SearchRows.of(LossRows(np.arange(2000), loss), rng.random(2000) < 0.5), 50, 1
    )
    assert result.paired_columns == search.MAX_PAIRED_COLUMNS
    assert [one.text for one in result.slices] == ["c41 yes and c57 yes"]


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("copies", [1, 4])
def test_a_slice_of_the_fewest_rows_stands_out_from_the_detectable_gap_on(
    regression: bool, copies: int
) -> None:
    """Of 400 rows of the search half, 40 are one category; with ``copies``, each is a cluster of so many."""
    codes = np.repeat(np.tile([1, *[0] * 9], 80), copies)
    column = text_column("c", codes, list("xy"), 1)
    clusters = np.arange(800).repeat(copies) if copies > 1 else None
    place = np.flatnonzero(codes == 1)

    def searched(gap: float) -> tuple[SearchRows, search.Search]:
        loss = np.tile([*[0.0] * 50, *[1.0] * 30], 10).repeat(copies)
        share = np.arange(len(place)) / (len(place) // 2)  # below 1: the search half
        loss[place] = 0.375 + gap if regression else share < 0.375 + gap
        target = np.zeros(len(codes)) if regression else None
        half = np.arange(len(codes)) < len(codes) // 2
        rows = SearchRows.of(LossRows(np.arange(len(codes)), loss, target, None, clusters), half)
        return rows, worst_slices([column], rows, 40 * copies, 1)

    rows, nothing = searched(0.0)
    gap = search.detectable_gap(rows, 40 * copies, nothing.candidates)
    assert nothing.slices[0].rating <= 0.0 and 0.0 < gap < 0.6
    assert searched(0.8 * gap)[1].slices[0].rating <= 0.0 < searched(1.25 * gap)[1].slices[0].rating


def test_a_predicate_that_adds_nothing_is_left_out() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 5, (2, 6000))
    loss = (rng.random(6000) < 0.1 + 0.4 * (a == 2)).astype(float)
    columns = [text_column("a", a, list("vwxyz"), 50), text_column("b", b, list("vwxyz"), 50)]
    rows = SearchRows.of(LossRows(np.arange(6000), loss), rng.random(6000) < 0.5)
    assert [one.text for one in worst_slices(columns, rows, 50, 5).slices] == ["a x"]


def test_values_that_are_not_seen_are_quoted() -> None:
    column = text_column("job", np.array([0, 1, 2]), ["", " clerk", "clerk"], 1)
    texts = [column.describe(CodeRun(*run)) for run in column.runs.tolist()]
    assert texts == ["“”", "“ clerk”", "clerk"]


def test_missing_numbers_are_a_slice() -> None:
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=4000)
    numbers[rng.random(4000) < 0.2] = np.nan
    loss = (rng.random(4000) < 0.1 + 0.3 * np.isnan(numbers)).astype(float)
    rows = SearchRows.of(LossRows(np.arange(4000), loss), rng.random(4000) < 0.5)
    assert worst_slices([number_column("n", numbers)], rows, 50, 1).slices[0].text == "n (missing)"
