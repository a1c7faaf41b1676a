"""Candidates for the worst slice, with the distance of their mean loss from that of the other rows."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audit.checks.slices.columns import CodeRun, SliceColumn
from audit.checks.slices.tallies import SearchRows, Tallies, of_all, of_column, of_pair, of_rows
from audit.stats.effective_size import divided

MAX_SHARE = 0.5
"""Greatest share of the measured rows that is a slice: more rows are the rule, not an exception."""
MIN_NEW_SHARE = 0.5
"""Smallest share of a slice's rows that no earlier slice has."""

Parts = tuple[tuple[SliceColumn, CodeRun], ...]


class Distance(NamedTuple):
    """Gaps in mean loss in standard errors (``z``), and the standard errors of these gaps where there is none."""

    z: np.ndarray
    error: np.ndarray


class Candidates(NamedTuple):
    """Candidates of enough rows on the same one or two columns; ``place`` is that among pairs of ``runs``."""

    columns: tuple[SliceColumn, ...]
    runs: tuple[np.ndarray, ...]
    distance: Distance
    place: np.ndarray

    @property
    def number(self) -> int:
        """Number of candidates."""
        return len(self.place)

    def parts(self, index: int) -> Parts:
        """Return the columns and predicates of one candidate."""
        places = np.unravel_index(self.place[index], [len(runs) for runs in self.runs])
        of_columns = [CodeRun(*runs[int(i)].tolist()) for runs, i in zip(self.runs, places, strict=True)]
        return tuple(zip(self.columns, of_columns, strict=True))


class AmongAll(NamedTuple):
    """Candidates among all rows: their places, numbers of rows, and distances."""

    place: np.ndarray
    rows: np.ndarray
    distance: Distance

    def beyond(self, z: float) -> "AmongAll":
        """Return the candidates whose distance is greater than ``z`` standard errors."""
        greater = np.flatnonzero(self.distance.z > z)
        distance = Distance(*(part[greater] for part in self.distance))
        return AmongAll(self.place[greater], self.rows[greater], distance)


@dataclass(frozen=True)
class Enumeration:
    """Enumerates candidates: slices of at least ``min_rows`` of the search rows, and of the measured ones.

    A candidate has to be worse than the other rows both among those that earlier slices leave, ``rows``, and among
    ``all_rows``: pairs by more than ``min_pair_z``. ``pairs_among_all`` holds, by the identities of two columns, what
    earlier enumerations of the same ``all_rows`` know of these.
    """

    rows: SearchRows
    all_rows: SearchRows
    min_rows: int
    min_pair_z: float = -math.inf
    pairs_among_all: dict[tuple[int, int], AmongAll] = field(default_factory=dict)

    def singles(self, column: SliceColumn, runs: np.ndarray) -> Candidates:
        """Return the candidates of one predicate, of those that are the column's ``runs``."""
        among_all = self._among_all(of_column(self.all_rows, column, runs))
        if self.rows is self.all_rows:
            return Candidates((column,), (runs,), among_all.distance, among_all.place)
        return self._among_left((column,), (runs,), of_column(self.rows, column, runs), among_all)

    def pairs(self, one: SliceColumn, other: SliceColumn) -> Candidates:
        """Return the candidates of a predicate on either column."""
        key = (id(one), id(other))
        if key not in self.pairs_among_all:
            self.pairs_among_all[key] = self._among_all(of_pair(self.all_rows, one, other))
        among_all = self.pairs_among_all[key].beyond(self.min_pair_z)
        columns, runs = (one, other), (one.paired, other.paired)
        if self.rows is self.all_rows or not len(among_all.place):
            return Candidates(columns, runs, among_all.distance, among_all.place)
        return self._among_left(columns, runs, of_pair(self.rows, one, other), among_all)

    def refinement(self, inside: np.ndarray, wider: np.ndarray) -> float:
        """Return the z of the gap between a slice and what it leaves of a wider one, bool, one a row of the sample."""
        part = of_rows(self.rows, inside)
        return float(self._distance(part, of_rows(self.rows, wider).less(part)).z[0])

    def _among_all(self, everywhere: Tallies) -> AmongAll:
        outside = of_all(self.all_rows).less(everywhere)
        few = everywhere.measured <= MAX_SHARE * len(self.all_rows.measured)
        place = np.flatnonzero(self._enough(everywhere, outside) & few)
        inside = everywhere.at(place)
        return AmongAll(place, inside.rows, self._distance_from_rest(self.all_rows, inside))

    def _among_left(
        self,
        columns: tuple[SliceColumn, ...],
        runs: tuple[np.ndarray, ...],
        left: Tallies,
        among_all: AmongAll,
    ) -> Candidates:
        """Return the candidates among the rows that are left: each is one among all rows, which are more."""
        inside = left.at(among_all.place)
        new = inside.rows >= MIN_NEW_SHARE * among_all.rows
        eligible = np.flatnonzero(self._enough(inside, of_all(self.rows).less(inside)) & new)
        distance = self._distance_from_rest(self.rows, inside.at(eligible))
        z = np.minimum(distance.z, among_all.distance.z[eligible])
        return Candidates(columns, runs, distance._replace(z=z), among_all.place[eligible])

    def _enough(self, inside: Tallies, outside: Tallies) -> np.ndarray:
        rows = np.minimum.reduce([inside.rows, inside.measured, outside.rows, outside.measured])
        return np.asarray((rows >= self.min_rows) & (inside.weight > 0.0))

    def _distance_from_rest(self, rows: SearchRows, inside: Tallies) -> Distance:
        return self._distance(inside, of_all(rows).less(inside))

    def _distance(self, inside: Tallies, outside: Tallies) -> Distance:
        """Compare mean losses; shares of errors as angles, whose chance errors are alike in small slices and large.

        Source: Anscombe, Biometrika 35 (1948) 246-254, for the angle.
        """
        means = [np.clip(divided(part.loss, part.weight), 0.0, None) for part in (inside, outside)]
        sizes = [divided(part.square, part.weight**2) for part in (inside, outside)]
        gap = means[0] - means[1]
        if not self.rows.are_errors:
            error = self._deviation * np.sqrt(sizes[0] + sizes[1])
            return Distance(np.nan_to_num(divided(gap, error)), error)
        angles = [2.0 * np.arcsin(np.sqrt(np.minimum(mean, 1.0))) for mean in means]
        z = np.nan_to_num(divided(angles[0] - angles[1], np.sqrt(sizes[0] + sizes[1])))
        return Distance(z, np.nan_to_num(divided(gap, z)))

    @cached_property
    def _deviation(self) -> float:
        """Standard deviation of the losses: that of every slice unless there is a gap."""
        rows = self.all_rows
        mean = np.average(rows.loss, weights=rows.weight)
        return float(np.sqrt(np.average((rows.loss - mean) ** 2, weights=rows.weight)))
