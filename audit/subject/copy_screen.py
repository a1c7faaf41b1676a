"""Screening for copied rows: repeats where no other rows are near.

Rows of few distinct values repeat by coincidence, where rows are dense: many others differ from them in few columns. A
copied row repeats where hardly another row is near. So a row's repeats are compared with those that its columns
explain: the rows that differ from it in a quarter of the columns only, times the odds that these agree as well.
"""

from collections.abc import Iterator

import numpy as np

from audit.data.row_hashes import HashKey, Repeats, row_hashes
from audit.inputs.features import Rows
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

_MIN_SHARE = 0.01
"""Share of rows from which on repeats are looked at, and from which on unexplained ones are a warning.

Measured on 83 random choices of the columns of Adult and German, where up to 99 % of the rows repeat: at most 0.4 % of
the rows were unexplained repeats. With every row of 3,000 twice, more than 1 % were in 57 % of the choices: where rows
of few values repeat by themselves, copies cannot be told from them.
"""
_MIN_UNEXPLAINED_RATIO = 3
"""A row's repeats over the explained ones from which on they are unexplained."""
_DEPENDENCE = 100
"""By what factor columns may agree more often in rows that are alike elsewhere than in any rows."""
_SUBSETS = 16
_SUBSET_PART = 4
"""A quarter of the columns may differ, drawn anew for each subset."""
_MAX_BLOCKS = 64


def copy_warnings(subject: Subject) -> Iterator[str]:
    """Yield a warning if more rows repeat others than the values of their columns explain."""
    facts = subject.data_facts
    if facts.rows - facts.distinct_rows <= _MIN_SHARE * facts.rows:
        return
    data = subject.features.data
    blocks = _blocks(subject, data)
    clusters = None if subject.clusters is None else subject.clusters[data.index]
    unexplained = unexplained_repeats(blocks, clusters)
    if unexplained > _MIN_SHARE * len(data.index):
        looked_at = "" if len(data.index) == subject.rows else " that were drawn"
        yield (
            f"{round(unexplained):,} of {len(data.index):,} rows{looked_at} repeat another row, more than coincidence "
            "explains: copies add no evidence and make intervals too narrow. "
            "Set data.copies: once, or name a data.cluster"
        )


def unexplained_repeats(blocks: np.ndarray, clusters: np.ndarray | None = None) -> float:
    """Return the number of rows that repeat another one where the columns do not explain it.

    Args:
        blocks: hashes of the rows' values by column or block of columns, uint64 ``(rows, blocks)``.
        clusters: int codes ``(rows,)``; rows that are equal within one count as one.
    """
    if clusters is not None:
        columns = [_total(blocks), clusters]
        blocks = blocks[Repeats.of(row_hashes(columns, len(blocks), HashKey(0))).number == 0]
    repeats = Repeats.of(_total(blocks))
    excess = repeats.multiplicity - 1
    isolated = _explained(blocks, repeats) * _MIN_UNEXPLAINED_RATIO < excess
    return float((excess / repeats.multiplicity)[isolated].sum())  # of m equal rows, m - 1 repeat one


def _explained(blocks: np.ndarray, repeats: Repeats) -> np.ndarray:
    """Return how many other rows like it the columns let expect of each row, the most over subsets that may differ."""
    frequency = np.stack([Repeats.of(block).multiplicity for block in blocks.T], axis=1) / len(blocks)
    expected_repeats = len(blocks) * frequency.prod(1)
    rng = np.random.default_rng(0)
    for _ in range(_SUBSETS):
        free = rng.permutation(blocks.shape[1])[: -(-blocks.shape[1] // _SUBSET_PART)]
        elsewhere = Repeats.of(_total(blocks) - _total(blocks[:, free])).multiplicity
        odds = np.maximum(_agreement(blocks[:, free], repeats), _odds(frequency[:, free].prod(1)))
        expected_repeats = np.maximum(expected_repeats, (elsewhere - repeats.multiplicity) * odds)
    return np.asarray(expected_repeats)


def _agreement(blocks: np.ndarray, repeats: Repeats) -> float:
    """Return a bound of how often rows agree that are alike elsewhere, from pairs of distinct rows: at most 1."""
    distinct = _total(blocks)[repeats.number == 0]
    others = (Repeats.of(distinct).multiplicity - 1).mean() / max(1, len(distinct) - 1)
    return float(min(1.0, _DEPENDENCE * others))


def _odds(share: np.ndarray) -> np.ndarray:
    return np.asarray(share / np.maximum(1 - share, 1e-9))


def _total(blocks: np.ndarray) -> np.ndarray:
    return np.asarray(blocks.sum(1, dtype=np.uint64))


def _blocks(subject: Subject, data: Rows) -> np.ndarray:
    """Return hashes of the sampled rows' values: features, label and protected groups, in up to 64 blocks."""
    scores = subject.scores
    label = scores.code if isinstance(scores, Classified) else scores.target
    protected = (a.codes for a in subject.attributes if a.name in subject.policy.data.protected)
    columns = [*data.matrix.T, label[data.index], *(codes[data.index] for codes in protected)]
    parts = np.array_split(np.arange(len(columns)), min(_MAX_BLOCKS, len(columns)))
    hashes = [
        row_hashes((columns[i] for i in part), len(data.index), HashKey(number))
        for number, part in enumerate(parts)
    ]
    return np.stack(hashes, axis=1)
