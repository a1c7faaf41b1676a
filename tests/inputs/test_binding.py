"""Which columns feed which input: given, by name, sanitized by the exporter, or all numeric ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.errors import AuditError, Setting

from ..audits import classified, content, store, subject
from ..conftest import Models


def frame(*names: str) -> pd.DataFrame:
    random = np.random.default_rng(3)
    columns: dict[str, Any] = {name: random.normal(size=30) for name in names}
    return pd.DataFrame(columns).assign(label=np.arange(30) % 2)


def columns(path: Path, table: pd.DataFrame, folder: Path, **given: Any) -> dict[str, list[str]]:
    return subject(content(path, store(table, folder), **given)).model_facts.columns


@pytest.mark.parametrize("name", ["flat_columns", "keras_columns"])
@pytest.mark.parametrize(
    ("hours", "status"),
    [
        ("hours-per-week", "marital-status"),
        ("hours_per_week", "marital_status"),
        ("Hours Per Week", "Marital.Status"),
    ],
)
def test_sanitized_names_are_matched_back(
    model: Models, tmp_path: Path, name: str, hours: str, status: str
) -> None:
    table = frame(hours).assign(**{status: "Married"})
    found = columns(model(name), table, tmp_path)
    assert found == {"hours_per_week": [hours], "marital_status": [status]}


def test_two_columns_that_sanitize_alike_are_asked_about(model: Models, tmp_path: Path) -> None:
    table = frame("hours-per-week", "hours per week").assign(**{"marital-status": "Single"})
    with pytest.raises(AuditError, match=r"model\.inputs: {hours_per_week: COLUMN}") as caught:
        columns(model("flat_columns"), table, tmp_path)
    assert "'hours-per-week', 'hours per week'" in caught.value.found
    assert list(map(str, caught.value.settings)) == ["model.inputs: {hours_per_week: COLUMN}"]
    spec = {"inputs": {"hours_per_week": "hours per week"}}
    assert columns(model("flat_columns"), table, tmp_path, spec=spec)["hours_per_week"] == ["hours per week"]


def test_a_tensor_takes_the_numeric_columns_in_file_order(model: Models, tmp_path: Path) -> None:
    table = frame("b", "w", "a", "who").assign(w=1.0, city="Rome")
    found = columns(model("sigmoid"), table, tmp_path, weight="w", cluster="who")
    assert found == {"x": ["b", "a"]}


def test_columns_of_a_tensor_are_taken_in_the_given_order(model: Models, tmp_path: Path) -> None:
    table, policy = frame("a", "b", "c"), {"inputs": {"x": ["c", "a"]}}
    given = classified(subject(content(model("logit"), store(table, tmp_path), spec=policy))).favorable
    table = table[["c", "a", "label"]]
    np.testing.assert_array_equal(
        given, classified(subject(content(model("logit"), store(table, tmp_path)))).favorable
    )


@pytest.mark.parametrize(
    ("name", "given", "expected", "found"),
    [
        ("sigmoid", None, "2 numeric columns", "3: 'a', 'b', 'c'"),
        ("sigmoid", {"x": ["a", "b", "c"]}, "2 columns", "3: 'a', 'b', 'c'"),
        ("sigmoid", {"y": ["a"]}, "'x'", "'y'"),
        ("sigmoid", {"x": ["a", "z"]}, "a column 'z'", "'a', 'b', 'c', 'label'"),
        ("flat_columns", None, "a data column of that name", "'a', 'b', 'c', 'label'"),
        ("flat_columns", {"hours_per_week": ["a", "b"]}, "1 column for", "2: 'a', 'b'"),
    ],
)
def test_what_does_not_fit_is_named(
    model: Models, tmp_path: Path, name: str, given: dict[str, list[str]] | None, expected: str, found: str
) -> None:
    spec = {"inputs": given} if given else {}
    with pytest.raises(AuditError) as caught:
        columns(model(name), frame("a", "b", "c"), tmp_path, spec=spec)
    assert expected in caught.value.expected and found in caught.value.found


@pytest.mark.parametrize(
    ("name", "given", "offered"),
    [
        ("sigmoid", {}, "{x: ['a', 'b', 'c']}"),
        ("sigmoid", {"x": ["c", "a", "b"]}, "{x: ['c', 'a', 'b']}"),
        ("flat_columns", {}, "{hours_per_week: COLUMN, marital_status: COLUMN}"),
        ("flat_columns", {"hours_per_week": ["a"]}, "{hours_per_week: ['a'], marital_status: COLUMN}"),
        (
            "flat_columns",
            {"hours_per_week": ["a", "b"]},
            "{hours_per_week: ['a', 'b'], marital_status: COLUMN}",
        ),
    ],
)
def test_columns_are_offered_to_be_completed(
    model: Models, tmp_path: Path, name: str, given: dict[str, list[str]], offered: str
) -> None:
    with pytest.raises(AuditError) as caught:
        columns(model(name), frame("a", "b", "c"), tmp_path, spec={"inputs": given})
    assert caught.value.settings == (Setting("model.inputs", offered, complete=False),)


@pytest.mark.parametrize(
    ("name", "label", "given"),
    [
        ("flat_columns", "hours_per_week", None),
        ("flat_columns", "y", {"hours_per_week": "y"}),
        ("sigmoid", "a", {"x": ["b", "a"]}),
        ("given", "x", None),
    ],
)
def test_the_label_is_no_feature(
    model: Models, tmp_path: Path, name: str, label: str, given: dict[str, list[str]] | None
) -> None:
    """A model that reads the outcome scores it without error, and passes every rule."""
    table = frame("a", "b").assign(marital_status="Married", **{label: np.arange(30) % 2})
    with pytest.raises(AuditError, match="known before the outcome is") as caught:
        columns(model(name), table, tmp_path, spec={"inputs": given} if given else {}, label=label)
    assert caught.value.found == f"the label {label!r}"


def test_the_label_is_not_matched_by_its_sanitized_name(model: Models, tmp_path: Path) -> None:
    table = frame("hours-per-week").assign(marital_status="Married", **{"hours per week": np.arange(30) % 2})
    found = columns(model("flat_columns"), table, tmp_path, label="hours per week")
    assert found["hours_per_week"] == ["hours-per-week"]
