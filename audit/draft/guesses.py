"""Guesses of a draft: whether it is a regression, and which columns may be protected attributes."""

import re

import numpy as np

from audit.data.arrow_columns import numbers
from audit.data.category_codes import Coder
from audit.data.column_types import is_single
from audit.data.protected_attributes import MAX_NUMBERS, MISSING, AttributeReader
from audit.data.source import Source
from audit.errors import AuditError
from audit.policy.model import Protected
from audit.result import Scalar
from audit.values import scalar

_WORDS = {
    *("sex", "gender", "race", "ethnicity", "ethnic", "age", "religion"),
    *("nationality", "citizenship", "disability", "disabled", "pregnancy"),
}
_AGE_EDGES = [25.0, 60.0]


def distinct(source: Source, column: str) -> list[Scalar]:
    """Return the values that a column has."""
    coder = Coder(column)
    for batch in source.batches([column]):
        coder.add(batch.column(0))
    return list(map(scalar, coder.values))


def may_be_targets(values: list[Scalar]) -> bool:
    """Return whether label values are as many numbers as a regression has."""
    return len(values) > MAX_NUMBERS and _are_numbers(values)


def _are_numbers(values: list[Scalar]) -> bool:
    return not any(isinstance(value, str) for value in values)


def guess_protected(source: Source, label: str) -> dict[str, Protected]:
    """Return attributes by name, each with its largest group as privileged, in file order."""
    columns = [field.name for field in source.schema if field.name != label and is_single(field.type)]
    named = [name for name in columns if not _WORDS.isdisjoint(re.split(r"[^a-z]+", name.lower()))]
    guesses = {name: _guess(source, name) for name in named}
    return {name: guess for name, guess in guesses.items() if guess is not None}


def _guess(source: Source, name: str) -> Protected | None:
    # of more than MAX_NUMBERS values, numbers are binned, and texts are no attribute
    values = distinct(source, name)
    if len(values) < 2 or (len(values) > MAX_NUMBERS and not _are_numbers(values)):
        return None
    if len(values) <= MAX_NUMBERS:
        return _with_largest(source, name, Protected(privileged=[str(values[0])]))
    edges = [e for e in _AGE_EDGES if min(map(float, values)) < e <= max(map(float, values))]
    edges = edges or [float(f"{_median(source, name):.3g}")]
    return _with_largest(source, name, Protected(privileged=[f"<{edges[0]:.12g}"], bins=edges))


def _with_largest(source: Source, name: str, spec: Protected) -> Protected | None:
    """Return ``spec`` with the largest group as privileged; None for a single group."""
    reader = AttributeReader(name, spec)
    row = 1
    for batch in source.batches([name]):
        reader.add(batch, row)
        row += batch.num_rows
    try:
        rows = reader.attribute().rows
    except AuditError:
        return None
    rows.pop(MISSING, None)
    return spec.model_copy(update={"privileged": [max(rows, key=lambda group: rows[group])]})


def _median(source: Source, name: str) -> float:
    values = [numbers(batch.column(0), name, 1, fill=float("nan")) for batch in source.batches([name])]
    return float(np.nanmedian(np.concatenate(values)))
