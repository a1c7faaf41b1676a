"""Weights, clusters, and how many rows are different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.data.dataset import Dataset, read_dataset
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey
from audit.data.source import BatchSize
from audit.errors import AuditError
from audit.policy.model import DataSpec
from audit.subject.copies import count_rows

from ..audits import again, content, people, store, subject
from ..conftest import Models


def read(folder: Path, file: str = "t.parquet", *, spec: dict[str, Any], **columns: Any) -> Dataset:
    frame = pd.DataFrame({"label": [0, 1, 0, 1]} | columns)
    path = store(frame, folder, file)
    given = DataSpec.model_validate({"path": str(path), "label": "label", **spec})
    return read_dataset(given, open_source(str(path)), "auto")


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
def test_weights_are_read_as_numbers(tmp_path: Path, file: str) -> None:
    found = read(tmp_path, file, spec={"weight": "w"}, w=[0, 1.5, 2, 3])
    assert found.weights is not None and list(found.weights * 3) == [0, 1.5, 2, 3]


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_only_the_ratios_of_weights_count(tmp_path: Path, scale: float) -> None:
    found = read(tmp_path, "t.parquet", spec={"weight": "w"}, w=[scale, 2 * scale, 4 * scale, 4 * scale])
    assert found.weights is not None and list(found.weights) == [0.25, 0.5, 1, 1]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2, -1, 1], r"row 3: [^$]* a negative number"),
        ([1, None, 1, 1], r"row 2: [^$]* no number"),
        ([1, 1, 1, float("inf")], r"row 4: [^$]* an infinite number"),
        ([0, 0, 0, 0], "only zeros"),
        (["1", "x", "1", "1"], r"row 2: [^$]* text that is no number"),
        ([1, 1, 1e308, 1], r"1e\+308 times"),
        ([1e-9, 0, 1e7, 1], r"1e\+16 times"),
    ],
)
def test_unusable_weights(tmp_path: Path, weights: list[Any], message: str) -> None:
    with pytest.raises(AuditError, match=message):
        read(tmp_path, spec={"weight": "w"}, w=weights)


def test_clusters_are_codes_of_their_values(tmp_path: Path) -> None:
    found = read(tmp_path, spec={"cluster": "who"}, who=["x", "y", "x", "z"])
    assert found.clusters is not None and list(found.clusters) == [0, 1, 0, 2]
    with pytest.raises(AuditError, match="1 rows without one"):
        read(tmp_path, spec={"cluster": "who"}, who=["x", None, "x", "z"])


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_distinct_rows_are_those_of_pandas(model: Models, tmp_path: Path, file: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "hours_per_week": random.integers(1, 12, 1000).astype(float),
            "marital_status": random.choice(["Married", "Single", "Löwe", ""], 1000, p=[0.5, 0.3, 0.1, 0.1]),
            "race": random.choice(["a", "b"], 1000),
            "label": random.integers(0, 2, 1000),
            "unread": np.arange(1000),
        }
    )
    policy = content(
        model("flat_columns"), store(frame, tmp_path, file), protected={"race": {"privileged": "a"}},
        missing={"marital_status": ""},
    )  # fmt: skip
    distinct = len(frame[["hours_per_week", "marital_status", "race", "label"]].drop_duplicates())
    found = subject(policy)
    assert found.data_facts.distinct_rows == distinct
    table, scored = again(found, BatchSize(rows=256))
    assert count_rows(found.policy.data, table, scored.hashes, HashKey(0)).distinct == distinct


def test_swapped_columns_and_signs_are_other_rows(model: Models, tmp_path: Path) -> None:
    """A hash that only adds its columns up would take these for the same."""
    frame = pd.DataFrame({"a": [1, 2, -1, 1, 0, 0], "b": [2, 1, 1, -1, 3, 3], "label": [0, 0, 0, 0, 1, 1]})
    found = subject(content(model("sigmoid"), store(frame.astype(float), tmp_path)))
    assert found.data_facts.distinct_rows == 5


def test_repeated_rows_are_counted_once(model: Models, tmp_path: Path) -> None:
    frame = people(200)[["score", "label"]].drop_duplicates()
    repeated = pd.concat([frame] * 5)
    spec = {"output": "probabilities"}
    found = subject(content(model("given"), store(repeated, tmp_path), spec=spec)).data_facts
    assert (found.rows, found.distinct_rows, found.copies) == (len(frame), len(frame), 5)


@pytest.mark.parametrize(("light", "warned"), [(0.2, False), (0.05, True)])
def test_weights_of_which_few_rows_count_are_warned_of(tmp_path: Path, light: float, warned: bool) -> None:
    """Three in four rows are light: Kish's size is 36 % of the rows at a weight of 0.05, and 57 % at 0.2."""
    weights = np.where(np.arange(400) % 4 == 0, 1.0, light)
    texts = read(tmp_path, spec={"weight": "w"}, label=[0, 1] * 200, w=weights).warnings
    size = weights.sum() ** 2 / (weights**2).sum()
    expected = f"the 400 rows say as much as {size:,.0f} rows of equal weight"
    assert [expected in text for text in texts] == [True] * warned
