"""Opens the data that a policy names: a file, a directory, a glob, or one of AIF360's datasets."""

from __future__ import annotations

import glob
from collections import Counter
from pathlib import Path

from audit.data.aif import open_aif360
from audit.data.csv import CsvSource
from audit.data.parquet import ParquetSource
from audit.data.source import Source
from audit.errors import AuditError, some

_SUFFIXES = (".csv", ".parquet", ".pq")


def open_source(path: str, base: Path | None = None) -> Source:
    """Open the data at ``path``: a file, a directory, a glob, or ``aif360:NAME``.

    Args:
        path: as written in the policy.
        base: the directory of the policy, where relative paths are looked up first.

    Raises:
        AuditError: there is no data, or it is not a table.
    """
    if path.startswith("aif360:"):
        return open_aif360(path)
    files = _files(path, base)
    kinds = {file.suffix.lower() for file in files}
    if kinds == {".csv"}:
        return _checked(CsvSource(path, files))
    if kinds <= {".parquet", ".pq"}:
        return _checked(ParquetSource(path, files))
    raise AuditError(
        where=path,
        expected=".csv or .parquet files, all of one kind",
        found=f"files that end in {some(sorted(kinds))}",
    )


def locate(path: str, base: Path | None) -> Path:
    """Return a relative ``path`` below ``base`` where that exists, else as it stands."""
    beside = (base or Path()) / path
    return beside if beside.exists() else Path(path)


def _files(path: str, base: Path | None) -> list[Path]:
    found = locate(path, base)
    if found.is_dir():
        files = [file for file in found.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file()]
        files = [file for file in files if not _hidden(file.relative_to(found))]
    elif found.exists():
        files = [found]
    else:
        matches = glob.glob(str((base or Path()) / path), recursive=True) or glob.glob(path, recursive=True)
        files = [Path(match) for match in matches if Path(match).is_file()]
    if not files:
        raise AuditError(
            where=path,
            expected="data: a .csv or .parquet file, a directory or glob of them, or aif360:GermanDataset",
            found="a directory without such files" if found.is_dir() else "no such file",
            fix="check the path; relative paths start from the policy's directory or the current one",
        )
    return sorted(files, key=lambda file: file.as_posix().encode())


def _checked(source: Source) -> Source:
    twice = [name for name, times in Counter(source.schema.names).items() if times > 1]
    if twice:
        raise AuditError(
            where=source.path, expected="column names that stand once", found=f"{some(twice)} twice or more"
        )
    return source


def _hidden(file: Path) -> bool:
    """Editors and Spark leave copies and markers in folders and files that begin with a dot or an underscore."""
    return any(part.startswith((".", "_")) for part in file.parts)
