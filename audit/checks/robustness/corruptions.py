"""Accuracy under common corruptions of images: noise, blur, contrast and brightness, without an attacker."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.checks.robustness.attacked_rows import true_classes
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.metrics import ShareMeasurer, Where
from audit.inputs.features import Rows
from audit.perturbations import Corruption, corrupt
from audit.result import Note
from audit.stats.influence import TracedEvidence
from audit.subject.images import ImageColumn
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
    rows = data.index
    shares = ShareMeasurer(rows, subject)
    labels = true_classes(subject)[rows]
    if len(rows) < subject.rows:
        yield Note(text=f"{len(rows):,} of {subject.rows:,} images were corrupted, drawn at random.")
    for kind in dict.fromkeys(corruptions):
        for severity in sorted(set(severities)):
            decisions = _decisions(subject, pictures, data, kind, severity, max_values)
            where: Where = {"corruption": kind, "severity": severity}
            yield from shares.of("corruption_accuracy", np.concatenate(list(decisions)) == labels, where)


def _decisions(
    subject: Subject,
    pictures: ImageColumn,
    data: Rows,
    kind: Corruption,
    severity: int,
    max_values: int,
) -> Iterator[np.ndarray]:
    integer = not subject.feeds[0].dtype.is_floating  # 8-bit pixels, or files of them
    step = max(1, max_values // data.matrix.shape[1])
    for start in range(0, len(data.matrix), step):
        part = slice(start, start + step)
        images = data.matrix[part].reshape(-1, *pictures.shape)
        images = corrupt(images, pictures.low, pictures.high, kind, severity, data.keys[part], subject.seed)
        yield subject.predictor((np.rint(images) if integer else images).reshape(len(images), -1))
