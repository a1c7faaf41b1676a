"""Copies of rows: a file that holds every row k times counts once, since copies are no further evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.data.dataset import Dataset
from audit.data.row_hashes import HashKey, Repeats, row_keys
from audit.data.row_sample import KeyedRows
from audit.policy.model import DataSpec
from audit.subject.row_keys import add_outcomes, audited_hashes


@dataclass(frozen=True)
class CountedRows:
    """Rows that count, with their random keys.

    ``distinct`` is the number of them that differ in features, label or protected groups; ``copies`` is how many times
    the file holds each of them, and ``repeats`` how many further rows ``data.copies: once`` leaves out.
    """

    keyed: KeyedRows
    distinct: int
    copies: int
    repeats: int

    @property
    def rows(self) -> int:
        """Number of the rows that count."""
        return len(self.keyed.keys)

    def warnings(self) -> Iterator[str]:
        """Yield which rows do not count, for the top of the report."""
        if self.copies > 1:
            yield (
                f"the data are {self.copies:,} copies of the same {(self.rows + self.repeats):,} rows, in the columns "
                "that the audit reads: each of these rows counts once"
            )
        if self.repeats:
            yield (
                f"{self.repeats:,} rows that repeat another one are left out (data.copies: once): "
                f"{self.rows:,} rows count"
            )


def count_rows(spec: DataSpec, dataset: Dataset, features: np.ndarray, key: HashKey) -> CountedRows:
    """Return the rows that count: every distinct row once, or as often as in one of the copies that make up the file.

    Args:
        spec: says which attributes are protected, and whether each repeat counts.
        dataset: all rows of the file.
        features: hashes of their features, overwritten.
        key: key of these hashes.
    """
    add_outcomes(features, dataset, spec.protected, key)
    hashes = audited_hashes(dataset, features, key)
    repeats = Repeats.of(hashes)
    distinct = repeats.distinct if hashes is features else Repeats.of(features).distinct
    copies = int(np.gcd.reduce(repeats.multiplicity))
    keyed = KeyedRows(row_keys(hashes, repeats, key, out=hashes))
    in_one_copy = repeats.number < repeats.multiplicity // copies
    is_counted = repeats.number == 0 if spec.copies == "once" else in_one_copy
    if not is_counted.all():
        keyed = keyed.take(np.flatnonzero(is_counted))
    return CountedRows(keyed, distinct, copies, int(in_one_copy.sum() - is_counted.sum()))
