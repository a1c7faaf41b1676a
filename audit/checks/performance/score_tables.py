"""Tables behind the charts of scores: the confusion matrix, the histogram of scores, and the ROC curve."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np

from audit.model.decision import DecisionRule
from audit.result import Scalar, Table
from audit.stats.group_estimates import Partition
from audit.stats.proportions import Reals, clopper_pearson
from audit.stats.row_blocks import RowValues, nested
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

MAX_CLASSES = 30
MAX_GROUPS = 30
MIN_GROUP_ROWS = 30
_BINS = 50

_CONFUSION = ("attribute", "group", "label", "decision", "rows")
_HISTOGRAM = ("attribute", "group", "low", "high", "favorable", "unfavorable")
_ROC = (
    "threshold",
    "chosen",
    "false_positive_rate",
    "true_positive_rate",
    "true_positive_rate_low",
    "true_positive_rate_high",
    "precision",
    "precision_low",
    "precision_high",
)
_Line = tuple[Scalar | None, ...]


class _Group(NamedTuple):
    """Rows that are counted together: those of one code of a partition; both names are empty for all rows."""

    attribute: str
    name: str
    rows: Partition
    code: int


def score_tables(subject: Subject) -> Iterator[Table]:
    """Yield ``confusion``, and with a favourable outcome ``score_histogram`` and ``roc``; of a regression nothing.

    Weights of rows are scaled so that all rows together weigh as many as there are. Groups are those of single
    attributes, the largest `MAX_GROUPS` with at least `MIN_GROUP_ROWS` rows: a smaller one would show single scores.
    """
    scores = subject.scores
    if not isinstance(scores, Classified):
        return
    weights = None if subject.weights is None else subject.weights / subject.weights.mean()
    groups = list(_groups(subject, weights))
    if len(scores.classes) <= MAX_CLASSES:
        lines = _confusion(scores, groups if len(scores.classes) == 2 else groups[:1])
        yield _table("confusion", "rows by label and decision", _CONFUSION, lines)
    if scores.has_outcomes:
        about = "rows by score of the favourable outcome and by label"
        yield _table("score_histogram", about, _HISTOGRAM, _histogram(scores, groups))
        level = subject.policy.gate.confidence
        independent = weights is None and subject.clusters is None
        about = "rates over the threshold, with intervals where rows are independent and without weights"
        tail = (1 - level) / 2 if independent else None
        yield _table("roc", about, _ROC, _roc(scores, subject.decision_rule, weights, tail))


def _table(name: str, about: str, heads: tuple[str, ...], lines: Iterator[_Line]) -> Table:
    columns = list(zip(*lines, strict=True)) or [()] * len(heads)
    return Table(name=name, about=about, columns={h: list(c) for h, c in zip(heads, columns, strict=True)})


def _groups(subject: Subject, weights: np.ndarray | None) -> Iterator[_Group]:
    """Yield all rows, then the groups of single attributes, in the order of the data."""
    yield _Group("", "", Partition.whole(subject.rows, weights, None), 0)
    single = [a for a in subject.attributes if a.name in subject.policy.data.protected]
    sizes = [(a, code, rows) for a in single for code, rows in enumerate(a.rows.values())]
    largest = sorted(range(len(sizes)), key=lambda place: -sizes[place][2])[:MAX_GROUPS]
    partitions = {a.name: Partition(a.codes, len(a.groups), weights, None) for a in single}
    for attribute, code, rows in (sizes[place] for place in sorted(largest)):
        if rows >= MIN_GROUP_ROWS:
            yield _Group(attribute.name, attribute.groups[code], partitions[attribute.name], code)


def _by_group(cell: np.ndarray, cells: int, groups: list[_Group]) -> Iterator[tuple[_Group, Reals]]:
    """Yield each group with the weight of its rows by ``cell``, int code below ``cells``."""
    for _, members in groupby(groups, lambda group: group.attribute):
        of_attribute = list(members)
        table = _table_of_cells(of_attribute[0].rows, cell, cells)
        for group in of_attribute:
            yield group, table[group.code]


def _table_of_cells(rows: Partition, cell: RowValues, cells: int) -> Reals:
    """Return the weight of rows by group and cell, ``(groups, cells)``."""
    codes = nested(rows.codes, cell, rows.number, cells)
    return Partition(codes, rows.number * cells, rows.weights, None).total().reshape(-1, cells)


def _confusion(scores: Classified, groups: list[_Group]) -> Iterator[_Line]:
    classes = scores.classes
    cell = nested(scores.code, scores.guess, len(classes), len(classes))
    for group, counts in _by_group(cell, len(classes) ** 2, groups):
        for place, rows_of_cell in enumerate(counts):
            label, decision = divmod(place, len(classes))
            yield (
                group.attribute,
                group.name,
                str(classes[label]),
                str(classes[decision]),
                float(rows_of_cell),
            )


def _histogram(scores: Classified, groups: list[_Group]) -> Iterator[_Line]:
    cell = nested(scores.label, lambda block: _bins(scores.take(block).favorable), 2, _BINS)
    for group, counts in _by_group(cell, _BINS * 2, groups):
        by_label = counts.reshape(2, _BINS)
        for number in np.flatnonzero(by_label.any(axis=0)).tolist():
            unfavorable, favorable = by_label[:, number].tolist()
            low, high = number / _BINS, (number + 1) / _BINS
            yield group.attribute, group.name, low, high, favorable, unfavorable


def _roc(
    scores: Classified, rule: DecisionRule, weights: np.ndarray | None, tail: float | None
) -> Iterator[_Line]:
    """Yield the rates above all scores, then at falling thresholds; with two classes, the policy's is among them.

    Of several classes the most probable is decided on, so that no threshold is chosen.
    """
    policy_threshold = rule.threshold if len(scores.classes) == 2 else None
    thresholds = np.unique(
        [*np.arange(_BINS + 1) / _BINS, *([] if policy_threshold is None else [policy_threshold])]
    )
    steps = len(thresholds) + 1

    def levels(block: slice) -> np.ndarray:
        return rule.levels(scores.take(block).favorable, thresholds, scores.dtype)

    counts = _table_of_cells(Partition(scores.label, 2, weights, None), levels, steps).T.copy()
    above = np.vstack([np.zeros(2), np.cumsum(counts[:0:-1], axis=0)])
    unfavorable, favorable = counts.sum(axis=0)
    if not unfavorable or not favorable:
        return
    recall = _limits(above[:, 1], np.full(steps, favorable), tail)
    precision = _limits(above[:, 1], above.sum(axis=1), tail)
    for step, threshold in enumerate([None, *thresholds[::-1].tolist()]):
        is_chosen = threshold is not None and threshold == policy_threshold
        yield threshold, is_chosen, above[step, 0] / unfavorable, *recall[step], *precision[step]


def _limits(events: Reals, rows: Reals, tail: float | None) -> list[tuple[float | None, ...]]:
    """Return each share with its limits; None where there is no row, and no limits without ``tail``."""
    lines: list[tuple[float | None, ...]] = [(None, None, None)] * len(rows)
    defined = np.flatnonzero(rows > 0)
    if tail is None:
        for place in defined:
            lines[place] = (float(events[place] / rows[place]), None, None)
        return lines
    limits = clopper_pearson(events[defined], rows[defined], tail)
    for place, value, low, high in zip(defined, limits.estimate, limits.low, limits.high, strict=True):
        lines[place] = (float(value), float(low), float(high))
    return lines


def _bins(score: np.ndarray) -> np.ndarray:
    """Return the bin of each score, which is at least the bin's lower end."""
    edges = (np.arange(1, _BINS) / _BINS).astype(score.dtype)  # as the model's own numbers round
    return np.searchsorted(edges, score, side="right")
