"""The table ``flips``: flipped rows before and after, those with the smallest change and the most confident ones."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks.minimal_perturbation import NotFlipped, shrink
from audit.attacks.outcomes import Outcome
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.result import Scalar, Table
from audit.subject.subject import Subject

_MASKED_DIGITS = 3
"""Significant digits in a masked report."""
_MAX_DIGITS = 17
"""Significant digits that identify any 64-bit float."""


def rounded(value: float, digits: int = _MASKED_DIGITS) -> float:
    """Return ``value`` to ``digits`` significant digits."""
    return float(f"{value:.{digits}g}")


def rounded_distinctly(values: Sequence[float], boundary: float | None) -> list[float]:
    """Return ``values`` to 3 significant digits, or as many as keep them and ``boundary`` distinct."""
    exact = {*values, *([] if boundary is None else [boundary])}
    sufficient = (
        digits
        for digits in range(_MASKED_DIGITS, _MAX_DIGITS)
        if len({rounded(value, digits) for value in exact}) == len(exact)
    )
    digits = next(sufficient, _MAX_DIGITS)
    return [rounded(value, digits) for value in values]


_COLUMNS = (
    *("case", "why", "row", "attack", "eps", "size", "score_before", "score_after"),
    *("feature", "before", "after", "change", "deviations"),
)
_ROWS_PER_REASON = 3
_MAX_SHRUNK_ROWS = 256

Line = tuple[Scalar | None, ...]


def flips(attacked: AttackedRows, subject: Subject, *, shrunk_rows: int = _MAX_SHRUNK_ROWS) -> Table:
    """Return the table: one line for each column that moved, of rows flipped by the smallest attack.

    Of very many flipped rows the ``shrunk_rows`` nearest to the boundary are looked at, and the most confident ones.
    Rows that the model decides otherwise when it is asked for them again are left out, which ``about`` then says.
    """
    outcome = attacked.strongest()
    shrunk = None if outcome is None else _ShrunkRows(outcome, attacked, subject, shrunk_rows)
    lines = [] if shrunk is None else list(_lines(shrunk, subject))
    left_out = f"; {shrunk.left_out}" if shrunk and shrunk.left_out else ""
    return Table(
        name="flips",
        about="the smallest changes that flipped a decision, and those that flipped the most confident decisions"
        + left_out,
        columns={name: [line[place] for line in lines] for place, name in enumerate(_COLUMNS)},
    )


class _ShrunkRows:
    """Flipped rows of ``outcome``, with changes as small as they still flip; not all if there are very many.

    Attributes:
        rows: their numbers in the data.
        before: the unchanged rows.
        after: the rows with their smallest change.
        margin: distance of the rows' scores from the boundary.
        deviations: the changes of numbers, in standard deviations.
        size: the norm of these.
        in_choice: which columns are of a choice, whose change has no size.
        left_out: of how many rows the model took the flip back when it was asked again; empty if of none.
    """

    def __init__(self, outcome: Outcome, attacked: AttackedRows, subject: Subject, max_rows: int) -> None:
        self.outcome = outcome
        batch = attacked.batch
        self.in_choice = batch.threat_model.in_choice
        flipped, adversarial = outcome.examples()
        scores = subject.predictor.decide(batch.x[flipped])[0]
        margin = np.abs(scores - (subject.decision_rule.boundary or 0.0))
        order = np.argsort(margin, kind="stable")
        index = np.unique([*order[:max_rows], *order[-2 * _ROWS_PER_REASON :]])
        total = len(index)
        while True:
            try:
                self.after = shrink(batch.take(flipped[index]), adversarial[index])
                break
            except NotFlipped as error:  # fewer rows each time, and of none there is nothing to ask
                index = index[~error.unflipped]
        self.margin = margin[index]
        self.rows = attacked.rows[flipped[index]]
        self.before = batch.x[flipped[index]]
        self.left_out = (
            f"{total - len(index):,} of {total:,} rows are left out, which {outcome.attack} had flipped, since the "
            "model decides the same row differently"
            if len(index) < total
            else ""
        )
        moved = np.isfinite(self.before) & np.isfinite(self.after)  # an absent value is NaN, and never moves
        change = np.where(moved, self.after.astype(np.float64) - self.before, 0.0)
        self.deviations = np.where(self.in_choice, 0.0, change / batch.threat_model.scale)
        self.size = np.linalg.norm(self.deviations, np.inf if batch.norm == "inf" else 2, axis=1)

    def listed(self) -> Iterator[tuple[str, int]]:
        """Yield why a row is listed, and its place; no row is listed twice."""
        smallest = np.argsort(self.size, kind="stable")[:_ROWS_PER_REASON]
        yield from (("smallest change", int(place)) for place in smallest)
        confident = np.argsort(-self.margin, kind="stable")
        others = confident[~np.isin(confident, smallest)][:_ROWS_PER_REASON]
        yield from (("most confident decision", int(place)) for place in others)


def _lines(shrunk: _ShrunkRows, subject: Subject) -> Iterator[Line]:
    is_shown = subject.policy.report.rows == "shown"
    number = float if is_shown else rounded
    outcome = shrunk.outcome
    for case, (reason, place) in enumerate(shrunk.listed()):
        ends = shrunk.before[place], shrunk.after[place]
        scores = [float(score) for score in subject.predictor.decide(np.stack(ends))[0]]
        if not is_shown:
            scores = rounded_distinctly(scores, subject.decision_rule.boundary)
        row = subject.row_number(int(shrunk.rows[place])) if is_shown else None
        common = (case, reason, row, outcome.attack, outcome.eps, number(shrunk.size[place]), *scores)
        deviations = shrunk.deviations[place]
        numbers = np.argsort(-np.abs(deviations), kind="stable")[: np.count_nonzero(deviations)]
        choices = np.flatnonzero(shrunk.in_choice & (ends[0] != ends[1]))
        for column in (*numbers, *choices):
            name = subject.features.columns[column].name
            before, after = (float(end[column]) for end in ends)
            texts = (subject.masker.text(name, value) for value in (before, after))
            distance = None if shrunk.in_choice[column] else number(deviations[column])
            yield (*common, name, *texts, number(after - before), distance)
