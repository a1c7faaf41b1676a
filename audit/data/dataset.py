"""The dataset without its features: label, protected groups, weight and cluster of every row.

Read first and without the model, so that mistakes in the data are found before TensorFlow is loaded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import numbers
from audit.data.category_codes import NULL_CODE, Coder
from audit.data.labels import LabelReader, Labels, Targets
from audit.data.protected_attributes import Attribute, AttributeReader, intersect
from audit.data.row_sample import take_rows
from audit.data.source import Source
from audit.errors import AuditError, RowError, quote_list
from audit.policy.model import DataSpec, Kind

_GOOD_WEIGHTS = "finite weights of at least 0"
_LIGHT = 0.01
"""Share of the mean weight, below which a row hardly counts."""

_MIN_EFFECTIVE_SHARE = 0.5

_MAX_WEIGHT_RATIO = 1e15  # about 2**50: beyond, adding the least weight to the greatest changes nothing


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The dataset without its features: labels, protected attributes, weights and clusters of all rows.

    ``attributes`` are the protected attributes in the policy's order, then the intersections. ``weights`` (float64)
    and ``clusters`` (int32 codes) are None if the policy names none. ``warnings`` are for the top of the report.
    """

    rows: int
    labels: Labels | Targets
    attributes: list[Attribute]
    weights: np.ndarray | None
    clusters: np.ndarray | None
    warnings: list[str] = field(default_factory=list)

    def take(self, rows: np.ndarray) -> "Dataset":
        """Return some of the rows, by their indices, among which every group has some."""
        attributes = [take_rows(attribute, rows) for attribute in self.attributes]
        labels = take_rows(self.labels, rows)
        return replace(take_rows(self, rows), rows=len(rows), labels=labels, attributes=attributes)


def read_dataset(spec: DataSpec, source: Source, kind: Kind) -> Dataset:
    """Return labels, protected attributes, weights and clusters of all rows, validated.

    Raises:
        AuditError: the data cannot be audited under ``spec``.
    """
    label = LabelReader(spec, kind)
    readers = {
        name: AttributeReader(name, protected, spec.values.get(name))
        for name, protected in spec.protected.items()
    }
    weights: list[np.ndarray] = []
    clusters = Coder(spec.cluster or "", spec.values.get(spec.cluster or ""))
    single = [name for name in (spec.label, spec.weight, spec.cluster) if name]
    columns = [*single, *(c for reader in readers.values() for c in reader.columns)]
    source.require_single(columns)
    rows = 0
    for batch in source.batches(columns):
        with source.locating():
            label.add(batch.column(spec.label), rows + 1)
            for reader in readers.values():
                reader.add(batch, rows + 1)
            if spec.weight:
                weights.append(read_weights(batch, spec.weight, rows + 1))
        if spec.cluster:
            clusters.add(batch.column(spec.cluster))
        rows += batch.num_rows
    if not rows:
        raise AuditError(where=source.path, expected="at least one row", found="no rows after the header")
    attributes = {name: reader.attribute() for name, reader in readers.items()}
    for intersection, names in spec.named_intersections.items():
        attributes[intersection] = intersect(intersection, [attributes[name] for name in names])
    with source.locating():
        labels = label.result()
    normalized = normalized_weights(np.concatenate(weights), spec.weight) if spec.weight else None
    return Dataset(
        rows=rows,
        attributes=list(attributes.values()),
        # in the order of their values, lest a draw by code depend on the order of rows
        clusters=require_clusters(clusters.sort().codes, spec.cluster) if spec.cluster else None,
        labels=labels,
        weights=normalized,
        warnings=[
            *_label_warnings(labels),
            *_favorable_warnings(labels, spec),
            *_weight_warnings(normalized),
            *(warning for reader in readers.values() for warning in reader.warnings),
        ],
    )


def _label_warnings(labels: Labels | Targets) -> list[str]:
    return [labels.warning] if isinstance(labels, Labels) and labels.warning else []


def _favorable_warnings(labels: Labels | Targets, spec: DataSpec) -> Iterator[str]:
    """Yield a warning if the favourable outcome is the greater of two words, which says nothing of their meaning."""
    if (
        isinstance(labels, Labels)
        and labels.favorable
        and spec.favorable is None
        and isinstance(labels.values[1], str)
    ):
        yield (
            f"the favourable outcome is {labels.values[1]!r}, the greater of {quote_list(labels.values)}, "
            "since data.favorable is not set. Selection rates and their ratios refer to it"
        )


def _weight_warnings(weights: np.ndarray | None) -> Iterator[str]:
    """Yield warnings if rows hardly count, or count as few: they are in the numbers of rows all the same."""
    if weights is None:
        return
    light = weights < _LIGHT * weights.mean()
    if light.any():
        yield (
            f"{int(light.sum()):,} of {len(weights):,} rows have a weight of less than {_LIGHT:.0%} of the mean, and "
            "have almost no influence"
        )
    effective = weights.sum() ** 2 / (weights**2).sum()
    if effective < _MIN_EFFECTIVE_SHARE * len(weights):
        yield (
            f"the weights differ so much that the {len(weights):,} rows say as much as {effective:,.0f} rows of equal "
            "weight (Kish's effective sample size)"
        )


def read_weights(batch: pa.RecordBatch, column: str, first_row: int) -> np.ndarray:
    """Return the weights of a batch of rows, float64, validated; ``first_row`` is the number of the first."""
    values = numbers(batch.column(column), column, first_row, fill=float("nan"))
    invalid = ~(np.isfinite(values) & (values >= 0))
    if invalid.any():
        index = int(invalid.argmax())
        sign = "a negative number" if values[index] < 0 else "an infinite number"
        problem = "no number" if np.isnan(values[index]) else sign
        raise RowError(
            row=first_row + index, where=_weight_key(column), expected=_GOOD_WEIGHTS, found=problem
        )
    return values


def normalized_weights(weights: np.ndarray, column: str) -> np.ndarray:
    """Return weights of which the greatest is 1.

    Raises:
        AuditError: all are 0, or they differ by more than a sum can hold.
    """
    if not weights.any():
        raise AuditError(where=_weight_key(column), expected=_GOOD_WEIGHTS, found="only zeros")
    least = weights[weights > 0].min()
    if least < weights.max() / _MAX_WEIGHT_RATIO:
        raise AuditError(
            where=_weight_key(column),
            expected=f"weights of at most {_MAX_WEIGHT_RATIO:g} times the least above 0, as far as a sum holds both",
            found=f"one of {weights.max() / least:.0e} times as much",
            fix="correct the weights; 0 leaves a row out of every figure",
        )
    return np.asarray(weights / weights.max())  # only their ratios count, and squares of tiny ones vanish


def _weight_key(column: str) -> str:
    return f"data.weight: {column!r}"


def require_clusters(codes: np.ndarray, column: str) -> np.ndarray:
    """Return cluster codes, or raise an AuditError if a row has none."""
    missing = int((codes == NULL_CODE).sum())
    if missing:
        raise AuditError(
            where=f"data.cluster: {column!r}",
            expected="a cluster in every row",
            found=f"{missing:,} rows without one",
        )
    return codes
