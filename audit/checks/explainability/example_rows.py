"""The rows that tell a reviewer most: confident errors, decisions on the border, and one for each group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.explainability.explanation import Explained
from audit.data.masking import Masker
from audit.data.shared_ranges import Ranges, digits
from audit.result import Scalar
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

_ERRORS, _BORDERLINE, _GROUPS, _FEATURES = 3, 2, 8, 8
_DIGITS = 3
"""Significant digits of numbers in a masked row: from exact ones, its masked values could be computed."""

Line = tuple[Scalar | None, ...]


def local(explained: Explained, subject: Subject, masker: Masker) -> Iterator[Line]:
    """Yield one line for each of the most important features of each telling row, then one for all its others.

    Unless the policy shows rows, every number is rounded to three significant digits.
    """
    shown = subject.policy.report.rows == "shown"
    for line in _lines(explained, subject, masker, shown):
        yield line if shown else tuple(rounded(cell) for cell in line)


def rounded(cell: Scalar | None) -> Scalar | None:
    """Return a cell as a masked report shows it: numbers to three significant digits."""
    return float(digits(cell, _DIGITS)) if isinstance(cell, float) else cell


def _lines(explained: Explained, subject: Subject, masker: Masker, shown: bool) -> Iterator[Line]:
    for case, (why, place) in enumerate(telling(explained, subject)):
        row, output = int(explained.rows[place]), float(explained.found.outputs[place])
        decided = decision(row, subject, shown)
        start = (case, why, row + 1 if shown else None, *decided, explained.found.base, output)
        attributions, errors = explained.found.values[place], explained.found.errors[place]
        order = np.argsort(-np.abs(attributions), kind="stable")
        for feature in order[:_FEATURES]:
            name, value = explained.columns[feature].name, _value(explained, place, feature, masker)
            yield (*start, name, value, float(attributions[feature]), float(errors[feature]))
        rest = order[_FEATURES:]
        if len(rest):
            error = float(np.sqrt((errors[rest] ** 2).sum()))
            name = f"{len(rest)} other feature{'s' * (len(rest) > 1)}"
            yield (*start, name, "", float(attributions[rest].sum()), error)


def telling(explained: Explained, subject: Subject) -> list[tuple[str, int]]:
    """Return why each row was chosen, and its place among the explained rows; no row stands twice."""
    chosen: dict[int, str] = {}
    for why, places, number in _kinds(explained, subject):
        free = [int(place) for place in places if place not in chosen]
        chosen.update(dict.fromkeys(free[:number], why))
    return [(why, row) for row, why in chosen.items()]


def _kinds(explained: Explained, subject: Subject) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield kinds of telling rows: why they tell, their places with the most telling first, and how many to take."""
    scores, rows = subject.scores, explained.rows
    if isinstance(scores, Classified):
        wrong = np.flatnonzero(scores.code[rows] != scores.guess[rows])
        yield "confident error", wrong[np.argsort(scores.certainty[rows[wrong]], kind="stable")], _ERRORS
        score = scores.favorable[rows]
    else:
        score = scores.prediction[rows]
        yield "large error", np.argsort(-np.abs(scores.target[rows] - score), kind="stable"), _ERRORS
    limit = subject.decider.boundary
    if limit is not None:
        yield "borderline decision", np.argsort(np.abs(score - limit), kind="stable"), _BORDERLINE
    single = [a for a in subject.attributes if a.name in subject.policy.data.protected]
    groups = [(attribute, group) for attribute in single for group in range(len(attribute.groups))]
    for attribute, group in groups[:_GROUPS]:
        members = np.flatnonzero(attribute.codes[rows] == group)
        if len(members):
            middle = np.abs(score[members] - np.median(score[members]))
            why = f"{attribute.name}: {attribute.groups[group]}"
            yield why, members[np.argsort(middle, kind="stable")], 1


def decision(row: int, subject: Subject, shown: bool) -> tuple[float, str, str]:
    """Return score, label and prediction of a row of the data; a regression's label is a value that is masked."""
    scores = subject.scores
    if isinstance(scores, Classified):
        names = [str(name) for name in scores.classes]
        return float(scores.favorable[row]), names[scores.code[row]], names[scores.guess[row]]
    target, prediction = float(scores.target[row]), float(scores.prediction[row])
    label = f"{target:.4g}" if shown else Ranges(scores.target).text(target)
    return prediction, label, f"{prediction:.{4 if shown else _DIGITS}g}"


def _value(explained: Explained, place: int, feature: int, masker: Masker) -> str:
    column, value = explained.columns[feature], explained.matrix[place, feature]
    text = None if column.vocabulary is None else column.vocabulary[int(value)]
    return masker.text(column.name, float(value) if text is None else text)
