"""The table ``columns``: how far each column could move, and how often it alone flips a decision."""

from collections.abc import Mapping

import numpy as np

from audit.attacks.minimal_perturbation import flip_share_by_column
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.data.shared_ranges import SHARED
from audit.result import Scalar, Table
from audit.subject.subject import Subject

_MIN_FLIPPED_ROWS = 50
"""Flipped rows that shares of them are taken of, if an attack flipped as many."""
_MAX_FLIPPED_ROWS = 1000


def columns(attacked: AttackedRows, subject: Subject, reasons: Mapping[str, str]) -> Table:
    """Return the table; ends of ranges that few background rows share appear only if rows are shown."""
    space = attacked.batch.threat_model
    names = [column.name for column in subject.features.columns]
    may_change = space.movable | space.in_choice
    reason_of = dict(reasons)
    for choice in space.choices:
        reason_of |= {names[place]: f"one choice of {len(choice)}" for place in choice}
    shares = _flip_shares(attacked)
    return Table(
        name="columns",
        about="columns that the model reads: one unit of eps, observed range, and the share of flipped rows that "
        "flip when this column alone moves",
        columns={
            "feature": list(names),
            "moved": may_change.tolist(),
            "why": [reason_of.get(name, "") for name in names],
            "unit": _where(space.movable, space.scale),
            "low": _where(_disclosed(space.low, subject) & ~space.in_choice, space.low),
            "high": _where(_disclosed(space.high, subject) & ~space.in_choice, space.high),
            "integer": space.integer.tolist(),
            "alone": [None] * len(names) if shares is None else _where(may_change, shares),
        },
    )


def _flip_shares(attacked: AttackedRows) -> np.ndarray | None:
    """Return the shares for the smallest attack that flipped enough rows, or else for the one that flipped most."""
    flips = max(int(outcome.flipped.sum()) for outcome in attacked.outcomes)
    outcome = attacked.strongest(max(1, min(flips, _MIN_FLIPPED_ROWS)))
    if outcome is None:
        return None
    examples = outcome.examples()
    rows = attacked.batch.take(examples.rows[:_MAX_FLIPPED_ROWS])
    return flip_share_by_column(rows, examples.adversarial[:_MAX_FLIPPED_ROWS])


def _disclosed(ends: np.ndarray, subject: Subject) -> np.ndarray:
    numeric = np.array([column.vocabulary is None for column in subject.features.columns])
    if subject.policy.report.rows == "shown":
        return np.asarray(numeric & np.isfinite(ends))
    return np.asarray(numeric & ((subject.features.background.matrix == ends).sum(0) >= SHARED))


def _where(condition: np.ndarray, values: np.ndarray) -> list[Scalar | None]:
    return [float(value) if holds else None for holds, value in zip(condition, values, strict=True)]
