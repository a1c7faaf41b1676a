"""Whether the attacked rows lie where the background does: its spread is the unit of attacks, its range their bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.robustness.attacked_rows import AttackedRows
from audit.result import Note
from audit.subject.subject import Subject

_MANY = 0.05


def outside(attacked: AttackedRows, subject: Subject) -> Iterator[Note]:
    """Yield a note where many rows lie outside the background's range in some column that may move."""
    x, space = attacked.matrix, attacked.space
    if space.shape:  # a picture's range is not the one observed, and its numbers lie inside
        return
    shares = (((x < space.low) | (x > space.high)) & space.free(x)).mean(0)
    worst = int(np.argmax(shares))
    if shares[worst] > _MANY:
        yield Note(
            text=f"{shares[worst]:.0%} of the attacked rows lie outside the background's range in "
            f"{subject.features.columns[worst].name!r}: is the background in the data's units?"
        )
