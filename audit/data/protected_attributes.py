"""Protected attributes: which group each row belongs to, and which groups are privileged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import numbers
from audit.data.category_codes import NULL, Coder, rank, same, typed
from audit.errors import AuditError, quote_list
from audit.policy.bins import bin_labels
from audit.policy.model import Protected
from audit.result import Scalar

MISSING = "(missing)"
"""The group of the rows whose attribute is null."""

MAX_GROUPS, MAX_NUMBERS = 200, 20
"""How many groups an attribute may have; one of more different numbers than the second has to be binned."""


@dataclass(frozen=True)
class Attribute:
    """A protected attribute, or an intersection of several.

    ``codes`` (int32, one a row) index ``groups``; every group has rows. ``privileged`` and
    ``unprivileged`` are indices too.
    """

    name: str
    groups: list[str]
    codes: np.ndarray
    privileged: list[int]

    @property
    def unprivileged(self) -> list[int]:
        """Indices of the groups that are compared with the privileged ones."""
        return [index for index in range(len(self.groups)) if index not in self.privileged]

    @property
    def privileged_name(self) -> str:
        """The privileged groups' names, joined with ``|``."""
        return "|".join(self.groups[index] for index in self.privileged)

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each group."""
        counts = np.bincount(self.codes, minlength=len(self.groups))
        return {name: int(count) for name, count in zip(self.groups, counts, strict=True)}


class AttributeReader:
    """Collects one attribute over batches of the data."""

    def __init__(self, name: str, spec: Protected) -> None:
        self.name, self._spec = name, spec
        self.columns: list[str] = list(spec.columns.values()) if spec.columns else [name]
        self._coder, self._parts = Coder(), list[np.ndarray]()

    def add(self, batch: pa.RecordBatch, first_row: int) -> None:
        """Append a batch that holds this attribute's `columns`."""
        if self._spec.bins:
            self._parts.append(_binned(batch.column(self.name), self.name, self._spec.bins, first_row))
        elif self._spec.columns:
            self._parts.append(_one_hot(batch, self._spec.columns, self.name, first_row))
        else:
            self._coder.add(batch.column(self.name))

    def attribute(self) -> Attribute:
        """Return the attribute of all rows.

        Raises:
            AuditError: a privileged value has no row, every row is privileged, or there are far too many groups.
        """
        names, codes = self._named()
        names, codes = _present([*names, MISSING], np.where(codes == NULL, len(names), codes))
        privileged = [_index(self.name, value, names) for value in self._spec.privileged]
        return checked(Attribute(self.name, names, codes, sorted(set(privileged))))

    def _named(self) -> tuple[list[str], np.ndarray]:
        if self._spec.bins:
            return bin_labels(self._spec.bins), np.concatenate(self._parts)
        if self._spec.columns:
            return list(self._spec.columns), np.concatenate(self._parts)
        values = self._coder.values
        numeric = not any(isinstance(value, str) for value in typed(values))
        if len(values) > (MAX_NUMBERS if numeric else MAX_GROUPS):
            raise _too_many(self.name, len(values), numeric)
        ranks = [rank(value) for value in typed(values)]
        order = sorted(range(len(values)), key=lambda index: ranks[index])
        place = np.full(len(values) + 1, NULL, np.int32)  # the last entry serves the code of a null
        place[order] = np.arange(len(values))
        return [str(values[index]) for index in order], place[self._coder.codes()]


def intersect(name: str, parts: Sequence[Attribute]) -> Attribute:
    """Return the intersection of attributes: groups such as ``Female*Black``, as far as they have rows.

    Privileged are the combinations whose every part is privileged.

    Raises:
        AuditError: two groups get the same name, or there is nothing to compare.
    """
    mixed = np.zeros(len(parts[0].codes), np.int64)
    for part in parts:
        mixed = mixed * len(part.groups) + part.codes
    found, codes = np.unique(mixed, return_inverse=True)
    members = list(zip(*np.unravel_index(found, [len(part.groups) for part in parts]), strict=True))
    names = ["*".join(part.groups[i] for part, i in zip(parts, member, strict=True)) for member in members]
    if len(set(names)) < len(names):
        raise AuditError(
            where=f"data.intersections: {name}",
            expected="groups whose names stay apart when they are joined with '*'",
            found=f"several that are called {quote_list({n for n in names if names.count(n) > 1})}",
            fix="rename the groups that hold a '*'",
        )
    privileged = [
        index
        for index, member in enumerate(members)
        if all(i in part.privileged for part, i in zip(parts, member, strict=True))
    ]
    return checked(Attribute(name, names, codes.astype(np.int32), privileged))


def checked(attribute: Attribute) -> Attribute:
    """Return ``attribute`` if there is something to compare.

    Raises:
        AuditError: no row is privileged, or every row is.
    """
    if attribute.privileged and attribute.unprivileged:
        return attribute
    raise AuditError(
        where=f"data.protected.{attribute.name}",
        expected="rows of privileged groups and rows of others",
        found=f"only {'unprivileged' if attribute.unprivileged else 'privileged'} rows: {quote_list(attribute.groups)}",
    )


def _binned(column: pa.Array, name: str, edges: Sequence[float], first_row: int) -> np.ndarray:
    values = numbers(column, name, first_row, fill=float("nan"))
    codes: np.ndarray = np.where(np.isnan(values), NULL, np.digitize(values, edges)).astype(np.int32)
    return codes


def _one_hot(batch: pa.RecordBatch, columns: Mapping[str, str], name: str, first_row: int) -> np.ndarray:
    flags = np.stack([numbers(batch.column(c), c, first_row, fill=0) for c in columns.values()]) != 0
    several = flags.sum(0) > 1
    if several.any():
        raise AuditError(
            where=f"data.protected.{name}.columns",
            expected="at most one of the columns set in a row",
            found=f"{int(several.sum()):,} rows with several, first row {first_row + int(several.argmax()):,}",
        )
    codes: np.ndarray = np.where(flags.any(0), flags.argmax(0), NULL).astype(np.int32)
    return codes


def _present(names: list[str], codes: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Drop names without rows (a real value that is called like the null's group joins it)."""
    first = {name: names.index(name) for name in names}
    merged = np.array([first[name] for name in names], np.int32)[codes]
    found, dense = np.unique(merged, return_inverse=True)
    return [names[index] for index in found], dense.astype(np.int32)


def _index(attribute: str, wanted: Scalar, names: Sequence[str]) -> int:
    for index, name in enumerate(names):
        if same(wanted, name):
            return index
    raise AuditError(
        where=f"data.protected.{attribute}.privileged",
        expected=f"a value that rows have: {quote_list(names)}",
        found=f"{wanted!r}, which no row has",
    )


def _too_many(name: str, number: int, numeric: bool) -> AuditError:
    return AuditError(
        where=f"data.protected.{name}",
        expected=f"at most {MAX_NUMBERS if numeric else MAX_GROUPS} groups",
        found=f"{number:,} different {'numbers' if numeric else 'values'}",
        fix=f'bin it in a policy: {name}: {{bins: [25, 60], privileged: "25-60"}}'
        if numeric
        else "name another column",
    )
