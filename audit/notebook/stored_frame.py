"""A DataFrame as the Parquet file that is audited in its place, named after its content."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import AuditError, quote_list
from audit.provenance.cache_folder import VARIABLE, cache_folder
from audit.provenance.digest import file_digest

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = "frames"


def store_frame(frame: pd.DataFrame, where: str) -> Path:
    """Write ``frame`` to ``frames/SHA256.parquet`` in the user's cache, and return that file.

    Equal tables give the same file, whose SHA-256 is the digest of the data in the report: a report can be made again
    as long as the file is there. Only its owner may read it. A null is NaN or None, as in pandas; an unnamed index
    of integers, which numbers rows, is left out.

    Args:
        frame: table with a row for each audited row.
        where: what the table was passed as, for messages.

    Raises:
        AuditError: the index holds data, a column has no name or one that occurs twice, or a type that Parquet lacks,
            or the cache cannot be written.
    """
    table = _table(frame, where)
    folder = cache_folder() / _FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _written(table, folder)
    except OSError as error:
        raise AuditError(
            where=str(folder),
            expected=f"a directory that can be written, for the DataFrame passed as {where}",
            found=str(error.strerror or error),
            fix=f"name another one in the environment variable {VARIABLE}, or pass the path of a file",
        ) from None


def _written(table: pa.Table, folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(suffix=".partial", dir=folder)  # readable by its owner alone
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            pq.write_table(table, stream)
        digest = file_digest(partial)
        place = folder / f"{digest}.parquet"
        # A file that is being audited must not be replaced, not even by the same bytes.
        if not (place.is_file() and file_digest(place) == digest):
            partial.replace(place)
        return place
    finally:
        partial.unlink(missing_ok=True)


def _table(frame: pd.DataFrame, where: str) -> pa.Table:
    _require_names(frame, where)
    _require_plain_index(frame, where)
    columns = {name: _array(frame[name], where) for name in frame.columns}
    return pa.table(columns)


def _require_names(frame: pd.DataFrame, where: str) -> None:
    names = list(frame.columns)
    if unnamed := [name for name in names if not _is_text(name)]:
        raise AuditError(
            where=where,
            expected="columns with names that are text",
            found=f"the names {quote_list(unnamed)}",
            fix="rename them: frame.rename(columns=str)",
        )
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise AuditError(
            where=where,
            expected="each column name once",
            found=f"{quote_list(twice)} more than once",
            fix="rename or drop one of them",
        )


def _is_text(name: object) -> bool:
    """Return whether a name is text that a file can hold: half of a surrogate pair has no encoding."""
    return isinstance(name, str) and name.encode(errors="ignore").decode() == name


def _require_plain_index(frame: pd.DataFrame, where: str) -> None:
    """Refuse an index that may hold data: of names, of times, of several levels."""
    index = frame.index
    if index.nlevels > 1 or index.name is not None or index.dtype.kind not in "iu":
        raise AuditError(
            where=where,
            expected="an index that only numbers the rows",
            found=f"an index {quote_list(index.names)} of type {index.dtype}",
            fix="make it a column by frame.reset_index(), or drop it by frame.reset_index(drop=True)",
        )


def _array(column: pd.Series, where: str) -> pa.Array:
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _not_storable(column, where, str(error).partition("\n")[0]) from None
    # Parquet has no record without fields, which a column of empty dictionaries is.
    if isinstance(array.type, pa.BaseExtensionType) or array.type == pa.struct([]):
        raise _not_storable(column, where, f"type {column.dtype}")
    return array


def _not_storable(column: pd.Series, where: str, problem: str) -> AuditError:
    return AuditError(
        where=f"{where}: column {column.name!r}",
        expected="numbers, texts, booleans or times, of one type, as a Parquet file holds them",
        found=problem,
        fix="convert it, for example by frame[column].astype(str), or drop it",
    )
