"""Column types of Parquet: what means a number or a text is read as one, the rest is refused by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.errors import AuditError
from audit.subject.subject import Subject

from ...audits import classified, content, subject
from ...conftest import Models

ROWS = 40


def read(model: Path, folder: Path, **columns: pa.Array) -> Subject:
    """Score a table with the model `flat_columns`; ``columns`` take the place of its own."""
    table = {
        "label": pa.array([0, 1] * 20),
        "hours_per_week": pa.array(np.linspace(1, 80, ROWS)),
        "marital_status": pa.array(["Married", "Single"] * 20),
        "sex": pa.array(["F", "M"] * 20),
    } | columns
    pq.write_table(pa.table(table), folder / "t.parquet")
    second = table["sex"][1].as_py()
    protected = {"sex": {"privileged": second.decode() if isinstance(second, bytes) else str(second)}}
    return subject(content(model, folder / "t.parquet", protected=protected))


NUMBERS = {
    "bool": pa.array([False, True] * 20),
    "int8": pa.array([0, 1] * 20, pa.int8()),
    "uint64": pa.array([0, 1] * 20, pa.uint64()),
    "half": pa.array(np.array([0, 1] * 20, np.float16)),
    "decimal": pa.array([Decimal("0.0"), Decimal("1.0")] * 20),
    "text": pa.array(["0", " 1.0 "] * 20),
    "large text": pa.array(["0", "1e0"] * 20, pa.large_string()),
    "words": pa.array(["False", "true"] * 20),
    "codes": pa.array([0.0, 1.0] * 20).dictionary_encode(),
}


@pytest.mark.parametrize("kind", list(NUMBERS))
def test_numbers(model: Models, tmp_path: Path, kind: str) -> None:
    expected = read(model("flat_columns"), tmp_path, hours_per_week=pa.array([0.0, 1.0] * 20))
    found = read(model("flat_columns"), tmp_path, hours_per_week=NUMBERS[kind])
    np.testing.assert_array_equal(classified(found).favorable, classified(expected).favorable)


TEXTS = {
    "large": pa.array(["Single", "Married"] * 20, pa.large_string()),
    "codes": pa.array(["Single", "Married"] * 20).dictionary_encode(),
    "bytes": pa.array([b"Single", b"Married"] * 20),
}


@pytest.mark.parametrize("kind", list(TEXTS))
def test_texts(model: Models, tmp_path: Path, kind: str) -> None:
    plain = {name: pa.array(["Single", "Married"] * 20) for name in ("marital_status", "sex", "label")}
    expected = read(model("flat_columns"), tmp_path, **plain)
    found = read(model("flat_columns"), tmp_path, **dict.fromkeys(plain, TEXTS[kind]))
    np.testing.assert_array_equal(classified(found).favorable, classified(expected).favorable)
    assert found.attributes[0].rows == {"Married": 20, "Single": 20}
    assert classified(found).classes == ["Married", "Single"]
    assert found.data_facts.distinct_rows == expected.data_facts.distinct_rows


def test_dates_name_groups(model: Models, tmp_path: Path) -> None:
    found = read(model("flat_columns"), tmp_path, sex=pa.array([date(2020, 1, 1), date(2021, 1, 1)] * 20))
    assert found.attributes[0].groups == ["2020-01-01", "2021-01-01"]


REFUSED = {
    "a list": pa.array([[0], [1]] * 20),
    "a struct": pa.array([{"a": 0}, {"a": 1}] * 20),
    "bytes that are not UTF-8 text": pa.array([b"\xff", b"ok"] * 20),
}


@pytest.mark.parametrize("column", ["label", "marital_status", "sex", "hours_per_week"])
@pytest.mark.parametrize("kind", list(REFUSED))
def test_what_is_neither_is_refused(model: Models, tmp_path: Path, kind: str, column: str) -> None:
    with pytest.raises(AuditError) as caught:
        read(model("flat_columns"), tmp_path, **{column: REFUSED[kind]})
    if kind != "bytes that are not UTF-8 text":
        assert f"{column!r}" in caught.value.where and "values of type" in caught.value.found
    else:
        assert caught.value.expected == "UTF-8 text"


@pytest.mark.parametrize("kind", ["date", "duration"])
def test_times_are_no_numbers(model: Models, tmp_path: Path, kind: str) -> None:
    values: dict[str, Any] = {
        "date": pa.array([date(2020, 1, 1)] * ROWS),
        "duration": pa.array([1] * ROWS, pa.duration("s")),
    }
    with pytest.raises(AuditError, match="values of type"):
        read(model("flat_columns"), tmp_path, hours_per_week=values[kind])


def test_whole_numbers_are_not_rounded_silently(model: Models, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="beyond 2"):
        read(model("flat_columns"), tmp_path, hours_per_week=pa.array([2**53 + 1, 1] * 20))
