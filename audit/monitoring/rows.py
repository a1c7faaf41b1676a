"""Rows of a batch as they are read: groups, labels, weights and clusters, coded as in the reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import NULL_WORDS, Codes, numbers, texts
from audit.data.category_codes import NULL_CODE, Coder
from audit.data.dataset import read_weights, require_clusters
from audit.data.labels import MAX_TARGET, MEASURABLE, Labels
from audit.data.protected_attributes import Attribute, AttributeReader, combine
from audit.data.row_hashes import HashKey, row_hashes
from audit.errors import RowError, quote_list
from audit.monitoring.late_labels import LateLabels
from audit.monitoring.reference import Reference
from audit.policy.model import DataSpec
from audit.values import Spelling

UNLABELLED = -1
_KEYS = HashKey(0)


@dataclass(frozen=True, kw_only=True)
class BatchRows:
    """Some rows of a batch: one entry a row.

    ``labels`` are classes in the order of the reference's, `UNLABELLED` without one; of a regression, float64 with NaN.
    ``keys`` are hashes of the key column, None without late labels.
    """

    attributes: list[Attribute]
    labels: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None
    keys: np.ndarray | None

    @property
    def labelled(self) -> np.ndarray:
        """Which rows have a label, bool."""
        if self.labels.dtype.kind == "f":
            return np.asarray(~np.isnan(self.labels))
        return np.asarray(self.labels != UNLABELLED, bool)


@dataclass(kw_only=True)
class RowReader:
    """Reads what is no feature from the batches of a table, whose columns are `columns`.

    ``has_labels`` is whether the table has the label's column.
    """

    spec: DataSpec
    reference: Reference
    has_labels: bool
    late: LateLabels | None

    @property
    def columns(self) -> list[str]:
        """Columns to be read besides the features."""
        protected = [column for reader in self._readers() for column in reader.columns]
        single = [self.spec.weight, self.spec.cluster, self.late.key if self.late else None]
        label = [self.spec.label] if self.has_labels else []
        return list(dict.fromkeys([*protected, *label, *filter(None, single)]))

    def read(self, batch: pa.RecordBatch, first_row: int) -> BatchRows:
        """Return the rows of a batch, the first of which has the number ``first_row`` in its table.

        Raises:
            AuditError: a label or a protected group is new, or a value cannot be read.
        """
        spec, late = self.spec, self.late
        keys = batch.column(late.key) if late else None
        return BatchRows(
            attributes=self._attributes(batch, first_row),
            labels=self._labels(batch, keys, first_row),
            weights=read_weights(batch, spec.weight, first_row) if spec.weight else None,
            clusters=_clusters(batch.column(spec.cluster), spec.cluster, spec.values.get(spec.cluster))
            if spec.cluster
            else None,
            keys=None if keys is None or late is None else _hashes(keys, late.key),
        )

    def _readers(self) -> list[AttributeReader]:
        spec = self.spec
        return [AttributeReader(name, p, spec.values.get(name)) for name, p in spec.protected.items()]

    def _attributes(self, batch: pa.RecordBatch, first_row: int) -> list[Attribute]:
        privileged = {groups.attribute: groups.privileged for groups in self.reference.attributes}
        known = {groups.attribute: groups.values for groups in self.reference.attributes}
        by_name: dict[str, Attribute] = {}
        for reader in self._readers():
            reader.add(batch, first_row)
            present = reader.groups()
            if new := [group for group in present.values if group not in known[reader.name]]:
                row = int(np.isin(present.codes, [present.values.index(group) for group in new]).argmax())
                raise _unknown_group(first_row + row, reader.name, new, known[reader.name])
            codes = [i for i, group in enumerate(present.values) if group in privileged[reader.name]]
            by_name[reader.name] = Attribute(reader.name, present.values, present.codes, codes)
        for name, parts in self.spec.named_intersections.items():
            by_name[name] = combine(name, [by_name[part] for part in parts])
        return list(by_name.values())

    def _labels(self, batch: pa.RecordBatch, keys: pa.Array | None, first_row: int) -> np.ndarray:
        regression = not self.reference.classes
        if self.late and keys is not None:
            column = self.late.of(keys)
        elif self.has_labels:
            column = batch.column(self.spec.label)
        else:
            rows = batch.num_rows
            return np.full(rows, np.nan) if regression else np.full(rows, UNLABELLED, np.int32)
        if regression:
            targets = numbers(column, self.spec.label, first_row, fill=float("nan"))
            if (too_large := np.abs(targets) > MAX_TARGET).any():
                raise RowError(
                    row=first_row + int(too_large.argmax()),
                    where=f"data.label: {self.spec.label!r}",
                    expected=MEASURABLE,
                    found="a larger one",
                )
            return targets
        return self._classes(column, first_row)

    def _classes(self, column: pa.Array, first_row: int) -> np.ndarray:
        spelling = self.spec.values.get(self.spec.label)
        coder = Coder(self.spec.label, spelling)
        coder.add(column)
        codes = coder.codes()
        identity = Labels([], codes, [], spelling).identity
        places = {identity(value): place for place, value in enumerate(self.reference.classes)}
        null_words = set(NULL_WORDS.to_pylist())
        places |= {value: UNLABELLED for value in coder.values if value.strip() in null_words - places.keys()}
        if unknown := [value for value in coder.values if value not in places]:
            row = int(np.isin(codes, [coder.values.index(value) for value in unknown]).argmax())
            raise RowError(
                row=first_row + row,
                where=f"data.label: {self.spec.label!r}",
                expected=f"a label value that the audited data have: {quote_list(self.reference.classes)}",
                found=quote_list(unknown),
                fix="correct the label; a model of more classes has to be audited and promoted anew",
            )
        classes = np.array([*(places[value] for value in coder.values), UNLABELLED], np.int32)
        return np.asarray(classes[np.where(codes == NULL_CODE, len(coder.values), codes)])


def _unknown_group(row: int, name: str, new: Sequence[str], known: Sequence[str]) -> RowError:
    return RowError(
        row=row,
        where=f"data.protected.{name}",
        expected=f"a group that the reference has: {quote_list(known)}",
        found=quote_list(new),
        fix="correct the value; for a group that is new, audit and promote the model on data that have it",
    )


def _clusters(column: pa.Array, name: str, spelling: Spelling | None) -> np.ndarray:
    """Return a hash of each row's cluster, the same in every batch of rows."""
    coder = Coder(name, spelling)
    coder.add(column)
    return row_hashes([Codes(require_clusters(coder.codes(), name), coder.values)], len(column), _KEYS)


def _hashes(column: pa.Array, name: str) -> np.ndarray:
    return row_hashes([texts(column, name, "")], len(column), _KEYS)


def joined(parts: Sequence[BatchRows]) -> BatchRows:
    """Return the rows of several reads together: every group has rows there."""
    first = parts[0]
    return BatchRows(
        attributes=[
            _joined_attribute([part.attributes[i] for part in parts]) for i in range(len(first.attributes))
        ],
        labels=np.concatenate([part.labels for part in parts]),
        weights=_joined_arrays([part.weights for part in parts]),
        clusters=_joined_arrays([part.clusters for part in parts]),
        keys=_joined_arrays([part.keys for part in parts]),
    )


def _joined_arrays(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if present else None


def _joined_attribute(parts: Sequence[Attribute]) -> Attribute:
    names = list(dict.fromkeys(group for part in parts for group in part.groups))
    place = {name: index for index, name in enumerate(names)}
    codes = [np.array([place[group] for group in part.groups], np.int32)[part.codes] for part in parts]
    privileged = {place[part.groups[index]] for part in parts for index in part.privileged}
    return Attribute(parts[0].name, names, np.concatenate(codes), sorted(privileged))


def taken(rows: BatchRows, places: np.ndarray) -> BatchRows:
    """Return some of the rows, by a bool each; groups without a row are left out."""
    attributes = []
    for attribute in rows.attributes:
        present, codes = np.unique(attribute.codes[places], return_inverse=True)
        place = {int(old): new for new, old in enumerate(present)}
        attributes.append(
            Attribute(
                attribute.name,
                [attribute.groups[index] for index in present],
                codes.astype(np.int32),
                [place[index] for index in attribute.privileged if index in place],
            )
        )
    weights, clusters, keys = (
        None if array is None else array[places] for array in (rows.weights, rows.clusters, rows.keys)
    )
    return BatchRows(
        attributes=attributes, labels=rows.labels[places], weights=weights, clusters=clusters, keys=keys
    )
