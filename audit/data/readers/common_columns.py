"""Columns that several files have in common, matched by name: their order may differ, and so may numeric types."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from audit.data.column_names import listed_columns
from audit.errors import AuditError, quote_list

_Types = Mapping[Path, pa.DataType]


@dataclass(frozen=True)
class CommonColumns:
    """The columns that all files have, in the order of the first one, in types that hold the values of each.

    ``excluded`` are the other columns, each with the error for whoever reads it.
    """

    schema: pa.Schema
    excluded: Mapping[str, AuditError]


def common_columns(schemas: Mapping[Path, pa.Schema], fallback: pa.DataType | None = None) -> CommonColumns:
    """Return the columns that files have in common.

    Args:
        schemas: the schema of each file.
        fallback: the type of columns whose types have none in common; without it they are excluded.

    Raises:
        AuditError: a file has two columns of one name, or no column is in all files.
    """
    if len(schemas) == 1:
        return CommonColumns(_require_unique(*next(iter(schemas.items()))), {})
    types = {file: {field.name: field.type for field in schema} for file, schema in schemas.items()}
    for file, schema in schemas.items():
        _require_unique(file, schema)
    fields: list[pa.Field] = []
    excluded: dict[str, AuditError] = {}
    for name in dict.fromkeys(name for columns in types.values() for name in columns):
        kinds = {file: columns[name] for file, columns in types.items() if name in columns}
        kind = _common_type(list(kinds.values())) or fallback
        if len(kinds) < len(types):
            excluded[name] = _absent(name, kinds, schemas, is_text=fallback is not None)
        elif kind is None:
            excluded[name] = _other_type(name, kinds)
        else:
            fields.append(pa.field(name, kind))
    if excluded and not fields:
        raise next(iter(excluded.values()))
    return CommonColumns(pa.schema(fields), excluded)


def _common_type(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    """Return a type that holds the values of all: the wider number, or text for categories of text."""
    if all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    plain = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds]
    if not all(map(pa.types.is_decimal, plain)):  # among other numbers they are floats, as models take them
        plain = [pa.float64() if pa.types.is_decimal(kind) else kind for kind in plain]
    try:
        schemas = [pa.schema([("column", kind)]) for kind in plain]
        kind = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowTypeError:
        return None
    return pa.string() if pa.types.is_large_string(kind) else kind


def _require_unique(file: Path, schema: pa.Schema) -> pa.Schema:
    repeated = [name for name, count in Counter(schema.names).items() if count > 1]
    if repeated:
        raise AuditError(
            where=str(file),
            expected="column names that stand once",
            found=f"{quote_list(repeated)} twice or more",
        )
    return schema


def _absent(name: str, kinds: _Types, schemas: Mapping[Path, pa.Schema], is_text: bool) -> AuditError:
    first = next(file for file in schemas if file not in kinds)
    return AuditError(
        where=str(first),
        expected=f"the column {name!r}, as in {next(iter(kinds))}",
        found=listed_columns(schemas[first].names, is_text),
        fix="bring the files to the same columns; their order may differ",
    )


def _other_type(name: str, kinds: _Types) -> AuditError:
    first_file, first = next(iter(kinds.items()))
    file, kind = next((file, kind) for file, kind in kinds.items() if _common_type([first, kind]) is None)
    return AuditError(
        where=f"{file}: column {name!r}",
        expected=f"the type {first} of {first_file}, or another type of numbers if that is one",
        found=str(kind),
        fix="bring the column to one type in all files",
    )
