"""Protected attributes: the group of each row, and the privileged groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import numbers
from audit.data.category_codes import NULL_CODE, Categories, Coder, PolicyValues
from audit.errors import AuditError, RowError, quote_list
from audit.policy.model import Protected, bin_labels
from audit.stats.row_blocks import code_counts, compact, row_blocks
from audit.values import Spelling, ambiguity_warning, canonical, is_number

MISSING = "(missing)"
"""The group of the rows whose attribute is null."""

MAX_GROUPS = 200
MAX_NUMBERS = 20
"""The maximal number of groups of a numeric attribute; one of more different numbers has to be binned."""


@dataclass(frozen=True)
class Attribute:
    """A protected attribute, or an intersection of several: the group of each row, and the privileged groups.

    ``codes`` (in the smallest unsigned type, one a row), ``privileged`` and ``unprivileged`` are indices of ``groups``;
    every group has rows.
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
        """Number of rows of each group, by its name."""
        return dict(zip(self.groups, code_counts(self.codes, len(self.groups)).tolist(), strict=True))

    def rows_of(self, groups: Iterable[str]) -> np.ndarray:
        """Return which rows belong to one of some groups, bool."""
        return np.isin(self.codes, [self.groups.index(group) for group in groups])

    def pooled(self, groups: Sequence[str], name: str) -> "Attribute":
        """Return the attribute with some unprivileged groups made one, which comes last."""
        separate = [group for group in self.groups if group not in groups]
        code = {group: index for index, group in enumerate(separate)}
        codes = np.array([code.get(group, len(separate)) for group in self.groups], np.int32)[self.codes]
        return Attribute(
            self.name, [*separate, name], codes, [code[self.groups[index]] for index in self.privileged]
        )


class AttributeReader:
    """Collects one protected attribute over batches of the data."""

    def __init__(self, name: str, spec: Protected, spelling: Spelling | None = None) -> None:
        self.name = name
        self.columns: list[str] = list(spec.columns.values()) if spec.columns else [name]
        self._spec = spec
        self._spelling = spelling
        self._coder = Coder(name, spelling)
        self.warnings: list[str] = []
        self._parts: list[np.ndarray] = []

    def add(self, batch: pa.RecordBatch, first_row: int) -> None:
        """Append the next batch, which holds this attribute's `columns`."""
        if self._spec.bins:
            self._parts.append(_binned(batch.column(self.name), self.name, self._spec.bins, first_row))
        elif self._spec.columns:
            self._parts.append(_one_hot(batch, self._spec.columns, self.name, first_row))
        else:
            self._coder.add(batch.column(self.name))

    def attribute(self) -> Attribute:
        """Return the protected attribute of all rows.

        Raises:
            AuditError: a privileged value has no row, every row is privileged, or there are far too many groups.
        """
        groups = self.groups()
        known = PolicyValues(groups.values, self.name, self._spelling)
        where = f"data.protected.{self.name}.privileged"
        privileged = {
            known.index_of(value, where, "a value that rows have") for value in self._spec.privileged
        }
        return _require_both_sides(Attribute(self.name, groups.values, groups.codes, sorted(privileged)))

    def groups(self) -> Categories:
        """Return the groups that have rows, whether or not a privileged one is among them.

        Raises:
            AuditError: there are far too many groups.
        """
        return _present(self._all_groups())

    def _all_groups(self) -> Categories:
        if self._spec.bins:
            return Categories(bin_labels(self._spec.bins), np.concatenate(self._parts))
        if self._spec.columns:
            return Categories(list(map(canonical, self._spec.columns)), np.concatenate(self._parts))
        groups = self._coder.sort()
        numeric = all(map(is_number, groups.values)) and self._spelling != "text"
        if len(groups.values) > (MAX_NUMBERS if numeric else MAX_GROUPS):
            raise _too_many(self.name, len(groups.values), numeric)
        warning = ambiguity_warning(self.name, groups.rows, self._spelling)
        self.warnings = [warning] if warning else []
        return groups


def intersect(name: str, parts: Sequence[Attribute]) -> Attribute:
    """Return the intersection of protected attributes: groups such as ``Female*Black`` that have rows.

    Raises:
        AuditError: two groups get the same name, or there is nothing to compare.
    """
    return _require_both_sides(combine(name, parts))


def combine(name: str, parts: Sequence[Attribute]) -> Attribute:
    """Return the intersection of protected attributes, whether or not there is something to compare.

    A combination is privileged if each of its parts is.

    Raises:
        AuditError: two groups get the same name.
    """
    shape = [len(part.groups) for part in parts]
    blocks = list(row_blocks(len(parts[0].codes)))

    def cells(block: slice) -> np.ndarray:
        return np.ravel_multi_index([part.codes[block] for part in parts], shape)

    present = np.unique(np.concatenate([np.unique(cells(block)) for block in blocks]))
    codes = np.concatenate(
        [compact(np.searchsorted(present, cells(block)), len(present)) for block in blocks]
    )
    members = list(zip(*np.unravel_index(present, shape), strict=True))
    names = ["*".join(part.groups[i] for part, i in zip(parts, member, strict=True)) for member in members]
    if len(set(names)) < len(names):
        raise AuditError(
            where=f"data.intersections: {name}",
            expected="group names that are still unique when joined with '*'",
            found=f"several groups named {quote_list({n for n in names if names.count(n) > 1})}",
            fix="rename the groups that hold a '*'",
        )
    privileged = [
        index
        for index, member in enumerate(members)
        if all(i in part.privileged for part, i in zip(parts, member, strict=True))
    ]
    return Attribute(name, names, codes, privileged)


def _require_both_sides(attribute: Attribute) -> Attribute:
    """Return ``attribute``, or raise an AuditError if no row is privileged, or every row is."""
    if attribute.privileged and attribute.unprivileged:
        return attribute
    raise AuditError(
        where=f"data.protected.{attribute.name}",
        expected="rows of both privileged and unprivileged groups",
        found=f"only {'unprivileged' if attribute.unprivileged else 'privileged'} rows: {quote_list(attribute.groups)}",
    )


def _binned(column: pa.Array, name: str, edges: Sequence[float], first_row: int) -> np.ndarray:
    values = numbers(column, name, first_row, fill=float("nan"))
    return np.where(np.isnan(values), np.int32(NULL_CODE), np.digitize(values, edges).astype(np.int32))


def _one_hot(batch: pa.RecordBatch, columns: Mapping[str, str], name: str, first_row: int) -> np.ndarray:
    flags = np.stack([numbers(batch.column(c), c, first_row, fill=0) for c in columns.values()]) != 0
    ambiguous = flags.sum(0) > 1
    if ambiguous.any():
        raise RowError(
            row=first_row + int(ambiguous.argmax()),
            where=f"data.protected.{name}.columns",
            expected="at most one of the one-hot columns set in each row",
            found=f"{int(ambiguous.sum()):,} rows with several, the first of which this is",
        )
    return np.where(flags.any(0), flags.argmax(0).astype(np.int32), np.int32(NULL_CODE))


def _present(groups: Categories) -> Categories:
    """Return the groups that have rows; those without a value join `MISSING`, even if a real value has that name."""
    names = [*groups.values, MISSING]  # `NULL_CODE` is the index of the last one
    first = np.array([names.index(name) for name in names])
    rows = np.zeros(len(names), np.int64)
    for block in row_blocks(len(groups.codes)):
        rows += np.bincount(first[groups.codes[block]], minlength=len(names))
    present = np.flatnonzero(rows)
    place = np.searchsorted(present, first)  # of a group without rows, no row asks for it
    return Categories([names[index] for index in present], compact(place, len(names))[groups.codes])


def _too_many(name: str, number: int, numeric: bool) -> AuditError:
    return AuditError(
        where=f"data.protected.{name}",
        expected=f"at most {MAX_NUMBERS if numeric else MAX_GROUPS} groups",
        found=f"{number:,} different {'numbers' if numeric else 'values'}",
        fix=f'bin it in a policy: {name}: {{bins: [25, 60], privileged: "25-60"}}'
        if numeric
        else "name another column",
    )
