"""A null in a feature is an error with its count, or what `missing` says; never a guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.data import source as reading
from audit.errors import AuditError

from ..audits import content, store, subject
from ..conftest import Models

ROWS = 600


def table(**changes: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "hours_per_week": np.linspace(1, 80, ROWS),
            "marital_status": ["Married", "Single"] * (ROWS // 2),
            "label": np.arange(ROWS) % 2,
        }
    )
    for column, (rows, value) in changes.items():
        frame[column] = frame[column].astype(object)
        frame.loc[rows, column] = value
    return frame


def scores(
    model: Path, frame: pd.DataFrame, folder: Path, file: str = "t.parquet", **given: Any
) -> np.ndarray:
    return subject(content(model, store(frame, folder, file), **given)).scores.favorable


LATE = [3, 400, 599]  # the count must be of the whole column, not of the batch where the first one stood


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
@pytest.mark.parametrize("column", ["hours_per_week", "marital_status"])
def test_a_null_is_an_error_with_column_and_count(
    model: Models, tmp_path: Path, file: str, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 256)
    with pytest.raises(AuditError, match="3 rows without one") as caught:
        scores(model("flat_columns"), table(**{column: (LATE, None)}), tmp_path, file)
    assert f"{column!r}" in caught.value.where and f"data.missing: {{{column}: VALUE}}" in caught.value.fix


def test_nan_is_a_null(model: Models, tmp_path: Path) -> None:
    frame = table()
    frame.loc[LATE, "hours_per_week"] = np.nan
    with pytest.raises(AuditError, match="3 rows without one"):
        scores(model("flat_columns"), frame, tmp_path)


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


def test_text_in_a_numeric_column_is_named_with_its_row(
    model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 256)
    with pytest.raises(AuditError, match=r"'forty' in row 401"):
        scores(model("flat_columns"), table(hours_per_week=([400], "forty")), tmp_path, "t.csv")
