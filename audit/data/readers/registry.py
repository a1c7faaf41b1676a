"""Readers of data by file type, and the source that a policy names: file, directory, glob or AIF360 dataset."""

import glob
import os
import re
from collections import Counter
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

from audit.data.readers.aif360 import open_aif360
from audit.data.readers.csv import CsvSource
from audit.data.readers.feather import FeatherSource
from audit.data.readers.image_folder import IMAGE_SUFFIXES, ImageFolderSource
from audit.data.readers.json_lines import JsonLinesSource
from audit.data.readers.npz import NpzSource
from audit.data.readers.parquet import ParquetSource
from audit.data.readers.remote_files import is_remote, local_copy
from audit.data.readers.table_files import TableFiles
from audit.data.readers.tfrecord import TFRecordSource
from audit.data.source import Source
from audit.errors import AuditError, quote_list
from audit.policy.csv_spec import CsvSpec
from audit.provenance.files import locate

Reader = Callable[[str, list[Path]], Source]

_DETECTED = CsvSpec()
_READERS: dict[str, Reader] = {
    ".csv": CsvSource,
    ".parquet": ParquetSource,
    ".feather": FeatherSource,
    ".jsonl": JsonLinesSource,
    ".npz": NpzSource,
    ".tfrecord": TFRecordSource,
}
_TEXT = re.compile(r"\.(csv|tsv|jsonl|ndjson)(\.(gz|zst|bz2))?$", re.IGNORECASE)
_SAME = {".pq": ".parquet", ".tsv": ".csv", ".ndjson": ".jsonl"}
"""Suffixes by the one that names their reader."""

_TFRECORD = re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$", re.IGNORECASE)


def open_source(path: str, base: Path | None = None, csv: CsvSpec = _DETECTED) -> Source:
    """Return the source of the data at ``path``: a file, a directory, a glob, a URL of these, or ``aif360:NAME``.

    Args:
        path: the path as written in the policy.
        base: the directory of the policy, where relative paths are looked up first.
        csv: what the policy says of CSV files; the rest is detected.

    Raises:
        AuditError: there is no data, or it is not a table.
    """
    if path.startswith("aif360:"):
        return open_aif360(path)
    if is_remote(path):
        source = open_source(str(local_copy(path)), csv=csv)
        source.path = path
        return source
    files = _files(path, base)
    kinds = {_kind(file) for file in files}
    folder = locate(path, base)
    if kinds == {".csv"} and _holds_images(folder):
        return ImageFolderSource(path, _label_file(folder, files), folder, csv)
    if len(kinds) == 1 and (kind := kinds.pop()) in _READERS:
        return _opened(_READERS[kind], path, files, _root(path, base), csv)
    raise AuditError(
        where=path,
        expected=f"{', '.join(_READERS)} files, all of one kind",
        found=f"files that end in {quote_list(sorted({file.suffix.lower() for file in files}))}",
        fix="name the files of one kind: DIR/*.csv",
    )


def _opened(reader: Reader, path: str, files: list[Path], root: Path | None, csv: CsvSpec) -> Source:
    source = CsvSource(path, files, csv) if reader is CsvSource else reader(path, files)
    if isinstance(source, TableFiles) and root:
        source.add_partitions(root)
    return _require_unique_columns(source)


def _root(path: str, base: Path | None) -> Path | None:
    """Return the directory below which names of directories may give columns; None for a single file."""
    place = locate(path, base)
    if place.exists():
        return place if place.is_dir() else None
    plain = takewhile(lambda part: not glob.has_magic(part), Path(path).parts)
    return locate(str(Path(*plain)), base)


def _files(path: str, base: Path | None) -> list[Path]:
    place = locate(path, base)
    if place.is_dir():
        files = [file for file in place.rglob("*") if _kind(file) in _READERS and file.is_file()]
        files = [file for file in files if not _is_hidden(file.relative_to(place))]
    elif place.exists():
        files = [place]
    else:
        files = [
            file for file in _matching(path, base or Path()) or _matching(path, Path()) if file.is_file()
        ]
    if not files:
        raise AuditError(
            where=path,
            expected=f"data: a file ({', '.join(_READERS)}), a directory or glob of them, or aif360:GermanDataset",
            found=_lacking(place),
            fix="check the path; relative paths start from the policy's directory or the current one",
        )
    return sorted(files, key=lambda file: os.fsencode(file.as_posix()))


def _matching(pattern: str, base: Path) -> list[Path]:
    """Return what matches a pattern below ``base``, whose own name is none."""
    return [base / match for match in glob.glob(pattern, root_dir=base, recursive=True)]


def _lacking(path: Path) -> str:
    if _holds_images(path):
        return "a directory of images without a .csv label file"
    return "a directory without such files" if path.is_dir() else "no such file"


def _label_file(folder: Path, tables: list[Path]) -> Path:
    if len(tables) == 1:
        return tables[0]
    raise AuditError(
        where=str(folder),
        expected="one label file beside image files",
        found=quote_list(table.relative_to(folder).as_posix() for table in tables),
        fix=f"leave one in the directory, or to read tables beside images, name the tables: {folder}/*.csv",
    )


def _kind(file: Path) -> str:
    """Return the suffix by which the reader of a file is chosen."""
    if _TFRECORD.search(file.name):
        return ".tfrecord"
    text = _TEXT.search(file.name)
    suffix = f".{text[1]}".lower() if text else file.suffix.lower()
    return _SAME.get(suffix, suffix)


def _holds_images(folder: Path) -> bool:
    images = (file for file in folder.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
    return folder.is_dir() and any(not _is_hidden(file.relative_to(folder)) for file in images)


def _require_unique_columns(source: Source) -> Source:
    repeated = [name for name, count in Counter(source.schema.names).items() if count > 1]
    if repeated:
        raise AuditError(
            where=source.path,
            expected="column names that stand once",
            found=f"{quote_list(repeated)} twice or more",
        )
    return source


def _is_hidden(file: Path) -> bool:
    """Return whether a path is a copy or marker of an editor or Spark: these begin with a dot or an underscore."""
    return any(part.startswith((".", "_")) for part in file.parts)
