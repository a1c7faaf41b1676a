"""Screening of features: one that nearly equals the label, and one that numbers the rows."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.data.arrow_columns import Codes
from audit.data.labels import Labels, Targets
from audit.errors import quote_list
from audit.inputs.feeds import Feed
from audit.stats.ranks import ranks
from audit.subject.batches import FeatureBatch

_COMPARED_VALUES = 2**21  # over all columns: features are compared with the label in the first rows only
_MIN_ASSOCIATION = 0.995
_MIN_EXPECTED_TIES = 10.0  # of a column of whole numbers that has none


class FeatureScreen:
    """Screens features while they stream by: those that nearly equal the label or number the rows.

    Args:
        feeds: feeds of the model's inputs; a column that several read is screened once.
        labels: labels of all rows.
    """

    def __init__(self, feeds: Sequence[Feed], labels: Labels | Targets) -> None:
        self._labels = labels
        self._names = [name for feed in feeds for name in feed.columns]
        self._compared = 0
        self._associations: dict[str, list[tuple[float, int]]] = {}
        self._indices = {name: RowIndexTest() for name in self._names}

    def add(self, batch: FeatureBatch, first_row: int) -> None:
        """Append the next rows; ``first_row`` counts from 0."""
        values = (column for feed in batch.values for column in feed)
        columns = dict(zip(self._names, values, strict=True))
        for name, column in columns.items():
            if isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind == "f":
                self._indices[name].add(column)
                self._compare(name, column, first_row)
            elif isinstance(column, Codes):
                self._compare(name, column.codes, first_row, is_text=True)

    def _compare(self, name: str, column: np.ndarray, first_row: int, is_text: bool = False) -> None:
        if self._compared >= _COMPARED_VALUES:
            return
        self._compared += len(column)
        rows = slice(first_row, first_row + len(column))
        value = association(column, self._labels, rows, is_text)
        if np.isfinite(value):
            self._associations.setdefault(name, []).append((value, len(column)))

    def warnings(self) -> Iterator[str]:
        """Yield the warnings over all rows added."""
        means = {name: _weighted_mean(pairs) for name, pairs in self._associations.items()}
        if leaking := {name: mean for name, mean in means.items() if mean >= _MIN_ASSOCIATION}:
            words = ", ".join(f"{name!r} ({mean:.4f})" for name, mean in leaking.items())
            yield (
                f"features that nearly equal the label: {words}, where 1 is equal. "
                "Are they known before the outcome is?"
            )
        if numbering := [name for name, test in self._indices.items() if test.numbers_rows()]:
            yield f"features that number the rows: {quote_list(numbering)}. If they are no features: data.ignore"


def _weighted_mean(pairs: Sequence[tuple[float, int]]) -> float:
    return sum(value * rows for value, rows in pairs) / sum(rows for _, rows in pairs)


def association(column: np.ndarray, labels: Labels | Targets, rows: slice, is_text: bool) -> float:
    """Return how well a feature alone tells the label of some rows, in [0, 1]; NaN if the labels are all the same.

    Of a regression it is the absolute correlation; of numbers and two outcomes, the AUC or 1 minus it; else the share
    of rows whose label is the most frequent one among the *other* rows of the same value, if that is much more than the
    share of the most frequent label.
    """
    with np.errstate(all="ignore"):
        if isinstance(labels, Targets):
            return float("nan") if is_text else abs(float(np.corrcoef(column, labels.numbers[rows])[0, 1]))
        code = labels.codes[rows]
        if len(labels.values) == 2 and not is_text:
            return _auc(column, code == code.max()) if code.min() < code.max() else float("nan")
        return _purity(column, code, len(labels.values))


def _auc(column: np.ndarray, positive: np.ndarray) -> float:
    if np.isnan(column).any():
        return float("nan")
    packed = np.sort(ranks(column).astype(np.uint64) << 1 | positive)
    last = np.flatnonzero(np.append(packed[1:] >> 1 != packed[:-1] >> 1, True))  # of each run of equal values
    equals = np.diff(last, prepend=-1)
    places = last + 1 - (equals - 1) / 2  # of each value, ties at their mean
    positives = np.diff(np.cumsum(packed & 1)[last].astype(np.int64), prepend=0)
    number = int(positive.sum())
    area = ((positives * places).sum() - number * (number + 1) / 2) / number / (len(column) - number)
    return float(max(area, 1 - area))


def _purity(column: np.ndarray, code: np.ndarray, classes: int) -> float:
    _, value = np.unique(column, return_inverse=True)
    table = np.bincount(value.astype(np.int64) * classes + code, minlength=(value.max() + 1) * classes)
    table = table.reshape(-1, classes)
    majority = table.max(1)
    right = majority[majority > 1].sum() / len(column)  # a value of a single row tells nothing of others
    wrong_without = 1 - table.sum(0).max() / len(column)
    return float(right) if 1 - right <= 0.05 * wrong_without else float("nan")


class RowIndexTest:
    """Tests whether a column numbers the rows: distinct whole numbers, so dense that equal ones would be expected.

    n draws from R whole numbers have n² / 2R equal pairs on average. The values are held only while they may pass.
    """

    def __init__(self) -> None:
        self._values: list[np.ndarray] | None = []

    def add(self, column: np.ndarray) -> None:
        """Append the values, float64, of the next rows."""
        if self._values is None:
            return
        is_whole = np.isfinite(column).all() and (column == np.rint(column)).all()
        if is_whole and len(np.unique(column)) == len(column):
            self._values.append(column)
        else:
            self._values = None

    def numbers_rows(self) -> bool:
        """Return the result for all rows added."""
        if not self._values:
            return False
        values = np.concatenate(self._values)
        expected_ties = len(values) ** 2 / 2 / (values.max() - values.min() + 1)
        return bool(expected_ties >= _MIN_EXPECTED_TIES and len(np.unique(values)) == len(values))
