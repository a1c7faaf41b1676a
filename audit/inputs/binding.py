"""Binding of a model's inputs to the columns of the data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import pyarrow as pa

from audit.data.column_types import is_bytes, is_tensor
from audit.errors import AuditError, Setting, did_you_mean, quote_list, yaml_name, yaml_value
from audit.inputs.column_candidates import ColumnCandidates
from audit.inputs.composite_tensors import composite_error, row_splits, sparse_input
from audit.inputs.feeds import Feed, vector
from audit.inputs.image_feeds import ImageFeed, ImageFileFeed
from audit.policy.model import DataSpec

_MAX_LISTED = 60
_MAX_OFFERED = 12
_COLUMNS = "[COLUMN, …]"
_KEY = "model.inputs"


def bind(
    inputs: Mapping[str, Any],
    listed: Mapping[str, list[str]],
    data: DataSpec,
    schema: pa.Schema,
    where: str,
    channels: int = 0,
) -> list[Feed]:
    """Return the feed of each of ``inputs`` (TensorSpecs by name, with a free first dimension).

    In this order: the columns ``listed`` in ``model.inputs`` of the policy; for a single tensor of several columns, all
    numeric columns but label, weight, cluster and those left out, in file order, if their number equals its width; the
    column of the same name; the one column whose name the exporter sanitized into the input's; for a single tensor the
    only column that it can take. Encoded images are decoded to ``channels``, 0 for their own.

    Raises:
        AuditError: an input has no column or the wrong number of them, or a shape is not supported.
    """
    sparse = sparse_input(inputs)
    if sparse:
        raise composite_error(where, "sparse", sparse)
    for name in listed:
        if name not in inputs:
            raise AuditError(
                where=f"model.inputs.{name}",
                expected=f"an input of the model: {quote_list(inputs)}",
                found=f"{name!r}{did_you_mean(name, inputs)}",
            )
    columns = ColumnCandidates(data, schema)
    feeds: list[Feed] = []
    unfed: dict[str, AuditError] = {}
    for name, spec in inputs.items():
        tensor = _Input(
            name, spec, columns, len(inputs) == 1, row_splits(name, inputs), f"{where}: input {name!r}"
        )
        try:
            feeds.append(tensor.feed(listed.get(name) or tensor.find(), channels))
        except AuditError as error:
            if not any(setting.key == _KEY for setting in error.settings):
                raise
            unfed[name] = error
    if unfed:
        raise _asking_for_all(unfed, listed, where)
    return feeds


def _asking_for_all(
    unfed: Mapping[str, AuditError], listed: Mapping[str, list[str]], where: str
) -> AuditError:
    """Return the error about the first input, which asks for the columns of all that have none."""
    first = next(iter(unfed.values()))
    already_fed = [
        f"{yaml_name(name)}: [{', '.join(map(yaml_value, columns))}]"
        for name, columns in listed.items()
        if name not in unfed
    ]
    if len(unfed) == 1 and not already_fed:
        return first
    open_inputs = [
        setting.value[1:-1] for error in unfed.values() for setting in error.settings if setting.key == _KEY
    ]
    inputs = Setting(_KEY, f"{{{', '.join([*already_fed, *open_inputs])}}}", complete=False)
    several = len(unfed) > 1
    return AuditError(
        where=f"{where}: inputs {quote_list(unfed)}" if several else first.where,
        expected=first.expected,
        found=first.found,
        fix=f"say which columns feed them, in the model's order: {inputs}" if several else first.fix,
        settings=[inputs, *(setting for setting in first.settings if setting.key != _KEY)],
    )


def by_position(feeds: Sequence[Feed], listed: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield a warning for each tensor that is filled by the order of the columns in the data: no name was compared."""
    for feed in feeds:
        if len(feed.reads) > 1 and feed.name not in listed:
            order = quote_list(feed.reads, _MAX_LISTED)
            yield (
                f"the model's input {feed.name!r} names no columns: the {len(feed.reads)} numeric ones were filled in "
                f"the order of the data. If the model's is another, list them under model.inputs. The order: {order}"
            )


def unbound(
    inputs: Mapping[str, Any], listed: Mapping[str, list[str]], data: DataSpec, schema: pa.Schema
) -> list[str]:
    """Return the names of inputs for which no feature is so called: no such column, or it is the label."""
    columns = ColumnCandidates(data, schema)
    return [name for name in inputs if name not in listed and (name == data.label or not columns.named(name))]


@dataclass(frozen=True)
class _Input:
    name: str
    spec: Any
    columns: ColumnCandidates
    is_single: bool
    splits: str | None
    where: str

    @property
    def shape(self) -> str:
        return "unknown" if self.spec.shape.rank is None else str(self.spec.shape.as_list())

    @property
    def is_wide(self) -> bool:
        """Whether every row is an array: an image or a sequence."""
        return self.spec.shape.rank in (3, 4)

    def is_image(self, kind: pa.DataType) -> bool:
        """Return whether arrays of this type are images: of three axes, of bytes, or with ``data.pixels`` set."""
        if self.spec.shape.rank == 4 or is_bytes(kind) or self.columns.data.pixels is not None:
            return True
        return is_tensor(kind) and pa.types.is_uint8(kind.value_type)

    @property
    def width(self) -> int | None:
        """Number of columns that the input takes, None if it takes any.

        Raises:
            AuditError: its rows are neither numbers, nor lists of them, nor images.
        """
        rank = self.spec.shape.rank
        if rank not in (1, 2, 3, 4) or self.spec.shape[0] is not None:
            raise self._error(
                "a tensor of shape (rows,), (rows, columns) or (rows, height, width[, channels]), with a free "
                "number of rows or, for all inputs, the same",
                f"shape {self.shape}",
                "export the model with such a signature",
            )
        return 1 if rank == 1 or self.is_wide else self.spec.shape[1]

    def find(self) -> list[str]:
        """Return the columns of an input that the policy does not list."""
        wide = self.width != 1 or self.is_wide
        matches = [] if self.is_single and wide else self.columns.named(self.name)
        if not matches and self.is_single:
            matches = self._only()
        if len(matches) == 1:
            return matches
        if matches:
            raise self._error(
                "one column of that name", quote_list(matches), self._say_which(), self._fed_from("COLUMN")
            )
        if self.splits:
            raise composite_error(self.where, "ragged", [self.name, self.splits])
        if self.is_single and not self.is_wide:
            return self._all_numeric()
        raise self._error(
            f"a data column of that name{did_you_mean(self.name, self.columns.names)}",
            f"the columns {quote_list(self.columns.names)}",
            f"add the column, or {self._say_which() if self.width == 1 else self._list_them()}",
            self._fed_from("COLUMN" if self.width == 1 else _COLUMNS),
        )

    def _only(self) -> list[str]:
        """Return the only column of the type that a single tensor takes, if there is one."""
        if self.spec.dtype.name == "string" and self.width == 1:
            columns = self.columns.texts()
        else:
            columns = [c for c in self.columns.tensors() if self.is_wide or self._fills(c)]
        return columns if len(columns) == 1 else []

    def feed(self, columns: list[str], channels: int) -> Feed:
        """Return the feed of the input from ``columns``.

        Raises:
            AuditError: the input takes another number of columns, or one of them is the label.
        """
        if (label := self.columns.data.label) in columns:
            raise self._error(
                "features, which are known before the outcome is",
                f"the label {label!r}",
                "give the input another column under model.inputs, or audit a model that does not read it",
            )
        if no_features := [name for name in columns if name in self.columns.left_out]:
            raise self._error(
                "columns that are features",
                f"{quote_list(no_features)}, which data.ignore or the lack of a name leaves out",
                "rename the column in the data, or take it out of data.ignore",
            )
        kind = self.columns.kind(columns[0]) if len(columns) == 1 else None
        spec = self.spec
        if self.is_wide and kind is not None and not self.is_image(kind):
            return self._sequence(columns[0], kind)
        if self.is_wide and len(columns) == 1:
            shape = tuple(spec.shape[1:])
            return ImageFeed(self.name, spec.dtype, False, list(columns), shape, self.columns.data.pixels)
        if kind is not None and is_bytes(kind) and spec.dtype.name == "string":
            return ImageFileFeed(self.name, spec.dtype, spec.shape.rank == 1, list(columns), channels)
        if kind is not None and spec.shape.rank == 2 and self._fills(columns[0]):
            return vector(self.name, spec.dtype, columns[0], [prod(kind.shape)])
        if self.width is not None and len(columns) != self.width:
            raise self._error(
                f"{self.width} column{'s' * (self.width != 1)} for a tensor of shape {self.shape}",
                f"{len(columns)}: {quote_list(columns)}",
                self._list_them(),
                self._fed_from(_offered(columns)),
            )
        return Feed(self.name, spec.dtype, spec.shape.rank == 1, list(columns))

    def _sequence(self, column: str, kind: pa.DataType) -> Feed:
        """Return the feed of an array of numbers a row, each of them a feature."""
        required = self.spec.shape.as_list()[1:]
        shape = list(kind.shape) if is_tensor(kind) else []
        fits = len(shape) == len(required)
        if not fits or any(n not in (None, m) for n, m in zip(required, shape, strict=True)):
            raise self._error(
                f"arrays of shape {required} in every row",
                f"column {column!r} with {shape or 'one value'} in each",
                f"store arrays of that shape, or {self._say_which()}; of pictures, set data.pixels: [LOW, HIGH]",
                self._fed_from("COLUMN"),
                Setting("data.pixels", "[LOW, HIGH]", complete=False),
            )
        return vector(self.name, self.spec.dtype, column, shape)

    def _fills(self, column: str) -> bool:
        """Return whether a column's rows hold as many numbers as the input takes."""
        kind = self.columns.kind(column)
        return kind is not None and is_tensor(kind) and self.width in (None, prod(kind.shape))

    def _all_numeric(self) -> list[str]:
        numeric, rest = self.columns.numeric()
        if self.width is not None and len(numeric) == self.width:
            return numeric
        count = "a known number of" if self.width is None else self.width
        raise self._error(
            f"{count} numeric columns besides label, weight, cluster",
            f"{len(numeric)}: {quote_list(numeric)} (not numeric: {quote_list(rest)})",
            self._list_them(),
            self._fed_from(_offered(numeric)),
        )

    def _say_which(self) -> str:
        return f"say which one it is: model.inputs: {{{self.name}: COLUMN}}"

    def _list_them(self) -> str:
        return f"list the columns in the model's order: model.inputs: {{{self.name}: {_COLUMNS}}}"

    def _fed_from(self, columns: str) -> Setting:
        return Setting(_KEY, f"{{{yaml_name(self.name)}: {columns}}}", complete=False)

    def _error(self, expected: str, actual: str, fix: str, *settings: Setting) -> AuditError:
        return AuditError(where=self.where, expected=expected, found=actual, fix=fix, settings=settings)


def _offered(columns: Sequence[str]) -> str:
    """Return columns to choose from and to put in order, where there are some."""
    return f"[{', '.join(map(yaml_value, columns[:_MAX_OFFERED]))}]" if columns else _COLUMNS
