"""Rows whose decision flipped, before and after: those that needed least, and those that seemed most certain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks import NotFlipped, Outcome, shrink
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.result import Scalar, Table
from audit.subject.subject import Subject

_DIGITS, _ALL = 3, 17
"""Significant digits in a masked report, and those that a 64-bit float never needs more of."""


def rounded(value: float, digits: int = _DIGITS) -> float:
    """Return ``value`` to ``digits`` significant digits."""
    return float(f"{value:.{digits}g}")


def apart(values: Sequence[float], border: float | None) -> list[float]:
    """Return ``values`` to 3 significant digits, or to as many as tell them from each other and from ``border``."""
    exact = {*values, *([] if border is None else [border])}
    digits = next(
        (
            some
            for some in range(_DIGITS, _ALL)
            if len({rounded(value, some) for value in exact}) == len(exact)
        ),
        _ALL,
    )
    return [rounded(value, digits) for value in values]


_COLUMNS = (
    *("case", "why", "row", "attack", "eps", "size", "score_before", "score_after"),
    *("feature", "before", "after", "change", "deviations"),
)
_EACH, _SHRUNK = 3, 256

Line = tuple[Scalar | None, ...]


def flips(attacked: AttackedRows, subject: Subject, *, shrunk_rows: int = _SHRUNK) -> Table:
    """Return the table ``flips``: one line for each column that moved, of rows flipped by the smallest attack.

    Of very many flipped rows the ``shrunk_rows`` nearest to the border are looked at, and the most certain ones. Rows
    that the model decides otherwise when it is asked for them again are left out, which ``about`` then says.
    """
    found = attacked.strongest()
    shrunk = None if found is None else _Shrunk(found, attacked, subject, shrunk_rows)
    lines = [] if shrunk is None else list(_lines(shrunk, subject))
    left_out = f"; {shrunk.left_out}" if shrunk and shrunk.left_out else ""
    return Table(
        name="flips",
        about="the smallest changes that flipped a decision, and the smallest that flipped the most confident ones"
        + left_out,
        columns={name: [line[place] for line in lines] for place, name in enumerate(_COLUMNS)},
    )


class _Shrunk:
    """Rows that ``found`` flipped, with changes as small as they still flip; not all where there are very many.

    ``rows`` are their places among the attacked ones, ``margin`` says how far from the border their scores were.
    ``left_out`` says of how many the model took the flip back when it was asked again, if of any.
    """

    def __init__(self, found: Outcome, attacked: AttackedRows, subject: Subject, most: int) -> None:
        self.found, self.space = found, attacked.space
        flipped = found.examples()[0]
        margin = np.abs(subject.judge.decide(attacked.matrix[flipped])[0] - (subject.decider.boundary or 0.0))
        order = np.argsort(margin, kind="stable")
        kept = np.unique([*order[:most], *order[-2 * _EACH :]])
        of = len(kept)
        kept, self.after = self._smallest(attacked, subject, kept)
        self.margin, rows = margin[kept], flipped[kept]
        self.rows, self.before = attacked.rows[rows], attacked.matrix[rows]
        self.left_out = (
            f"{of - len(kept):,} of {of:,} rows are left out, which {found.attack} had flipped, since the model "
            "decides the same row differently"
            if len(kept) < of
            else ""
        )
        self.deviations = (self.after.astype(np.float64) - self.before) / self.space.scale
        self.size = np.linalg.norm(self.deviations, np.inf if attacked.norm == "inf" else 2, axis=1)

    def _smallest(
        self, attacked: AttackedRows, subject: Subject, kept: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which of the examples are still flipped when the model is asked again, and what is left of them."""
        flipped, moved = self.found.examples()
        while True:
            rows = flipped[kept]
            try:
                return kept, shrink(
                    subject.judge, attacked.matrix[rows], moved[kept], attacked.classes[rows], self.space
                )
            except NotFlipped as again:  # fewer rows each time, and of none there is nothing to ask
                kept = kept[~again.back]

    def chosen(self) -> Iterator[tuple[str, int]]:
        """Yield why a row is shown, and its place; no row stands twice."""
        smallest = np.argsort(self.size, kind="stable")[:_EACH]
        yield from (("smallest change", int(place)) for place in smallest)
        certain = np.argsort(-self.margin, kind="stable")
        others = certain[~np.isin(certain, smallest)][:_EACH]
        yield from (("most confident decision", int(place)) for place in others)


def _lines(shrunk: _Shrunk, subject: Subject) -> Iterator[Line]:
    disclosure = subject.policy.report.rows
    shown = subject.masker
    for case, (why, place) in enumerate(shrunk.chosen()):
        ends = shrunk.before[place], shrunk.after[place]
        row = int(shrunk.rows[place]) + 1 if disclosure == "shown" else None
        scores = [float(score) for score in subject.judge.decide(np.stack(ends))[0]]
        number = float if disclosure == "shown" else rounded
        scores = scores if disclosure == "shown" else apart(scores, subject.decider.boundary)
        found = shrunk.found
        head = (case, why, row, found.attack, found.eps, number(shrunk.size[place]), *scores)
        deviations = shrunk.deviations[place]
        for column in np.argsort(-np.abs(deviations), kind="stable")[: np.count_nonzero(deviations)]:
            name = subject.features.columns[column].name
            before, after = (float(end[column]) for end in ends)
            texts = shown.text(name, before), shown.text(name, after)
            yield (*head, name, *texts, number(after - before), number(deviations[column]))
