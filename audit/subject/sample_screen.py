"""Comparison of a sample with all rows: label, decision and protected groups, by exact tests.

Rows are drawn by hashes of their values, so that they differ from all rows by more than chance only where values were
chosen against a seed that was known.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from audit.errors import quote_list
from audit.result import Note
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

_MAX_CHANCE = 1e-4
"""Chance, over all shares of a sample together, that a draw at random is warned of."""


class _Share(NamedTuple):
    """Rows of one value, by name and bool ``(rows,)``."""

    name: str
    members: np.ndarray


def sample_notes(subject: Subject, index: np.ndarray, kind: str) -> Iterator[Note]:
    """Yield a warning if sampled rows differ from all rows by more than chance.

    Args:
        subject: the model and the data.
        index: numbers of the sampled rows in the data.
        kind: what the rows are, as ``explained``.
    """
    if len(index) == subject.rows:
        return
    shares = list(_shares(subject))
    differing = [share for share in shares if _chance(share.members, index) * len(shares) < _MAX_CHANCE]
    if differing:
        parts = [
            f"{s.name}: {s.members[index].mean():.2%} instead of {s.members.mean():.2%}" for s in differing
        ]
        yield Note(
            text=f"The {len(index):,} {kind} rows differ from all {subject.rows:,} by more than chance: "
            f"{quote_list(parts)}. Were values chosen for this seed? Audit again with another --seed.",
            warning=True,
        )


def _chance(members: np.ndarray, index: np.ndarray) -> float:
    """Return the two-sided P value of the number of members in a sample, by the hypergeometric distribution."""
    from scipy.stats import hypergeom

    count = int(members[index].sum())
    distribution = hypergeom(len(members), int(members.sum()), len(index))
    return float(2 * min(distribution.cdf(count), distribution.sf(count - 1)))


def _shares(subject: Subject) -> Iterator[_Share]:
    """Yield the labels, the decisions, and the protected groups; of a regression, the upper halves."""
    scores = subject.scores
    if isinstance(scores, Classified):
        for code, name in enumerate(scores.classes):
            yield _Share(f"label {name}", scores.code == code)
        if scores.has_outcomes:
            yield _Share("predicted favourable", scores.predicted)
    else:
        yield _Share("label above the median", scores.target > np.median(scores.target))
        yield _Share("prediction above the median", scores.prediction > np.median(scores.prediction))
    for attribute in subject.attributes:
        for code, group in enumerate(attribute.groups):
            yield _Share(f"{attribute.name} {group}", attribute.codes == code)
