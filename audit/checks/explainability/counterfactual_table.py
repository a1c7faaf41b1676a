"""The table ``counterfactual``: how many decisions change from one group of an attribute to another."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from audit.checks.explainability.counterfactual_flips import Flips
from audit.checks.explainability.example_rows import TableLine, line_table
from audit.inputs.features import Rows
from audit.result import Table
from audit.stats.group_estimates import Partition
from audit.subject.subject import Subject

_COLUMNS = ("attribute", "from", "to", "rows", "flips", "share", "to_unfavorable", "to_favorable")
_MAX_LINES = 60


def counterfactual_table(measured: Iterable[Flips], sample: Rows, subject: Subject) -> Table:
    """Return the table of all attributes that were measured."""
    about = (
        "decisions that change if only the protected attribute does: in the rows of one group, given the values of "
        f"another; at most {_MAX_LINES} pairs an attribute, those of most changes"
    )
    lines = (line for flips in measured for line in _largest(list(_lines(flips, sample, subject))))
    return line_table("counterfactual", about, _COLUMNS, lines)


def _lines(flips: Flips, sample: Rows, subject: Subject) -> Iterator[TableLine]:
    """Yield a line for each pair of groups that has rows to change; shares are weighted."""
    attribute = flips.changer.attribute
    codes = flips.changer.codes
    weights = None if subject.weights is None else subject.weights[sample.index]
    partition = Partition(codes, len(attribute.groups), weights, None)
    rows = np.bincount(codes, minlength=len(attribute.groups))
    for target, flipped in zip(flips.changer.targets, flips.flipped, strict=True):
        share = partition.mean(flipped)
        number = np.bincount(codes, flipped, len(rows)).astype(int)
        lost = np.bincount(codes, flipped & flips.before, len(rows)).astype(int)
        for group in np.flatnonzero((rows > 0) & (np.arange(len(rows)) != target)).tolist():
            directions = (int(lost[group]), int(number[group] - lost[group]))
            names = (attribute.name, attribute.groups[group], attribute.groups[target])
            yield (*names, int(rows[group]), int(number[group]), _known(share[group]), *directions)


def _known(share: float) -> float | None:
    """Return a share, None where its rows have no weight."""
    return None if np.isnan(share) else float(share)


def _largest(lines: Sequence[TableLine]) -> list[TableLine]:
    """Return the lines of most flips, in their order, lest groups of hundreds of combinations fill the report."""
    flips = np.array([line[_COLUMNS.index("flips")] for line in lines])
    return [lines[place] for place in np.sort(np.argsort(-flips, kind="stable")[:_MAX_LINES])]
