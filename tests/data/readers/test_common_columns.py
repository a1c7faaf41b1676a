"""Several files as one table: columns by name, the wider of two numeric types, columns in the names of directories."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.data.readers.registry import open_source
from audit.errors import AuditError

from ..tables import read
from .forms import frame


def parts(folder: Path, *tables: pa.Table | pd.DataFrame) -> Path:
    for name, table in zip("abcdef", tables, strict=False):
        arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
        pq.write_table(arrow, folder / f"{name}.parquet")
    return folder


def test_columns_may_stand_in_another_order(tmp_path: Path) -> None:
    table = frame()
    found = read(parts(tmp_path, table[:20], table[20:][table.columns[::-1]]))
    assert found.to_pandas().to_dict("list") == table.to_dict("list")
    assert open_source(str(tmp_path)).schema.names == list(table.columns)  # as in the first file


@pytest.mark.parametrize("write", ["csv", "feather", "jsonl", "parquet"])
def test_columns_that_nobody_reads_may_be_missing(tmp_path: Path, write: str) -> None:
    table = frame()
    for name, part in (("a", table[:20]), ("b", table[20:].drop(columns="note").assign(more=1))):
        rows = part.reset_index(drop=True)
        if write == "jsonl":
            rows.to_json(tmp_path / f"{name}.jsonl", orient="records", lines=True)
        else:
            index = {"index": False} if write in ("csv", "parquet") else {}
            getattr(rows, f"to_{write}")(tmp_path / f"{name}.{write}", **index)
    source = open_source(str(tmp_path))
    assert set(source.schema.names) == {"amount", "who", "count", "label"}
    assert read(tmp_path, "who")["who"].to_pylist() == list(table["who"])
    with pytest.raises(AuditError, match=rf"b\.{write}\n  expected: the column 'note', as in .*a\.{write}"):
        source.require(["who", "note"])
    with pytest.raises(AuditError, match=rf"a\.{write}\n  expected: the column 'more'"):
        source.require(["more"])


NUMBERS = [
    pa.int8(),
    pa.int32(),
    pa.int64(),
    pa.uint8(),
    pa.uint32(),
    pa.float32(),
    pa.float64(),
    pa.decimal128(9, 2),
]


def numbers(values: list[int], kind: pa.DataType) -> pa.Array:
    return pa.array(map(Decimal, values) if pa.types.is_decimal(kind) else values, kind)


@pytest.mark.parametrize("second", NUMBERS, ids=str)
@pytest.mark.parametrize("first", NUMBERS, ids=str)
def test_a_numeric_type_may_differ_and_no_value_changes(
    tmp_path: Path, first: pa.DataType, second: pa.DataType
) -> None:
    tables = [pa.table({"x": numbers([1, 100], first)}), pa.table({"x": numbers([2, 7], second)})]
    found = read(parts(tmp_path, *tables), "x")
    assert [float(value) for value in found["x"].to_pylist()] == [1, 100, 2, 7]
    kinds = {str(chunk.type) for chunk in found["x"].chunks}
    assert len(kinds) == 1


def test_fractions_and_nulls_survive_the_wider_type(tmp_path: Path) -> None:
    thirds = pa.array([0.5, None], pa.float32())
    tables = [pa.table({"x": column}) for column in (pa.nulls(2), pa.array([1, 2]), thirds)]
    assert read(parts(tmp_path, *tables))["x"].to_pylist() == [None, None, 1, 2, 0.5, None]


def test_categories_are_texts_whatever_their_codes(tmp_path: Path) -> None:
    words = pa.array(["a", "b"])
    tables = [
        pa.table({"x": column})
        for column in (words, words.dictionary_encode(), words.cast(pa.large_string()))
    ]
    assert read(parts(tmp_path, *tables))["x"].to_pylist() == ["a", "b"] * 3


def test_other_types_are_an_error_if_somebody_reads_them(tmp_path: Path) -> None:
    source = open_source(
        str(parts(tmp_path, pa.table({"x": [1], "y": [1]}), pa.table({"x": ["a"], "y": [2]})))
    )
    assert source.schema.names == ["y"]
    with pytest.raises(AuditError, match=r"b\.parquet: column 'x'\n  expected: the type int64[^$]*string"):
        source.require(["x"])


def test_whole_numbers_that_no_float_holds_are_not_rounded(tmp_path: Path) -> None:
    tables = [pa.table({"x": [2**53 + 1]}), pa.table({"x": [0.5]})]
    with pytest.raises(AuditError, match=r"a\.parquet: from row 1 on: column 'x'") as caught:
        read(parts(tmp_path, *tables))
    assert "9007" not in str(caught.value)


def test_partitions_are_columns(tmp_path: Path) -> None:
    table = frame().assign(
        region=pd.Series(["North/East", "South", None] * 20, dtype=object), zip=["00501", "501"] * 30
    )
    table.to_parquet(tmp_path / "table", partition_cols=["region", "zip"])
    source = open_source(str(tmp_path / "table"))
    assert source.schema.names == ["amount", "who", "count", "note", "label", "region", "zip"]
    found = read(tmp_path / "table").to_pandas().set_index("who")
    expected = table.set_index("who").loc[found.index]
    np.testing.assert_array_equal(found["amount"], expected["amount"])
    assert found["zip"].tolist() == expected["zip"].tolist()  # '00501' is not '501'
    assert found["region"].where(found["region"].notna(), None).tolist() == expected["region"].tolist()
    assert set(read(tmp_path / "table", "region")["region"].to_pylist()) == {"North/East", "South", None}


@pytest.mark.parametrize("path", ["table", "table/*/*.parquet", "table/**/*.parquet", "t*/*/*.parquet"])
def test_partitions_count_below_what_was_named(tmp_path: Path, path: str) -> None:
    place = tmp_path / "year=1999"
    place.mkdir()
    frame().to_parquet(place / "table", partition_cols=["label"])
    found = read(place / path)
    assert "year" not in found.column_names and sorted(found["label"].to_pylist()) == sorted(
        map(str, frame()["label"])
    )


def test_a_single_file_and_a_column_of_that_name_have_no_partition(tmp_path: Path) -> None:
    (tmp_path / "label=7").mkdir()
    frame().to_parquet(tmp_path / "label=7" / "a.parquet", index=False)
    assert read(tmp_path)["label"].to_pylist() == list(frame()["label"])  # what the file says
    (tmp_path / "other=7").mkdir()
    frame().to_csv(tmp_path / "other=7" / "a.csv", index=False)
    assert "other" not in read(tmp_path / "other=7" / "a.csv").column_names
    (tmp_path / "label=7" / "a.parquet").unlink()
    assert set(read(tmp_path)["other"].to_pylist()) == {"7"}  # of CSV files, too
