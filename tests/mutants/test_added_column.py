"""A copied table has every row and value of the original, and one column more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.mutants.export import with_column
from audit.mutants.mutant import CannotMutate

FRAME = pd.DataFrame(
    {
        "number": [1.5, 2.0, None],
        "count": [1, 2, 3],
        "text": ['a "quoted", word', "two\nlines", None],
        "flag": [True, False, True],
    }
)
VALUES = np.array([0.0, 1.0, 0.5])


def read(source: Source) -> list[dict[str, object]]:
    return [row for batch in source.batches(source.schema.names) for row in batch.to_pylist()]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_every_value_stays_as_it_was(ending: str, tmp_path: Path) -> None:
    given = tmp_path / f"given.{ending}"
    FRAME.to_csv(given, index=False) if ending == "csv" else FRAME.to_parquet(given)
    source = open_source(str(given))
    copy = open_source(str(with_column(source, "added", VALUES, tmp_path, "copy")))
    assert copy.schema.names == [*source.schema.names, "added"]
    assert copy.schema.types == [*source.schema.types, *copy.schema.types[-1:]]
    rows = read(copy)
    added = [float(str(row.pop("added"))) for row in rows]
    assert rows == read(source) and added == VALUES.tolist()


def test_values_follow_the_rows_over_files_and_begin_anew(tmp_path: Path) -> None:
    for name in "ab":
        FRAME.to_parquet(tmp_path / f"{name}.parquet")
    copy = with_column(open_source(str(tmp_path)), "added", VALUES[:2], tmp_path, "copy")
    assert pq.read_table(copy)["added"].to_pylist() == [0.0, 1.0] * 3


def test_texts_that_are_stored_as_bytes_or_codes_stay_such(tmp_path: Path) -> None:
    table = pa.table(
        {"bytes": pa.array([b"\x00\x01"] * 3), "code": pa.array(["x", "y", "x"]).dictionary_encode()}
    )
    pq.write_table(table, tmp_path / "given.parquet")
    copy = with_column(open_source(str(tmp_path / "given.parquet")), "added", VALUES, tmp_path, "copy")
    assert pq.read_table(copy).drop_columns("added").equals(table)


def test_arrays_get_no_column(tmp_path: Path) -> None:
    np.savez(tmp_path / "given.npz", x=np.zeros((3, 2)), label=np.arange(3))
    with pytest.raises(CannotMutate, match="neither CSV, Parquet"):
        with_column(open_source(str(tmp_path / "given.npz")), "added", VALUES, tmp_path, "copy")
