"""Which columns an attack may move, by how much, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from audit.attacks import ThreatModel
from audit.checks.robustness.integer_columns import stuck
from audit.errors import AuditError, did_you_mean, quote_list
from audit.inputs.features import Column
from audit.subject.images import Pictures
from audit.subject.subject import Subject

_TOO_FAR = "no other whole number lies within the largest eps"


def movable(
    subject: Subject, immutable: Sequence[str], integer: Sequence[str], eps: float
) -> tuple[ThreatModel, dict[str, str]]:
    """Return where attacks may move, and why each of the other columns stays.

    One unit is the column's standard deviation in the background, its range the one observed there;
    background values that are not finite count for neither. One unit of a picture is the range of its input, which
    bounds it. What the model takes as whole numbers moves in such, and these must be within reach at ``eps``, the
    largest.

    Raises:
        AuditError: ``immutable`` or ``integer`` names a column that the model does not read.
    """
    known = [column.name for column in subject.features.columns]
    held, rounded = _named(immutable, "immutable", known), _named(integer, "integer", known)
    rounded |= {name for feed in subject.feeds if not feed.dtype.is_floating for name in feed.columns}
    pictures = subject.pictures
    space, reasons = _pixels(pictures, held, rounded) if pictures else _numbers(subject, held, rounded)
    held_back = stuck(subject.features.data.matrix, space, eps)
    owners = [pictures.column] if pictures else [n for n, out in zip(known, held_back, strict=True) if out]
    if held_back.any():
        reasons |= dict.fromkeys(owners, _TOO_FAR)
    movable, scale = space.movable & ~held_back, np.where(held_back, 1.0, space.scale)
    return replace(space, movable=movable, scale=scale), reasons


def _numbers(subject: Subject, held: set[str], rounded: set[str]) -> tuple[ThreatModel, dict[str, str]]:
    columns, background = subject.features.columns, subject.features.background.matrix
    observed = np.ma.masked_invalid(background)
    spread = observed.std(0, dtype=np.float64).filled(np.nan)
    flags = {name for feed in subject.feeds if feed.dtype.is_bool for name in feed.columns}
    told = {c.name: _reason(c, float(spread[place]), held, flags) for place, c in enumerate(columns)}
    reasons = {name: reason for name, reason in told.items() if reason}
    free = np.array([column.name not in reasons for column in columns])
    space = ThreatModel(
        scale=np.where(free, spread, 1.0),
        low=observed.min(0).filled(np.nan),
        high=observed.max(0).filled(np.nan),
        movable=free,
        integer=np.array([column.name in rounded and column.vocabulary is None for column in columns]),
    )
    return space, reasons


def _pixels(pictures: Pictures, held: set[str], rounded: set[str]) -> tuple[ThreatModel, dict[str, str]]:
    numbers, free = np.ones(int(np.prod(pictures.shape))), pictures.column not in held
    space = ThreatModel(
        scale=numbers * (pictures.high - pictures.low if free else 1.0),
        low=numbers * pictures.low,
        high=numbers * pictures.high,
        movable=numbers == free,
        integer=numbers == (pictures.column in rounded),
        shape=pictures.shape,
    )
    return space, {} if free else {pictures.column: "immutable"}


def _reason(column: Column, spread: float, held: set[str], flags: set[str]) -> str | None:
    if column.vocabulary is not None:
        return "text"
    if column.name in held:
        return "immutable"
    if column.name in flags:
        return "the model takes it as true or false, of which there is no small change"
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
                expected=f"a column that the model reads, or a pattern such as 'status_*': {quote_list(known)}",
                found=f"{name!r}{did_you_mean(name, known)}",
            )
        found.update(matches)
    return found
