"""Search for the slices with the greatest loss, on the search half of the rows alone.

Candidates are all predicates on one column and pairs of predicates on two: the first two levels of SliceFinder (Chung
et al., ICDE 2019) and SliceLine (Sagadeeva and Boehm, SIGMOD 2021), enumerated by sums over binned columns as in the
latter; deepchecks calls such slices weak segments. They are rated by the gap in mean loss beyond what chance gives the
best of so many. After each choice its rows are set aside (the covering of Lavrač et al., Journal of Machine Learning
Research 5, 2004), so that the next choice is neither a part of it nor a wider slice that is bad because of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from audit.checks.slices.candidates import Candidates, Enumeration, Parts
from audit.checks.slices.columns import SliceColumn
from audit.checks.slices.tallies import SearchRows

MAX_PAIRED_COLUMNS = 30
"""Columns whose predicates are paired: of more, those whose own slices stand out most."""
_ERROR = 0.05
"""Probability that some candidate is rated above 0 where no column tells of the loss."""
_REFINEMENT = 3.0
"""The z by which two predicates together must be worse than what they leave of either: it is the best of many, too."""


@dataclass(frozen=True)
class Slice:
    """Rows that meet one predicate or two; ``rating`` is above 0 if they stand out among all candidates."""

    parts: Parts
    rating: float

    @property
    def text(self) -> str:
        """The predicates in words, such as ``age 25 to 37 and workclass Private``."""
        return " and ".join(f"{column.name} {column.describe(run)}" for column, run in self.parts)

    def rows(self) -> np.ndarray:
        """Return which rows of the sample belong to the slice, bool ``(rows,)``."""
        return np.asarray(np.logical_and.reduce([column.rows_of(run) for column, run in self.parts]))


class Chance(NamedTuple):
    """The z that the best candidate on one column exceeds by chance, and that of the best on two."""

    single: float
    pair: float


class Search(NamedTuple):
    """The chosen slices, the worst first; how many candidates there were, and of how many columns pairs."""

    slices: list[Slice]
    candidates: int
    paired_columns: int
    chance: Chance


def worst_slices(columns: list[SliceColumn], rows: SearchRows, min_rows: int, top: int) -> Search:
    """Choose the worst slice, and up to ``top`` - 1 others that stand out among the rows that earlier ones leave.

    Args:
        columns: columns of all rows of the sample.
        rows: the rows of the search half.
        min_rows: number of rows that a slice, and the rest, must have in either half.
        top: maximal number of slices.

    Returns:
        No slice if none has so many rows. The first may stand out no more than chance makes one of so many.
    """
    enumeration = Enumeration(rows, rows, min_rows)
    first = _round(columns, enumeration)
    slices = first.slices
    left = rows
    while slices and slices[-1].rating > 0.0 and len(slices) < top:
        left = left.without(slices[-1].rows())
        of_left = replace(enumeration, rows=left, min_pair_z=first.chance.pair)
        further = _round(columns, of_left, first.chance).slices
        if not (further and further[0].rating > 0.0):
            break
        slices = slices + further
    return first._replace(slices=slices)


def _round(columns: list[SliceColumn], enumeration: Enumeration, chance: Chance | None = None) -> Search:
    """Return the candidate of the highest rating, one predicate before two of the same rating.

    ``chance`` is that of all candidates, None if they are enumerated here.
    """
    singles = [enumeration.singles(column, column.runs) for column in columns]
    strongest = np.argsort([-_strength(single) for single in singles], kind="stable")
    paired = [columns[place] for place in sorted(strongest[:MAX_PAIRED_COLUMNS].tolist())]
    pairs = [
        enumeration.pairs(one, other) for one, other in combinations(paired, 2) if one.name != other.name
    ]
    numbers = [sum(candidates.number for candidates in kind) for kind in (singles, pairs)]
    chance = chance or Chance(*map(_chance, numbers))
    of_pairs = (_simplified(pair, enumeration, chance.single) for pair in _best(pairs, chance.pair))
    best = sorted([*_best(singles, chance.single), *of_pairs], key=lambda candidate: -candidate.rating)
    return Search(best[:1], sum(numbers), len(paired), chance)


def _strength(candidates: Candidates) -> float:
    """Return how far a column's slices stand out, for better or worse: what is not one part is another."""
    return float(np.abs(candidates.distance.z).max(initial=-np.inf))


def _simplified(pair: Slice, enumeration: Enumeration, chance: float) -> Slice:
    """Return the pair, or one of its predicates if the other makes it no worse: it then adds luck, and no insight."""
    wider = [
        part
        for part in pair.parts
        if enumeration.refinement(pair.rows(), part[0].rows_of(part[1])) < _REFINEMENT
    ]
    singles = [enumeration.singles(column, np.array([run])) for column, run in wider]
    slices = [Slice(single.parts(0), float(rating(single, chance)[0])) for single in singles if single.number]
    return max(slices, key=lambda candidate: candidate.rating, default=pair)


def _best(of_columns: list[Candidates], chance: float) -> Iterator[Slice]:
    """Yield the candidate of the highest rating among those of one kind, if there is any."""
    if not any(candidates.number for candidates in of_columns):
        return
    ratings = [rating(candidates, chance) for candidates in of_columns]
    place = int(np.argmax([values.max(initial=-np.inf) for values in ratings]))
    index = int(np.argmax(ratings[place]))
    yield Slice(of_columns[place].parts(index), float(ratings[place][index]))


def rating(candidates: Candidates, chance: float) -> np.ndarray:
    """Return the geometric mean of evidence and gap beyond chance; where nothing is left, how far z falls short.

    By z alone, half of the rows with a small gap would hide fewer that are far worse; by the gap alone, a part of a
    slice that has bad luck in addition would hide the slice.
    """
    beyond = candidates.distance.z - chance
    return np.where(beyond > 0.0, beyond * np.sqrt(np.maximum(candidates.distance.error, 0.0)), beyond)


def detectable_gap(rows: SearchRows, min_rows: int, candidates: int) -> float:
    """Return about the gap in mean loss from which on a slice of ``min_rows`` rows stands out among the candidates."""
    if not candidates:
        return math.inf
    mean = float(np.average(rows.loss, weights=rows.weight))
    repeats = len(rows.weight) * rows.square.sum() / rows.weight.sum() ** 2  # rows for one independent row
    size = 1.0 / min_rows + 1.0 / max(1, len(rows.weight) - min_rows)
    beyond = _chance(candidates) * math.sqrt(repeats * size)
    if not rows.are_errors:
        return beyond * float(np.sqrt(np.average((rows.loss - mean) ** 2, weights=rows.weight)))
    angle = min(math.pi, 2.0 * math.asin(math.sqrt(mean)) + beyond)
    return math.sin(angle / 2.0) ** 2 - mean


def _chance(number: int) -> float:
    """Return the z that the best of so many candidates exceeds by chance with half of `_ERROR` (Bonferroni)."""
    from scipy.special import ndtri

    if not number:
        return math.inf
    return -float(ndtri(_ERROR / 2.0 / number))
