"""A null in a feature is an error with its count, or what `missing` says; never a guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.data.arrow_columns import NullValue, texts
from audit.data.source import BatchSize
from audit.errors import AuditError

from ..audits import classified, content, store, subject
from ..conftest import Models

ROWS = 600


def table(size: int = ROWS, /, **changes: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "hours_per_week": np.linspace(1, 80, size),
            "marital_status": ["Married", "Single"] * (size // 2),
            "label": np.arange(size) % 2,
        }
    )
    for column, (rows, value) in changes.items():
        frame[column] = frame[column].astype(object)
        frame.loc[rows, column] = value
    return frame


def scores(
    model: Path, frame: pd.DataFrame, folder: Path, file: str = "t.parquet", **given: Any
) -> np.ndarray:
    return classified(subject(content(model, store(frame, folder, file), **given))).favorable


LATE = [3, 400, 599]
MANY = BatchSize().rows + 600  # more than one batch


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
@pytest.mark.parametrize("column", ["hours_per_week", "marital_status"])
def test_a_null_is_an_error_with_column_and_count(
    model: Models, tmp_path: Path, file: str, column: str
) -> None:
    """The count is of the whole column, not of the batch where the first one stood."""
    nulls = [3, 400, MANY - 1]
    with pytest.raises(AuditError, match="3 rows without one") as caught:
        scores(model("flat_columns"), table(MANY, **{column: (nulls, None)}), tmp_path, file)
    assert f"{column!r}" in caught.value.where and f"data.missing: {{{column}: VALUE}}" in caught.value.fix


def test_nan_is_a_null(model: Models, tmp_path: Path) -> None:
    frame = table()
    frame.loc[LATE, "hours_per_week"] = np.nan
    with pytest.raises(AuditError, match="3 rows without one"):
        scores(model("flat_columns"), frame, tmp_path)


NO_TEXT = {
    "NaN": pa.array([float("nan") if row in LATE else 1.0 for row in range(ROWS)], pa.float64()),
    "NaN, half": pa.array(np.where(np.isin(np.arange(ROWS), LATE), np.nan, 1).astype(np.float16)),
    "codes of NaN": pa.array(
        [float("nan") if row in LATE else 1.0 for row in range(ROWS)], pa.float64()
    ).dictionary_encode(),
}


@pytest.mark.parametrize("kind", NO_TEXT)
def test_nothing_is_no_text(model: Models, tmp_path: Path, kind: str) -> None:
    """Turned into text, NaN would be the word "nan", and a model scores words that it does not know."""
    columns = pa.Table.from_pandas(table(), preserve_index=False)
    columns = columns.set_column(
        columns.schema.get_field_index("marital_status"), "marital_status", NO_TEXT[kind]
    )
    pq.write_table(columns, tmp_path / "t.parquet")
    policy = content(model("flat_columns"), tmp_path / "t.parquet")
    with pytest.raises(AuditError, match="3 rows without one") as caught:
        subject(policy)
    assert "'marital_status'" in caught.value.where
    policy["data"]["missing"] = {"marital_status": "Married"}
    found = classified(subject(policy))
    plain = scores(model("flat_columns"), table(marital_status=(slice(None), "Single")), tmp_path)
    filled = scores(model("flat_columns"), table(marital_status=(slice(None), "Married")), tmp_path)
    np.testing.assert_array_equal(found.favorable, np.where(np.isin(np.arange(ROWS), LATE), filled, plain))


@pytest.mark.parametrize("words", [pa.array(["1", None]), pa.array([1.0, float("nan")])])
def test_nothing_in_a_vocabulary_is_no_text(words: pa.Array) -> None:
    """Arrow allows it; its own writer of Parquet does not."""
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int32()), words)
    with pytest.raises(NullValue):
        texts(column, "status")
    found = texts(column, "status", fill="Married")
    assert [found.vocabulary[code] for code in found.codes] == ["1", "Married", "1"]


def test_a_category_without_rows_is_not_missing(model: Models, tmp_path: Path) -> None:
    plain = table()
    coded = plain.assign(
        marital_status=pd.Categorical(plain["marital_status"], ["Widowed", "Single", "Married", "Divorced"])
    )
    np.testing.assert_array_equal(
        scores(model("flat_columns"), coded, tmp_path), scores(model("flat_columns"), plain, tmp_path)
    )


@pytest.mark.parametrize("word", ["NA", "nan", "null", " "])
def test_words_for_nothing_among_numbers_of_a_csv_are_nulls(model: Models, tmp_path: Path, word: str) -> None:
    with pytest.raises(AuditError, match="3 rows without one"):
        scores(model("flat_columns"), table(hours_per_week=(LATE, word)), tmp_path, "t.csv")


def test_words_for_nothing_are_texts_among_texts(model: Models, tmp_path: Path) -> None:
    plain = scores(model("flat_columns"), table(marital_status=(LATE, "Single")), tmp_path, "t.csv")
    named = scores(model("flat_columns"), table(marital_status=(LATE, "NA")), tmp_path, "t.csv")
    np.testing.assert_array_equal(named, plain)


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
@pytest.mark.parametrize(("column", "value"), [("hours_per_week", 40), ("marital_status", "Married")])
def test_missing_says_what_the_model_is_sent(
    model: Models, tmp_path: Path, file: str, column: str, value: Any
) -> None:
    filled = scores(model("flat_columns"), table(**{column: (LATE, value)}), tmp_path)
    found = scores(
        model("flat_columns"), table(**{column: (LATE, None)}), tmp_path, file, missing={column: value}
    )
    np.testing.assert_array_equal(found, filled)


def test_missing_of_a_number_cannot_be_a_text(model: Models, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"data\.missing gives '\?'"):
        scores(
            model("flat_columns"),
            table(hours_per_week=(LATE, None)),
            tmp_path,
            missing={"hours_per_week": "?"},
        )


def test_text_in_a_numeric_column_is_named_with_its_row(model: Models, tmp_path: Path) -> None:
    """Its row in the file, not in its batch."""
    with pytest.raises(AuditError, match=f"t.csv: row {MANY:,}: data") as caught:
        scores(model("flat_columns"), table(MANY, hours_per_week=([MANY - 1], "forty")), tmp_path, "t.csv")
    assert "forty" not in str(caught.value)
