"""Copies of rows are no evidence: a file that is k copies of itself counts once, other repeats are warned of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.data.row_hashes import Repeats, mixed
from audit.result import Report

from ..audits import content, measurements, store
from ..conftest import Models

PROTECTED: dict[str, Any] = {"protected": {"sex": {"privileged": "M"}}}

INPUTS: dict[str, Any] = {"inputs": {"x": ["a", "b"]}}


def base(rows: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 1, (2, rows)).astype(np.float32)
    label = (rng.random(rows) < 1 / (1 + np.exp(-a))).astype(int)
    return pd.DataFrame({"a": a, "b": b, "label": label, "sex": rng.choice(["M", "F"], rows)})


def audited(model: Path, folder: Path, frame: pd.DataFrame, **data: Any) -> Report:
    policy = content(model, store(frame, folder, "d.parquet"), spec=INPUTS, favorable=1, **PROTECTED, **data)
    rules = [{"metric": "performance.auc", "at_least": 0.55}]
    return audit.run({**policy, "gate": {"min_rows": 100, "rules": rules}})


def facts(report: Report) -> tuple[int, int, int, int]:
    data = report.data
    return data.rows, data.distinct_rows, data.copies, data.repeats_left_out


def same_numbers(one: Report, other: Report) -> None:
    found, expected = measurements(one), measurements(other)
    assert found.keys() == expected.keys()
    for key, measurement in found.items():
        assert measurement.n == expected[key].n, key
        assert measurement.value == pytest.approx(expected[key].value, rel=1e-6, nan_ok=True), key
        limits = [one or (np.nan, np.nan) for one in (measurement.ci, expected[key].ci)]
        assert limits[0] == pytest.approx(limits[1], rel=1e-5, nan_ok=True), key


@pytest.mark.parametrize("copies", [2, 20])
def test_copies_of_a_file_count_once(model: Models, tmp_path: Path, copies: int) -> None:
    """Copies may be shuffled and differ in a column that is not read; every number is that of the file itself."""
    frame = base()
    copied = pd.concat([frame] * copies).sample(frac=1, random_state=0).assign(unread=lambda t: range(len(t)))
    found = audited(model("sigmoid"), tmp_path, copied)
    assert facts(found) == (150, 150, copies, 0)
    assert found.data.groups[0].rows == frame["sex"].value_counts().to_dict()
    assert any(f"{copies} copies of the same 150 rows" in warning for warning in found.warnings)
    itself = audited(model("sigmoid"), tmp_path, frame)
    same_numbers(found, itself)
    assert found.verdict == itself.verdict and not any("cop" in warning for warning in itself.warnings)


def test_rows_of_unequal_number_count_as_in_one_copy(model: Models, tmp_path: Path) -> None:
    """A row that is there twice in the file itself counts twice in three copies of it."""
    frame = pd.concat([base(), base().iloc[:7]])
    found = audited(model("sigmoid"), tmp_path, pd.concat([frame] * 3))
    assert facts(found) == (157, 150, 3, 0)
    same_numbers(found, audited(model("sigmoid"), tmp_path, frame))


@pytest.mark.parametrize("column", ["weight", "cluster"])
def test_rows_of_other_weight_or_cluster_are_no_copies(model: Models, tmp_path: Path, column: str) -> None:
    frame = pd.concat([base()] * 2, ignore_index=True)
    other = frame.assign(w=np.where(np.arange(300) < 150, 1.0, 2.0), c=np.arange(300) // 2)
    found = audited(model("sigmoid"), tmp_path, other, **{column: column[0]})
    assert facts(found) == (300, 150, 1, 0)
    assert any("repeat another row" in warning for warning in found.warnings)


def test_copies_with_weights_and_clusters_count_once(model: Models, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = base().assign(w=rng.uniform(1, 3, 150), c=rng.integers(0, 40, 150))
    given = {"weight": "w", "cluster": "c"}
    found = audited(model("sigmoid"), tmp_path, pd.concat([frame] * 4), **given)
    assert facts(found) == (150, 150, 4, 0)
    same_numbers(found, audited(model("sigmoid"), tmp_path, frame, **given))


def test_once_is_the_user_s_choice(model: Models, tmp_path: Path) -> None:
    frame = pd.concat([base()] * 19 + [base().iloc[:40]])
    found = audited(model("sigmoid"), tmp_path, frame, copies="once")
    assert facts(found) == (150, 150, 1, 19 * 150 + 40 - 150)
    assert any("2,740 rows that repeat another one are left out" in warning for warning in found.warnings)
    same_numbers(found, audited(model("sigmoid"), tmp_path, base()))


def test_nearly_copies_are_warned_of(model: Models, tmp_path: Path) -> None:
    frame = pd.concat([base()] * 19 + [base().iloc[:40]])
    found = audited(model("sigmoid"), tmp_path, frame)
    assert facts(found) == (2890, 150, 1, 0)
    assert any("2,740 of 2,890 rows repeat another row" in warning for warning in found.warnings)


def test_a_digit_that_the_model_cannot_see_makes_no_other_row(model: Models, tmp_path: Path) -> None:
    """The model reads 32 bits: what differs in the tenth digit is the same row."""
    frame = pd.concat([base().astype({"a": float})] * 2, ignore_index=True)
    frame["a"] *= 1 + 1e-10 * np.arange(300)
    assert facts(audited(model("sigmoid"), tmp_path, frame)) == (150, 150, 2, 0)


def test_candidate_and_baseline_count_the_same_rows(model: Models, tmp_path: Path) -> None:
    frame = base()
    policies = []
    for name, rows in (("one.parquet", frame), ("many.parquet", pd.concat([frame] * 5))):
        policy = content(model("sigmoid"), store(rows, tmp_path, name), spec=INPUTS, favorable=1, **PROTECTED)
        policy["model"]["baseline"] = str(model("sigmoid"))
        policies.append(policy)
    one, many = (audit.run(policy) for policy in policies)
    same_numbers(many, one)
    for key, measurement in measurements(many).items():
        expected = measurements(one)[key].baseline
        if measurement.baseline is None:
            assert expected is None
            continue
        assert expected and measurement.baseline.value == pytest.approx(expected.value, rel=1e-6)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.sampled_from([4, 2**20]))
def test_repeats_are_counted_as_python_does(values: list[int], rows_at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.data.row_hashes._PART_ROWS", rows_at_once)
        repeats = Repeats.of(mixed(np.array(values, np.uint64)))
    assert repeats.multiplicity.tolist() == [values.count(value) for value in values]
    assert repeats.number.tolist() == [values[:i].count(value) for i, value in enumerate(values)]
    assert repeats.distinct == len(set(values))
