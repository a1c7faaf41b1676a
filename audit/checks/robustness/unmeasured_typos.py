"""Typos that could not be measured beside numbers that were: else the worst would be that of the numbers alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from audit.result import Evidence, Measurement, Note
from audit.subject.subject import Subject


def unmeasured(subject: Subject, sizes: Sequence[float], why: str) -> Iterator[Evidence]:
    """Yield the worst over typos of each size as undefined: a rule on ``worst`` of that size covers it, and is open.

    Args:
        subject: the audited model on its data.
        sizes: shares of words.
        why: what went wrong, in words.
    """
    yield Note(text=f"Accuracy under typos was not measured: {why}. So worst of norm words is undefined.")
    for size in sorted(set(sizes)):
        for metric in ("adversarial_accuracy", "flip_rate"):
            yield Measurement(
                metric=f"robustness.{metric}",
                value=math.nan,
                n=len(subject.features.data.index),
                method="none",
                where={"attack": "worst", "norm": "words", "eps": size},
            )
