"""Which rows are explained, and against which reference rows: fewer than wished where that would never end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.check import Skip
from audit.checks.explainability.explained_output import explained_output
from audit.checks.explainability.image_attribution import Method, affordable, find_method
from audit.result import Note
from audit.subject.subject import Subject

_MOST_EVALUATIONS, _LEAST_REFERENCES = 100_000_000, 32


@dataclass(frozen=True)
class Sample:
    """Indices of sampled rows of the data and of the background; ``method`` is how pictures are explained, if any."""

    rows: np.ndarray
    references: np.ndarray
    method: Method | None
    notes: list[Note]


def draw(
    subject: Subject,
    rows: int,
    references: int,
    *,
    score: bool,
    memory: int,
    evaluations: int = _MOST_EVALUATIONS,
    least: int = _LEAST_REFERENCES,
) -> Sample:
    """Draw at most ``rows`` rows and ``references`` reference rows.

    Args:
        subject: the model and the data.
        rows: to be explained.
        references: that stand for absent features.
        score: whether P(favourable) is explained.
        memory: see `attribute`.
        evaluations: model rows of one pass over all explained rows, at most; very wide models get fewer reference rows,
            so that it ends.
        least: reference rows that a wide model still gets, unless fewer are asked for.

    Raises:
        Skip: the model reads pictures beside other columns.
    """
    data, background = subject.features.data.matrix, subject.features.background.matrix
    wanted, asked = min(rows, len(data)), min(references, len(background))
    method, most = _for_pictures(subject, asked, score, memory)
    number, columns = min(wanted, most), len(subject.features.columns)
    used = min(asked, max(least, _affordable(evaluations, number, columns)))
    rng = np.random.default_rng([subject.seed, 1])
    chosen = _drawn(rng, len(data), number), _drawn(rng, len(background), used)
    notes = []
    if used < asked:
        notes.append(
            f"{used} reference rows stand for absent features, instead of {references}: "
            f"{columns:,} features take so many model rows each."
        )
    if number < wanted:
        notes.append(
            f"{number} rows are explained, instead of {wanted:,}: the model scores several hundred pictures for each."
        )
    return Sample(*chosen, method, [Note(text=text) for text in notes])


def _for_pictures(subject: Subject, references: int, score: bool, memory: int) -> tuple[Method | None, int]:
    """Return how pictures are explained, and on how many rows at most; no method and all rows for a table."""
    pictures, features = subject.pictures, subject.features
    if pictures is None:
        if any(column.shape for column in features.columns):
            raise Skip("a model that reads pictures beside other columns is not explained")
        return None, len(features.data.matrix)
    output = explained_output(subject, score)
    method = find_method(output, features.data.matrix, features.background.matrix, subject.seed, memory)
    return method, affordable(method, references, pictures, output)


def _affordable(evaluations: int, rows: int, columns: int) -> int:
    """Return how many reference rows a pass over all rows may have, which takes 4 evaluations each a feature."""
    return evaluations // (rows * 4 * max(1, columns - 1))


def _drawn(rng: np.random.Generator, rows: int, number: int) -> np.ndarray:
    """Return the indices of ``number`` rows, in order."""
    return np.sort(rng.choice(rows, number, replace=False))
