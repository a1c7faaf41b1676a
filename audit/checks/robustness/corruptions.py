"""Accuracy under common corruptions: what noise, blur, contrast and brightness do without an attacker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.checks.robustness.attacked_rows import truth
from audit.checks.robustness.metrics import Shares, Where
from audit.perturbations import Corruption, corrupt
from audit.result import Note
from audit.stats.influence import TracedEvidence
from audit.subject.images import Pictures
from audit.subject.subject import Subject

_ROWS = 1000
_NUMBERS = 2**22


def corrupted(
    subject: Subject,
    pictures: Pictures,
    corruptions: Sequence[Corruption],
    severities: Sequence[int],
    *,
    numbers: int = _NUMBERS,
) -> Iterator[TracedEvidence]:
    """Yield the accuracy on sampled rows under each corruption of each severity, then by group.

    ``corruptions`` and ``severities`` (1 to 5) are what is measured, in this order and rising. Up to ``numbers`` pixels
    are corrupted and judged at a time.
    """
    drawn = _draw(len(subject.features.data.index), subject.seed)
    rows = subject.features.data.index[drawn]
    shares, right = Shares(rows, subject), truth(subject)[rows]
    if len(rows) < subject.rows:
        yield Note(text=f"{len(rows):,} of {subject.rows:,} pictures were corrupted, drawn at random.")
    for kind in dict.fromkeys(corruptions):
        for severity in sorted(set(severities)):
            decided = np.concatenate(list(_decisions(subject, pictures, drawn, kind, severity, numbers)))
            where: Where = {"corruption": kind, "severity": severity}
            yield from shares.of("corruption_accuracy", decided == right, where)


def _draw(rows: int, seed: int) -> np.ndarray:
    """Return the places of up to `_ROWS` of the sampled rows, in their order."""
    drawn = np.random.Generator(np.random.Philox(seed)).permutation(rows)
    return np.sort(drawn[:_ROWS])


def _decisions(
    subject: Subject, pictures: Pictures, drawn: np.ndarray, kind: Corruption, severity: int, numbers: int
) -> Iterator[np.ndarray]:
    data, shape = subject.features.data, pictures.shape
    whole = not subject.feeds[0].dtype.is_floating  # 8-bit pixels, or files of them
    step = max(1, numbers // data.matrix.shape[1])
    for part in np.split(drawn, range(step, len(drawn), step)):
        images, rows = data.matrix[part].reshape(-1, *shape), data.index[part]
        found = corrupt(images, pictures.low, pictures.high, kind, severity, rows, subject.seed)
        yield subject.judge((np.rint(found) if whole else found).reshape(len(part), -1))
