"""What each column had to do with the flips: how far it could move, and how often it alone flips a decision."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audit.attacks import alone
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.data.shared_ranges import SHARED
from audit.result import Scalar, Table
from audit.subject.subject import Subject

_ENOUGH, _MOST = 50, 1000
"""Flipped rows that shares of them are taken of, where an attack flipped as many."""


def columns(attacked: AttackedRows, subject: Subject, reasons: Mapping[str, str]) -> Table:
    """Return the table ``columns``; ends of ranges that few background rows share stand only where rows are shown."""
    space, features = attacked.space, subject.features
    names = [column.name for column in features.columns]
    shares = _alone(attacked, subject)
    return Table(
        name="columns",
        about="columns that the model reads: one unit of eps, observed range, and the share of flipped rows that "
        "flip when this column alone moves",
        columns={
            "feature": list(names),
            "moved": [bool(moved) for moved in space.movable],
            "why": [reasons.get(name, "") for name in names],
            "unit": _where(space.movable, space.scale),
            "low": _where(_shown(space.low, subject), space.low),
            "high": _where(_shown(space.high, subject), space.high),
            "integer": [bool(whole) for whole in space.integer],
            "alone": [None] * len(names) if shares is None else _where(space.movable, shares),
        },
    )


def _alone(attacked: AttackedRows, subject: Subject) -> np.ndarray | None:
    """Return the shares for the smallest attack that flipped enough rows, or else for the one that flipped most."""
    most = max(int(outcome.flipped.sum()) for outcome in attacked.outcomes)
    found = attacked.strongest(max(1, min(most, _ENOUGH)))
    if found is None:
        return None
    rows, moved = (part[:_MOST] for part in found.examples())
    return alone(subject.judge, attacked.matrix[rows], moved, attacked.classes[rows], attacked.space)


def _shown(ends: np.ndarray, subject: Subject) -> np.ndarray:
    numeric = np.array([column.vocabulary is None for column in subject.features.columns])
    if subject.policy.report.rows == "shown":
        return np.asarray(numeric & np.isfinite(ends))
    return np.asarray(numeric & ((subject.features.background.matrix == ends).sum(0) >= SHARED))


def _where(told: np.ndarray, values: np.ndarray) -> list[Scalar | None]:
    return [float(value) if tell else None for tell, value in zip(told, values, strict=True)]
