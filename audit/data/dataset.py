"""What the data says of every row besides the features: label, groups, weight, cluster.

Read first and without the model, so that mistakes in the data are found before TensorFlow is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import numbers
from audit.data.category_codes import NULL, Coder
from audit.data.labels import LabelReader, Labels, Targets
from audit.data.protected_attributes import Attribute, AttributeReader, intersect
from audit.data.source import Source
from audit.errors import AuditError
from audit.policy.model import DataSpec


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The rows of the data. ``weights`` (float64) and ``clusters`` (int32 codes) are None where not given.

    ``attributes`` are the protected attributes in the policy's order, then the intersections.
    """

    rows: int
    labels: Labels | Targets
    attributes: list[Attribute]
    weights: np.ndarray | None
    clusters: np.ndarray | None


def read_dataset(spec: DataSpec, source: Source, regression: bool) -> Dataset:
    """Read and validate everything but the features.

    Raises:
        AuditError: the data cannot be audited under ``spec``.
    """
    label = LabelReader(spec, regression)
    readers = {name: AttributeReader(name, given) for name, given in spec.protected.items()}
    weights, clusters = _WeightReader(spec.weight), Coder()
    single = [name for name in (spec.label, spec.weight, spec.cluster) if name]
    columns = [*single, *(c for reader in readers.values() for c in reader.columns)]
    source.require_single(columns)
    rows = 0
    for batch in source.batches(columns):
        label.add(batch.column(spec.label), rows + 1)
        for reader in readers.values():
            reader.add(batch, rows + 1)
        weights.add(batch, rows + 1)
        if spec.cluster:
            clusters.add(batch.column(spec.cluster))
        rows += batch.num_rows
    if not rows:
        raise AuditError(where=source.path, expected="at least one row", found="none below the header")
    attributes = {name: reader.attribute() for name, reader in readers.items()}
    for names in spec.intersections:
        attributes["*".join(names)] = intersect("*".join(names), [attributes[name] for name in names])
    codes = _complete(clusters.codes(), spec.cluster) if spec.cluster else None
    return Dataset(
        rows=rows,
        labels=label.result(),
        attributes=list(attributes.values()),
        weights=weights.result(),
        clusters=codes,
    )


class _WeightReader:
    def __init__(self, column: str | None) -> None:
        self._column, self._parts = column, list[np.ndarray]()

    def add(self, batch: pa.RecordBatch, first_row: int) -> None:
        if self._column is None:
            return
        values = numbers(batch.column(self._column), self._column, first_row, fill=float("nan"))
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            at = int(wrong.argmax())
            raise self._error(f"{values[at]} in row {first_row + at:,}")
        self._parts.append(values)

    def result(self) -> np.ndarray | None:
        if self._column is None:
            return None
        values = np.concatenate(self._parts)
        if not values.any():
            raise self._error("only zeros")
        return np.asarray(values / values.max())  # only their ratios count, and squares of tiny ones vanish

    def _error(self, found: str) -> AuditError:
        return AuditError(
            where=f"data.weight: {self._column!r}", expected="finite weights, not below 0", found=found
        )


def _complete(codes: np.ndarray, column: str) -> np.ndarray:
    missing = int((codes == NULL).sum())
    if missing:
        raise AuditError(
            where=f"data.cluster: {column!r}",
            expected="a cluster in every row",
            found=f"{missing:,} rows without one",
        )
    return codes
