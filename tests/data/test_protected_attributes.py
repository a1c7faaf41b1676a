"""Which group a row belongs to: values, bins at their edges, one-hot columns, nulls, intersections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.data.dataset import read_dataset
from audit.data.protected_attributes import Attribute
from audit.data.readers.registry import open_source
from audit.data.source import BatchSize, Source
from audit.errors import AuditError
from audit.policy.model import DataSpec

from ..audits import people, store


def read(
    columns: dict[str, Any],
    folder: Path,
    file: str = "t.parquet",
    batch_size: BatchSize = Source.batch_size,
    **given: Any,
) -> dict[str, Attribute]:
    frame = pd.DataFrame(columns)
    path = store(frame.assign(label=np.arange(len(frame)) % 2), folder, file)
    spec = DataSpec.model_validate({"path": str(path), "label": "label", **given})
    source = open_source(str(path))
    source.batch_size = batch_size
    return {a.name: a for a in read_dataset(spec, source, "auto").attributes}


def names(attribute: Attribute) -> list[str]:
    return [attribute.groups[code] for code in attribute.codes]


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
def test_bins_hold_their_lower_edge(tmp_path: Path, file: str) -> None:
    ages = [24.999, 25, 25.001, 59.999, 60, 60.5, -1, 1e9, None]
    found = read({"age": ages}, tmp_path, file, protected={"age": {"bins": [25, 60], "privileged": "25-60"}})
    expected = ["<25", "25-60", "25-60", "25-60", ">=60", ">=60", "<25", ">=60", "(missing)"]
    assert names(found["age"]) == expected
    assert found["age"].groups == ["<25", "25-60", ">=60", "(missing)"]
    assert found["age"].privileged_name == "25-60"


def test_bins_agree_with_pandas(tmp_path: Path) -> None:
    ages, edges = np.random.default_rng(4).integers(0, 100, 500) / 2, [10, 12.5, 30]
    protected = {"age": {"bins": edges, "privileged": ["<10", "10-12.5"]}}
    found = read({"age": ages}, tmp_path, protected=protected)["age"]
    labels = ["<10", "10-12.5", "12.5-30", ">=30"]
    assert names(found) == list(pd.cut(ages, [-np.inf, *edges, np.inf], right=False, labels=labels))
    assert found.privileged_name == "<10|10-12.5"


def test_nulls_are_a_group_of_their_own(tmp_path: Path) -> None:
    columns = {"sex": ["Male", None, "Female", None], "race": [1.0, 2.0, np.nan, 1.0]}
    protected = {"sex": {"privileged": "Male"}, "race": {"privileged": 1}}
    found = read(columns, tmp_path, protected=protected)
    assert found["sex"].rows == {"Female": 1, "Male": 1, "(missing)": 2}
    assert found["race"].rows == {"1": 2, "2": 1, "(missing)": 1}


def test_categories_without_rows_are_no_groups(tmp_path: Path) -> None:
    columns = {"sex": pd.Categorical(["M", "F", None, "M"], ["X", "M", "F", "Y"])}
    found = read(columns, tmp_path, protected={"sex": {"privileged": "M"}})
    assert found["sex"].rows == {"F": 1, "M": 2, "(missing)": 1}
    with pytest.raises(AuditError, match="'X', which no row has"):
        read(columns, tmp_path, protected={"sex": {"privileged": "X"}})


def test_a_value_called_like_the_null_s_group_joins_it(tmp_path: Path) -> None:
    columns = {"sex": ["Male", None, "(missing)", "(missing)"]}
    found = read(columns, tmp_path, protected={"sex": {"privileged": "Male"}})
    assert found["sex"].rows == {"(missing)": 3, "Male": 1}


@pytest.mark.parametrize("privileged", [1, 1.0, "1", [1]])
@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
def test_numbers_name_groups(tmp_path: Path, privileged: Any, file: str) -> None:
    found = read({"g": [10, 9, 1, 1]}, tmp_path, file, protected={"g": {"privileged": privileged}})["g"]
    assert found.groups == ["1", "9", "10"] and found.privileged_name == "1"


def test_one_hot_columns(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"n": [1, 0, 0, 0], "s": [0, 1.0, 0, 1], "w": [False, False, True, False]}
    spec = {"region": {"columns": {"North": "n", "South": "s", "West": "w"}, "privileged": ["North", "West"]}}
    found = read(columns, tmp_path, protected=spec)["region"]
    assert names(found) == ["North", "South", "West", "South"] and found.privileged_name == "North|West"
    columns["n"][1] = 1
    with pytest.raises(AuditError, match=r"row 2: .*\n.*\n.* 1 rows with several"):
        read(columns, tmp_path, protected=spec)


def test_no_column_set_is_missing(tmp_path: Path) -> None:
    spec = {"region": {"columns": {"North": "n", "South": "s"}, "privileged": "North"}}
    found = read({"n": [1, 0, 0], "s": [0, 0, None]}, tmp_path, protected=spec)["region"]
    assert names(found) == ["North", "(missing)", "(missing)"]


def test_intersections_count_as_pandas_groups(tmp_path: Path) -> None:
    frame = people(1500).drop(columns="label")
    protected = {
        "sex": {"privileged": "Male"},
        "race": {"privileged": ["White", "Other"]},
        "age": {"bins": [40], "privileged": ">=40"},
    }
    both = [["sex", "race"], ["race", "sex", "age"]]
    given: dict[str, Any] = {"protected": protected, "intersections": both}
    found = read(
        {str(name): values for name, values in frame.items()},
        tmp_path,
        batch_size=BatchSize(rows=256),
        **given,
    )
    counted = frame.groupby(["sex", "race"], as_index=False).size().to_numpy()
    assert found["sex*race"].rows == {f"{sex}*{race}": n for sex, race, n in counted}
    assert found["sex*race"].privileged_name == "Male*Other|Male*White"
    age = np.where(frame["age"] < 40, "<40", ">=40")
    assert names(found["race*sex*age"]) == list(frame["race"] + "*" + frame["sex"] + "*" + age)


def test_intersections_whose_names_collide_are_refused(tmp_path: Path) -> None:
    """``a*b`` and ``c`` join to the same name as ``a`` and ``b*c``: one group's rows would hide the other's."""
    columns = {"x": ["a", "a*b", "a", "a*b"], "y": ["b*c", "c", "c", "b*c"]}
    protected = {"x": {"privileged": "a"}, "y": {"privileged": "c"}}
    with pytest.raises(AuditError, match=r"several groups named 'a\*b\*c'"):
        read(columns, tmp_path, protected=protected, intersections=[["x", "y"]])
    protected["x*y"] = {"privileged": "a"}
    with pytest.raises(ValueError, match=r"makes 'x\*y', which 'protected' defines already"):
        read(columns, tmp_path, protected=protected, intersections=[["x", "y"]])


@pytest.mark.parametrize(
    ("values", "spec", "message"),
    [
        (["a", "b"], {"privileged": "c"}, "'c', which no row has"),
        (["a", "a"], {"privileged": "a"}, "only privileged rows"),
        (["a", "b"], {"privileged": ["a", "b"]}, "only privileged rows"),
        ([f"v{i}" for i in range(300)], {"privileged": "v1"}, "300 different values"),
        (list(range(300)), {"privileged": 1}, "bin it"),
        ([1.0, 2.0], {"privileged": "<0", "bins": [0]}, "'<0', which no row has"),
        (["x", "y"], {"privileged": "<0", "bins": [0]}, "row 1: data column 'g'"),
    ],
)
def test_attributes_that_compare_nothing(
    tmp_path: Path, values: list[Any], spec: dict[str, Any], message: str
) -> None:
    with pytest.raises(AuditError, match=message):
        read({"g": values}, tmp_path, protected={"g": spec})
