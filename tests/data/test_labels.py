"""The label: its type, its order, the favourable value, and what makes it unusable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.data.dataset import read_dataset
from audit.data.labels import Labels, Targets
from audit.data.readers.registry import open_source
from audit.errors import AuditError
from audit.policy.model import DataSpec

from ..audits import store


def read(
    values: Sequence[Any] | pd.Categorical[Any],
    folder: Path,
    file: str,
    regression: bool = False,
    **given: Any,
) -> Labels | Targets:
    path = store(pd.DataFrame({"row": 1, "label": values}), folder, file)
    spec = DataSpec.model_validate({"path": str(path), "label": "label", **given})
    return read_dataset(spec, open_source(str(path)), "regression" if regression else "auto").labels


FILES = ["t.csv", "t.parquet"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("values", "ordered", "codes"),
    [
        ([1, 0, 0, 1], [0, 1], [1, 0, 0, 1]),
        ([10, 9, 10, 9], [9, 10], [1, 0, 1, 0]),
        ([1.0, 2.0, 2.0], [1, 2], [0, 1, 1]),
        ([0.5, -1.5], [-1.5, 0.5], [1, 0]),
        ([">50K", "<=50K", ">50K"], ["<=50K", ">50K"], [1, 0, 1]),
        (["b", "10", "9"], [9, 10, "b"], [2, 1, 0]),
    ],
)
def test_values_are_typed_and_sorted(
    tmp_path: Path, file: str, values: list[Any], ordered: list[Any], codes: list[int]
) -> None:
    found = read(values, tmp_path, file, favorable=values[0])
    assert isinstance(found, Labels)
    assert found.values == ordered and list(found.codes) == codes
    assert [found.values[index] for index in found.favorable] == [values[0]]


def test_booleans_are_labels(tmp_path: Path) -> None:
    found = read([True, False, True], tmp_path, "t.parquet")
    assert isinstance(found, Labels)
    assert found.values == [False, True] and list(found.codes) == [1, 0, 1] and found.favorable == [1]


@pytest.mark.parametrize("file", FILES)
def test_the_greater_of_two_is_favourable_by_default(tmp_path: Path, file: str) -> None:
    for values in ([2, 1], ["no", "yes"], [-1, 1]):
        found = read(values, tmp_path, file)
        assert isinstance(found, Labels) and found.favorable == [1]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("wanted", [1, 1.0, "1", [1], ["1", 2]])
def test_a_favourable_value_is_known_by_its_text_or_number(tmp_path: Path, file: str, wanted: Any) -> None:
    found = read([0, 1, 2, 1], tmp_path, file, favorable=wanted)
    assert isinstance(found, Labels)
    assert found.favorable == ([1, 2] if isinstance(wanted, list) and len(wanted) == 2 else [1])


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        ([1, 1, 1], {}, "only 1"),
        (["yes", "yes"], {}, "only 'yes'"),
        ([1, 0, None, None], {}, "2 rows without one"),
        (["a", None, "b"], {}, "1 rows without one"),
        (list(range(21)), {}, "a class or a number"),
        ([0, 1], {"favorable": 2}, "2, which no row has"),
        ([0, 1], {"favorable": [0, 1]}, "all of them"),
        ([0, 1], {"favorable": {"at_least": 0.5}}, "0.5"),
        (list(range(1001)), {"favorable": 1}, "1,001"),
    ],
)
def test_unusable_labels(
    tmp_path: Path, file: str, values: list[Any], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(AuditError, match=message):
        read(values, tmp_path, file, **given)


@pytest.mark.parametrize("values", [[0, 1, 2], ["a", "b", "c"], [f"class {n}" for n in range(50)]])
def test_of_several_classes_none_need_be_favourable(tmp_path: Path, values: list[Any]) -> None:
    found = read(values, tmp_path, "t.parquet")
    assert isinstance(found, Labels) and found.favorable == [] and len(found.values) == len(values)


@pytest.mark.parametrize(
    "values", [["<=50K", "<=50K.", ">50K", ">50K."], ["yes", "Yes", "no"], ["a", "a ", "b"]]
)
def test_spellings_come_before_the_favourable_one(tmp_path: Path, values: list[str]) -> None:
    """Neither a favourable value nor a regression resolves that one class is written in two ways."""
    with pytest.raises(AuditError) as error:
        read(values, tmp_path, "t.parquet")
    assert (error.value.where, error.value.expected) == (
        "data.label: 'label'", "each label value in one spelling",
    )  # fmt: skip
    assert f"{values[0]!r} (1 row)" in error.value.fix and "regression" not in error.value.fix


@pytest.mark.parametrize(("values", "offered"), [(["a", "b", "c"], False), ([0, 1, 2], True)])
def test_a_regression_is_offered_for_numbers_only(tmp_path: Path, values: list[Any], offered: bool) -> None:
    protected = {"g": {"privileged": "x"}}
    frame = pd.DataFrame({"label": values * 400, "g": ["x", "z"] * 600})
    spec = DataSpec.model_validate({"path": "t", "label": "label", "protected": protected})
    path = str(store(frame, tmp_path, "t.parquet"))
    with pytest.raises(AuditError, match=r"data\.favorable") as error:
        read_dataset(spec, open_source(path), "auto")
    assert ("regression" in error.value.fix) == offered
    many = [f"{value} {row}" for row in range(1001) for value in values[:1]]
    with pytest.raises(AuditError, match="at most 1000") as error:
        read(many if not offered else list(range(1001)), tmp_path, "t.parquet")
    assert ("regression" in error.value.fix) == offered


WORDS = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", ""]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("others", [["1"], ["0", "1"], ["0", "1.5", "-2"], ["NA"]])
def test_words_for_nothing_among_numbers_are_no_label(tmp_path: Path, word: str, others: list[str]) -> None:
    """ "1 or NA" was a label with two values, of which NA was the favourable one."""
    with pytest.raises(AuditError, match=f"{5 if others == ['NA'] else 3} rows without one"):
        read([word, *others, word, word, *(["NA"] * (others == ["NA"]))], tmp_path, "t.parquet")


@pytest.mark.parametrize("cell", ["NA", "nan", '""', '" "', "null"])
def test_words_for_nothing_among_the_numbers_of_a_csv(tmp_path: Path, cell: str) -> None:
    (tmp_path / "t.csv").write_text(f"label,row\n1,1\n{cell},2\n0,3\n{cell},4\n")
    spec = DataSpec.model_validate({"path": str(tmp_path / "t.csv"), "label": "label"})
    with pytest.raises(AuditError, match="2 rows without one"):
        read_dataset(spec, open_source(spec.path), "auto")


@pytest.mark.parametrize("word", ["NA", "None", "null"])
def test_words_for_nothing_are_labels_among_words(tmp_path: Path, word: str) -> None:
    found = read(["some", word, word], tmp_path, "t.parquet", favorable=word)
    assert isinstance(found, Labels)
    assert sorted(map(str, found.values)) == sorted([word, "some"]) and len(found.favorable) == 1


CATEGORIES = pd.Categorical.from_codes([1, 1, 2, 1], pd.Index(["low", "mid", "high", "none"]))


def test_categories_without_rows_are_no_label_values(tmp_path: Path) -> None:
    found = read(CATEGORIES, tmp_path, "t.parquet", favorable="high")
    assert isinstance(found, Labels)
    assert found.values == ["high", "mid"] and list(found.codes) == [1, 1, 0, 1] and found.favorable == [0]


@pytest.mark.parametrize(
    ("codes", "given", "message"),
    [
        ([1, 1, 1], {}, "only 'mid'"),
        ([1, 1, 2], {"favorable": "low"}, "'low', which no row has"),
        ([1, -1, 2], {}, "1 rows without one"),
    ],
)
def test_unusable_categories(tmp_path: Path, codes: list[int], given: dict[str, Any], message: str) -> None:
    with pytest.raises(AuditError, match=message):
        read(CATEGORIES.from_codes(codes, CATEGORIES.categories), tmp_path, "t.parquet", **given)


@pytest.mark.parametrize("file", FILES)
def test_targets_of_a_regression(tmp_path: Path, file: str) -> None:
    found = read([1.5, -2, 1e6], tmp_path, file, regression=True, favorable={"at_least": 0})
    assert isinstance(found, Targets)
    assert list(found.numbers) == [1.5, -2, 1e6] and found.at_least == 0


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        ([1.0, None, 2.0], {}, "1 rows without one"),
        ([3.0, 3.0], {}, r"only 3\.0"),
        ([1.0, 1e308], {}, r"row 2: data.label.*\n.*between -1e\+50 and 1e\+50"),
        ([1.0, 2.0, -float("inf")], {}, r"row 3: data.label"),
        (["1", "two"], {}, r"row 2: data column 'label'\n.*\n.*text that is no number"),
        ([1.0, 2.0], {"favorable": 1}, "expected: {at_least: NUMBER}"),
    ],
)
def test_unusable_targets(
    tmp_path: Path, file: str, values: list[Any], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(AuditError, match=message):
        read(values, tmp_path, file, regression=True, **given)


def test_the_label_of_a_regression_is_read_as_numbers(tmp_path: Path) -> None:
    path = store(pd.DataFrame({"label": [1.0, 1e-05]}), tmp_path, "t.csv")
    for setting in ("text", "number"):
        spec = DataSpec.model_validate({"path": str(path), "label": "label", "values": {"label": setting}})
        if setting == "number":
            assert read_dataset(spec, open_source(str(path)), "regression").rows == 2
        else:
            with pytest.raises(AuditError, match="the label of a regression is read as numbers"):
                read_dataset(spec, open_source(str(path)), "regression")
