"""A reader of data is one class and one line in one table: all else follows from its suffix there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import json

from audit.data.readers import registry
from audit.data.readers.registry import open_source
from audit.data.source import BatchSize, Source
from audit.errors import AuditError

FRAME = pd.DataFrame({"age": [31, 52, 28], "score": [0.5, 0.25, 1.0], "label": ["yes", "no", "yes"]})


class ObjectsSource(Source):
    """Files of one JSON object a row."""

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        self.schema = json.read_json(files[0]).schema

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        for file in self.files:
            yield from json.read_json(file).select(columns).to_batches(max_chunksize=rows)


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._READERS, ".objects", ObjectsSource)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files of the same rows: one in a format of the project, two in that of the new reader."""
    FRAME.to_parquet(tmp_path / "rows.parquet", index=False)
    (tmp_path / "parts").mkdir()
    for name, part in (("a", FRAME[:2]), ("b", FRAME[2:])):
        part.to_json(tmp_path / "parts" / f"{name}.objects", orient="records", lines=True)
    return tmp_path


def rows(path: Path | str) -> list[dict[str, object]]:
    source = open_source(str(path))
    source.batch_size = BatchSize(rows=1)
    return [row for batch in source.batches(source.schema.names) for row in batch.to_pylist()]


@pytest.mark.parametrize("path", ["parts", "parts/*.objects"])
def test_its_rows_are_those_of_another_format(folder: Path, path: str) -> None:
    assert rows(folder / path) == rows(folder / "rows.parquet") == FRAME.to_dict("records")


def test_what_every_reader_promises_holds_for_it_too(folder: Path) -> None:
    """The base class refuses missing columns and damaged files, and digests the files."""
    source = open_source(str(folder / "parts"))
    with pytest.raises(AuditError, match="did you mean 'age'"):
        list(source.batches(["agee"]))
    assert source.digest() != open_source(str(folder / "parts" / "a.objects")).digest()
    (folder / "parts" / "b.objects").write_text("{")
    with pytest.raises(AuditError, match="parts"):
        list(source.batches(["age"]))


def test_messages_name_its_suffix(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as error:
        open_source(str(tmp_path / "none"))
    assert ".tfrecord, .objects" in error.value.expected


def test_files_of_two_readers_are_no_table(folder: Path) -> None:
    with pytest.raises(AuditError, match="all of one kind"):
        open_source(str(folder))
