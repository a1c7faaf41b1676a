"""Which columns an attack may move, by how much, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from audit.attacks import Space
from audit.checks.robustness.whole import stuck
from audit.errors import AuditError, nearest, some
from audit.features import Column
from audit.subject import Subject

_TOO_FAR = "no other whole number lies within the largest eps"


def movable(
    subject: Subject, immutable: Sequence[str], integer: Sequence[str], eps: float
) -> tuple[Space, dict[str, str]]:
    """Return where attacks may move, and why each of the other columns stays.

    One unit is the column's standard deviation in the background, its range the one observed there;
    background values that are not finite count for neither. Whole numbers must be within reach at ``eps``, the largest.

    Raises:
        AuditError: ``immutable`` or ``integer`` names a column that the model does not read.
    """
    columns, background = subject.features.columns, subject.features.background.matrix
    known = [column.name for column in columns]
    held, rounded = _named(immutable, "immutable", known), _named(integer, "integer", known)
    observed = np.ma.masked_invalid(background)
    spread = observed.std(0, dtype=np.float64).filled(np.nan)
    reasons = {}
    whole = {name for feed in subject.feeds if not feed.dtype.is_floating for name in feed.columns}
    for place, column in enumerate(columns):
        reason = _reason(column, float(spread[place]), held, whole)
        if reason:
            reasons[column.name] = reason
    free = np.array([column.name not in reasons for column in columns])
    space = Space(
        scale=np.where(free, spread, 1.0),
        low=observed.min(0).filled(np.nan),
        high=observed.max(0).filled(np.nan),
        movable=free,
        integer=np.array([column.name in rounded for column in columns]),
    )
    held_back = stuck(subject.features.data.matrix, space, eps)
    reasons |= {name: _TOO_FAR for name, out in zip(known, held_back, strict=True) if out}
    return replace(space, movable=free & ~held_back, scale=np.where(held_back, 1.0, space.scale)), reasons


def _reason(column: Column, spread: float, held: set[str], whole: set[str]) -> str | None:
    if column.vocabulary is not None:
        return "text"
    if column.name in held:
        return "immutable"
    if column.name in whole:
        return "the model takes it as whole numbers, which have no gradient"
    if not np.isfinite(spread):
        return "without a finite spread in the background"
    return None if spread > 0 else "constant in the background"


def _named(given: Sequence[str], option: str, known: Sequence[str]) -> set[str]:
    """Return the columns that names and patterns such as ``status_*`` stand for."""
    found: set[str] = set()
    for name in given:
        matches = [name] if name in known else [column for column in known if fnmatchcase(column, name)]
        if not matches:
            raise AuditError(
                where=f"checks.robustness.{option}",
                expected=f"a column that the model reads, or a pattern such as 'status_*': {some(known)}",
                found=f"{name!r}{nearest(name, known)}",
            )
        found.update(matches)
    return found
