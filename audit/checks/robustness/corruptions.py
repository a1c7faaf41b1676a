"""Accuracy under common corruptions of images: noise, blur, contrast and brightness, without an attacker."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from audit.checks.robustness.attacked_rows import true_classes
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.metrics import ShareMeasurer, Where
from audit.execution.plan import RowRange, row_ranges
from audit.inputs.features import Rows
from audit.perturbations import Corruption, corrupt
from audit.result import Note
from audit.stats.influence import TracedEvidence
from audit.subject.images import ImageColumn
from audit.subject.predictor import Predictor
from audit.subject.subject import Subject

_MAX_ROWS = 1000
_MAX_VALUES = 2**22


def corrupted(
    subject: Subject,
    pictures: ImageColumn,
    corruptions: Sequence[Corruption],
    severities: Sequence[int],
    budget: Budget,
    *,
    max_values: int = _MAX_VALUES,
) -> Iterator[TracedEvidence]:
    """Yield the accuracy on sampled rows under each corruption of each severity, then by group.

    ``corruptions`` and ``severities`` (1 to 5) are measured in this order and rising. Up to ``max_values`` pixel values
    are corrupted and classified at a time.
    """
    evaluations = len(set(corruptions)) * len(set(severities))
    data = subject.features.data.sample(budget.rows("changes", evaluations, _MAX_ROWS))
    shares = ShareMeasurer(data.index, subject)
    labels = true_classes(subject)[data.index]
    if len(data.index) < subject.rows:
        yield Note(text=f"{len(data.index):,} of {subject.rows:,} images were corrupted, drawn at random.")
    variants = list(product(dict.fromkeys(corruptions), sorted(set(severities))))
    ranges = row_ranges(len(data.matrix), max(1, max_values // data.matrix.shape[1]))
    integer = not subject.feeds[0].dtype.is_floating  # 8-bit pixels, or files of them
    decide = partial(_decisions, subject.predictor, pictures, data, subject.seed, integer)
    parts = [CorruptedRows(kind, severity, rows) for kind, severity in variants for rows in ranges]
    batches = subject.backend.map(decide, parts)
    for kind, severity in variants:
        decisions = np.concatenate([next(batches) for _ in ranges])
        where: Where = {"corruption": kind, "severity": severity}
        yield from shares.of("corruption_accuracy", decisions == labels, where)


class CorruptedRows(NamedTuple):
    """Some of the rows, under a corruption of one severity."""

    kind: Corruption
    severity: int
    rows: RowRange

    def __str__(self) -> str:
        return f"{self.rows} under {self.kind} of severity {self.severity}"


def _decisions(
    predictor: Predictor, pictures: ImageColumn, data: Rows, seed: int, integer: bool, part: CorruptedRows
) -> np.ndarray:
    """Return the classes decided on, int32 ``(rows,)``."""
    rows = part.rows.slice
    images = data.matrix[rows].reshape(-1, *pictures.shape)
    images = corrupt(images, pictures.low, pictures.high, part.kind, part.severity, data.keys[rows], seed)
    return predictor((np.rint(images) if integer else images).reshape(len(images), -1))
