"""The smallest changes that flipped a decision, as rows before and after."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.robustness.measurements import label_of
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, figures, group_by, text
from audit.numbers import minus, number, signed, written

COLUMNS = (
    "case", "why", "row", "attack", "eps", "size", "score_before", "score_after", "feature", "before", "after",
    "change", "deviations",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one column of a flipped row, as text, in the column's unit and in standard deviations."""

    feature: str
    before: str
    after: str
    change: str
    deviations: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A row whose decision an attack flipped, with what it changed; ``size`` is in standard deviations."""

    head: str
    score: str
    size: float | None
    changes: list[Change]


def flips(rows: Sequence[Record]) -> list[Flip]:
    """Return the flipped rows of the table in order."""
    return [_flip(lines) for lines in group_by(rows, "case").values()]


def sentence(flipped: Sequence[Flip]) -> str:
    """Return the sentence on the smallest change that flipped a row; empty if no size is known.

    Another category of a one-hot group has no size.
    """
    sized = [(flip.size, flip) for flip in flipped if flip.size is not None]
    if not sized:
        return ""
    size, smallest = min(sized, key=lambda pair: pair[0])
    if not size:
        return words("flips", "category")
    if len(smallest.changes) != 1:
        return words("flips", "columns", size=number(size), columns=len(smallest.changes))
    return words("flips", "smallest", size=number(size), change=_in_words(smallest.changes[0]))


def _in_words(change: Change) -> str:
    name, before, after = (brief(part) for part in (change.feature, change.before, change.after))
    if change.after == words("flips", "same_range"):  # masked values may be in one range before and after
        return f"{name} ({before}) by {change.change}"
    return f"{name} from {before} to {after}"


def _flip(lines: Sequence[Record]) -> Flip:
    first = lines[0]
    size, eps, place = (figure(first, key) for key in ("size", "eps", "row"))
    parts = [
        text(first, "why"),
        f"row {int(place)}" if place is not None else "",
        " at eps ".join([label_of(text(first, "attack")), *([written(eps)] if eps is not None else [])]),
        f"size {number(size)}" if size is not None else "",
    ]
    return Flip(
        head=", ".join(part for part in parts if part),
        score=_scores(figures(first, "score_before", "score_after")),
        size=size,
        changes=[_change(line) for line in lines],
    )


def _change(line: Record) -> Change:
    before = text(line, "before")
    after = text(line, "after")
    return Change(
        feature=text(line, "feature"),
        before=before,
        after=after if after != before else words("flips", "same_range"),
        change=_signed(line, "change"),
        deviations=_signed(line, "deviations"),
    )


def _signed(line: Record, key: str) -> str:
    value = figure(line, key)
    return "" if value is None else signed(value)


def _scores(ends: tuple[float, ...] | None) -> str:
    """Return the score before and after, with as many digits as keep them distinct: a flip may be a hair wide."""
    if ends is None:
        return ""
    pairs = [[minus(f"{end:.{digits}f}") for end in ends] for digits in range(3, 10)]
    return " → ".join(next((pair for pair in pairs if pair[0] != pair[1]), pairs[0]))
