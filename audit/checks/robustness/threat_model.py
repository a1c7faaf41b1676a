"""The threat model of an audit: columns that an attack may move, by how much, and why not the others."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from audit.attacks.threat_model import ThreatModel
from audit.checks.robustness.encoded_choices import IMMUTABLE, EncodedChoices, encoded_choices
from audit.errors import AuditError, did_you_mean, quote_list
from audit.execution.plan import row_ranges
from audit.inputs.features import Column
from audit.subject.images import ImageColumn
from audit.subject.subject import Subject

_ROWS_AT_ONCE = 1024


class AuditThreatModel(NamedTuple):
    """A threat model, and why each column that it does not move stays, by name."""

    threat_model: ThreatModel
    reasons: dict[str, str]


def threat_model_of(
    subject: Subject, immutable: Sequence[str], integer: Sequence[str], eps: float, move: Sequence[str] = ()
) -> AuditThreatModel:
    """Return the threat model of a subject.

    One unit is the column's standard deviation in the background, its range the one observed there;
    background values that are not finite count for neither. One unit of an image is the range of its input, which
    bounds it. Inputs of integer types, and columns of few values that are all whole, move in whole numbers; one-hot
    groups stay, or move as one choice.

    Args:
        subject: the audited model on its data.
        immutable: names or patterns of columns that stay.
        integer: names or patterns of columns that change by whole numbers only.
        eps: the largest size, within which an integer column has to reach another whole number.
        move: names or patterns of columns whose one-hot groups move.

    Raises:
        AuditError: ``immutable`` or ``integer`` names a column that the model does not read, or ``move`` one of no
            one-hot group, or of one that is immutable.
    """
    names = [column.name for column in subject.features.columns]
    fixed = _matching(immutable, "immutable", names)
    rounded = _matching(integer, "integer", names)
    rounded |= {name for feed in subject.feeds if not feed.dtype.is_floating for name in feed.columns}
    rounded |= {names[column] for column in subject.encoded.whole_numbers} - fixed
    groups = subject.encoded.groups
    encoded = [names[column] for group in groups for column in group]
    named = _matching(move, "move", encoded, "a 0/1 column of a group that sums to one in every row")
    choices = encoded_choices(groups, names, named, fixed)
    pictures = subject.image_column
    if pictures:
        space, reasons = _of_images(pictures, fixed, rounded)
    else:
        space, reasons = _of_table(subject, fixed, rounded, choices)
    stuck = stuck_columns(subject.features.data.matrix, space, eps)
    if stuck.any():
        owners = [pictures.column] if pictures else [n for n, out in zip(names, stuck, strict=True) if out]
        reasons |= dict.fromkeys(owners, "no other whole number is within the largest eps")
    scale = np.where(stuck, 1.0, space.scale)
    return AuditThreatModel(replace(space, movable=space.movable & ~stuck, scale=scale), reasons)


def stuck_columns(x: np.ndarray, threat_model: ThreatModel, eps: float) -> np.ndarray:
    """Return which integer columns no row can move within ``eps``, bool ``(columns,)``, by the ball's own rule.

    A column with a radius below 1 is stuck even if its values are fractions, a few of which are near a whole number:
    that these were tried says nothing of the others. Every pixel of an image has room to move one way or the other.

    Args:
        x: the rows ``(rows, columns)``.
        threat_model: values that may move.
        eps: in standard deviations. In either norm a column that moves alone gets that far.
    """
    radius = eps * threat_model.scale
    integer = threat_model.integer & threat_model.movable
    if threat_model.shape or not integer.any():
        return np.asarray(integer & (radius < 1))
    parts = (x[rows.slice] for rows in row_ranges(len(x), _ROWS_AT_ONCE))
    can_move = np.any([_can_move(part, threat_model, radius).any(0) for part in parts], axis=0)
    return np.asarray(integer & ~can_move)


def _can_move(x: np.ndarray, threat_model: ThreatModel, radius: np.ndarray) -> np.ndarray:
    """Return which values have another whole number within ``radius`` ``(columns,)``, bool ``(rows, columns)``."""
    free = threat_model.free(x)
    value = np.where(free, x, 0.5).astype(np.float64)
    low, high = threat_model.range_of(value)
    first = np.ceil(np.maximum(low, value - radius))
    last = np.floor(np.minimum(high, value + radius))
    return np.asarray((radius >= 1) & (first <= last) & ((first != value) | (last != value)) & free)


def is_still(x: np.ndarray, threat_model: ThreatModel, eps: float) -> bool:
    """Return whether nothing can change in any of the rows ``x`` at a size above 0."""
    return not threat_model.choices and bool(stuck_columns(x, threat_model, eps)[threat_model.movable].all())


def _of_table(
    subject: Subject, fixed: set[str], rounded: set[str], choices: EncodedChoices
) -> AuditThreatModel:
    columns = subject.features.columns
    observed = np.ma.masked_invalid(subject.features.background.matrix)
    deviations = observed.std(0, dtype=np.float64).filled(np.nan)
    flags = {name for feed in subject.feeds if feed.dtype.is_bool for name in feed.columns}
    reasons = {
        column.name: reason
        for column, deviation in zip(columns, deviations, strict=True)
        if (reason := _reason(column, float(deviation), fixed, flags))
    }
    reasons |= choices.reasons
    in_choice = {columns[place].name for choice in choices.choices for place in choice}
    reasons = {name: reason for name, reason in reasons.items() if name not in in_choice}
    movable = np.array([column.name not in reasons and column.name not in in_choice for column in columns])
    threat_model = ThreatModel(
        scale=np.where(movable, deviations, 1.0),
        low=observed.min(0).filled(np.nan),
        high=observed.max(0).filled(np.nan),
        movable=movable,
        integer=np.array([column.name in rounded and column.vocabulary is None for column in columns]),
        choices=choices.choices,
    )
    return AuditThreatModel(threat_model, reasons)


def _of_images(pictures: ImageColumn, fixed: set[str], rounded: set[str]) -> AuditThreatModel:
    ones = np.ones(int(np.prod(pictures.shape)))
    movable = pictures.column not in fixed
    threat_model = ThreatModel(
        scale=ones * (pictures.high - pictures.low if movable else 1.0),
        low=ones * pictures.low,
        high=ones * pictures.high,
        movable=ones == movable,
        integer=ones == (pictures.column in rounded),
        shape=pictures.shape,
    )
    return AuditThreatModel(threat_model, {} if movable else {pictures.column: IMMUTABLE})


def _reason(column: Column, deviation: float, fixed: set[str], flags: set[str]) -> str | None:
    if column.vocabulary is not None:
        return "text"
    if column.name in fixed:
        return IMMUTABLE
    if column.name in flags:
        return "the model takes it as true or false, which cannot change slightly"
    if not np.isfinite(deviation):
        return "no finite standard deviation in the background"
    return None if deviation > 0 else "constant in the background"


def _matching(
    patterns: Sequence[str], option: str, columns: Sequence[str], kind: str = "a column that the model reads"
) -> set[str]:
    """Return the columns that match names and patterns such as ``status_*``."""
    matching: set[str] = set()
    for name in patterns:
        matches = [name] if name in columns else [column for column in columns if fnmatchcase(column, name)]
        if not matches:
            raise AuditError(
                where=f"checks.robustness.{option}",
                expected=f"{kind}, or a pattern such as 'status_*': {quote_list(columns)}",
                found=f"{name!r}{did_you_mean(name, columns)}",
            )
        matching.update(matches)
    return matching
