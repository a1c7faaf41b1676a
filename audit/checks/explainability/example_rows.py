"""Example rows for a reviewer: confident errors, decisions near the boundary, and one of each group."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from audit.checks.explainability.explanation import Explanation
from audit.data.shared_ranges import Ranges, format_digits
from audit.result import Scalar, Table
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

_MAX_ERRORS = 3
_MAX_BORDERLINE = 2
_MAX_GROUPS = 8
_IMAGES_OF_KIND = 2
_DIGITS = 3
"""Significant digits of numbers in a masked row: from exact ones, its masked values could be computed."""

_CASE = ("case", "why", "row", "score", "label", "predicted", "base", "output")

TableLine = tuple[Scalar | None, ...]


def line_table(name: str, about: str, columns: tuple[str, ...], lines: Iterable[TableLine]) -> Table:
    """Return a table of the report from its lines."""
    rows = list(lines)
    cells = {column: [line[i] for line in rows] for i, column in enumerate(columns)}
    return Table(name=name, about=about, columns=cells)


class ExampleRow(NamedTuple):
    """Reason for showing a row, and its index among the explained rows."""

    reason: str
    place: int


class _Candidates(NamedTuple):
    """Rows that could be shown for a reason, the most telling first, and the number of them to show."""

    reason: str
    places: np.ndarray
    number: int


class Examples:
    """Example rows of an explanation, and the tables that show them.

    ``unmasked`` is whether the policy lets the report show rows; else they are masked.
    """

    def __init__(self, explanation: Explanation, subject: Subject) -> None:
        self.unmasked = subject.policy.report.rows == "shown"
        self._subject = subject
        self._scores = subject.scores
        self._rows = explanation.rows
        scores = subject.scores.take(self._rows)
        self._score = scores.score if isinstance(scores, Classified) else scores.prediction

    def rows(self) -> list[ExampleRow]:
        """Return the example rows of a table or of texts; no row occurs twice."""
        return _choose(self._row_candidates())

    def images(self) -> list[ExampleRow]:
        """Return the example rows of images: errors, and the extremes of the score; no row occurs twice."""
        greatest_reason, least_reason = self._extremes()
        candidates = [
            self._errors(_IMAGES_OF_KIND),
            _Candidates(greatest_reason, np.argsort(-self._score, kind="stable"), _IMAGES_OF_KIND),
            _Candidates(least_reason, np.argsort(self._score, kind="stable"), _IMAGES_OF_KIND),
        ]
        return _choose(candidates)

    def _extremes(self) -> tuple[str, str]:
        if not isinstance(self._scores, Classified):
            return "greatest prediction", "least prediction"
        if self._scores.has_outcomes:
            return "confidently favourable", "confidently unfavourable"
        return "most confident decision", "least confident decision"

    def _row_candidates(self) -> Iterator[_Candidates]:
        yield self._errors(_MAX_ERRORS)
        boundary = self._subject.decision_rule.boundary
        if boundary is not None:
            nearest = np.argsort(np.abs(self._score - boundary), kind="stable")
            yield _Candidates("borderline decision", nearest, _MAX_BORDERLINE)
        single = [a for a in self._subject.attributes if a.name in self._subject.policy.data.protected]
        groups = [(attribute, group) for attribute in single for group in range(len(attribute.groups))]
        for attribute, group in groups[:_MAX_GROUPS]:
            members = np.flatnonzero(attribute.codes[self._rows] == group)
            if len(members):
                distance = np.abs(self._score[members] - np.median(self._score[members]))
                reason = f"{attribute.name}: {attribute.groups[group]}"
                yield _Candidates(reason, members[np.argsort(distance, kind="stable")], 1)

    def _errors(self, number: int) -> _Candidates:
        scores = self._scores
        rows = self._rows
        if isinstance(scores, Classified):
            wrong = np.flatnonzero(scores.code[rows] != scores.guess[rows])
            surest = np.argsort(scores.take(rows[wrong]).certainty, kind="stable")
            return _Candidates("confident error", wrong[surest], number)
        error = np.abs(scores.target[rows] - self._score)
        return _Candidates("large error", np.argsort(-error, kind="stable"), number)

    def row_number(self, place: int) -> int | None:
        """Return the number in the data, from 1, of the explained row at ``place``; None if rows are masked."""
        return self._subject.row_number(int(self._rows[place])) if self.unmasked else None

    def cells(self, case: int, example: ExampleRow, base: float, output: float) -> TableLine:
        """Return the first cells of an example's lines: `_CASE`."""
        row = int(self._rows[example.place])
        score = float(self._score[example.place])
        return case, example.reason, self.row_number(example.place), score, *self._decision(row), base, output

    def _decision(self, row: int) -> tuple[str, str]:
        """Return label and prediction of a row of the data; a regression's label is a value that is masked."""
        scores = self._scores
        if isinstance(scores, Classified):
            return str(scores.classes[scores.code[row]]), str(scores.classes[scores.guess[row]])
        target = float(scores.target[row])
        prediction = float(scores.prediction[row])
        if self.unmasked:
            return f"{target:.4g}", f"{prediction:.4g}"
        return Ranges(scores.target).text(target), f"{prediction:.{_DIGITS}g}"

    def table(self, name: str, about: str, columns: tuple[str, ...], lines: Iterable[TableLine]) -> Table:
        """Return a table of examples from its lines, `cells` before ``columns``; masked, numbers have three digits."""
        if not self.unmasked:
            lines = (tuple(rounded(cell) for cell in line) for line in lines)
        return line_table(name, about, (*_CASE, *columns), lines)


def _choose(kinds: Iterable[_Candidates]) -> list[ExampleRow]:
    reasons: dict[int, str] = {}
    for reason, places, number in kinds:
        free = [int(place) for place in places if place not in reasons]
        reasons.update(dict.fromkeys(free[:number], reason))
    return [ExampleRow(reason, place) for place, reason in reasons.items()]


def rounded(cell: Scalar | None) -> Scalar | None:
    """Return a cell of a masked row: a number with `_DIGITS` significant digits, anything else unchanged."""
    return float(format_digits(cell, _DIGITS)) if isinstance(cell, float) else cell
