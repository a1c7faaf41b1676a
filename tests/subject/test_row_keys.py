"""Draws follow from the rows' values: the order of the file, its format and its batches choose nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import audit
from audit.check import policy_from
from audit.data.row_hashes import HashKey, Repeats, row_keys
from audit.data.source import BatchSize
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ..adult import read
from ..audits import content, measurements, store
from ..conftest import Models

SCORED = {"output": "probabilities"}
PROTECTED: dict[str, Any] = {"protected": {"race": {"privileged": "a"}}}


def table(rows: int = 900) -> pd.DataFrame:
    """Few values of each column, so that many rows are equal, with a weight and clusters."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "hours_per_week": rng.integers(20, 60, rows) / 2,
            "marital_status": rng.choice(["Single", "Married", "Widowed"], rows),
            "race": rng.choice(["a", "b", "c"], rows),
            "label": rng.integers(0, 2, rows),
            "weight": rng.choice([1.0, 2.5], rows),
            "customer": rng.choice([f"c{i}" for i in range(300)], rows),
        }
    )


def sampled(model: Path, file: Path, seed: int = 0, batch: int = 65536, **given: Any) -> Subject:
    policy = policy_from(content(model, file, spec=SCORED, favorable=1, **PROTECTED, **given))
    found = replace(load_subject(policy, lambda *_: None, seed), sample_rows=150)
    found.source.batch_size = BatchSize(batch)
    return found


def drawn(found: Subject, frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the values of the sampled rows, in their order."""
    return frame[columns].iloc[found.features.data.index].reset_index(drop=True)


@pytest.mark.parametrize("given", [{}, {"weight": "weight", "cluster": "customer"}])
def test_a_permuted_file_gives_the_same_sample(model: Models, tmp_path: Path, given: dict[str, Any]) -> None:
    frame = table()
    read_columns = ["hours_per_week", "marital_status", "race", "label", *given.values()]
    found = sampled(model("flat_columns"), store(frame, tmp_path, "a.parquet"), **given)
    expected = drawn(found, frame, read_columns)
    orders = {
        "shuffled": frame.sample(frac=1, random_state=1),
        "sorted": frame.sort_values(["label", "hours_per_week"]),
        "reversed": frame[::-1],
    }
    for name, other in orders.items():
        for file in (f"{name}.parquet", f"{name}.csv"):
            again = sampled(model("flat_columns"), store(other, tmp_path, file), batch=256, **given)
            pd.testing.assert_frame_equal(drawn(again, other, read_columns), expected)
            assert again.features.columns == found.features.columns
            np.testing.assert_array_equal(again.features.data.matrix, found.features.data.matrix)
            np.testing.assert_array_equal(again.features.data.keys, found.features.data.keys)
    assert not drawn(
        sampled(model("flat_columns"), tmp_path / "a.parquet", 1, **given), frame, read_columns
    ).equals(expected)


def test_a_background_of_its_own_is_drawn_by_its_features(model: Models, tmp_path: Path) -> None:
    frame = table()
    other = table(200).drop(columns="label")
    matrices = []
    for name, background in (("b", other), ("c", other.sample(frac=1, random_state=0))):
        file = str(store(background, tmp_path, f"{name}.csv"))
        found = sampled(model("flat_columns"), store(frame, tmp_path), background=file)
        matrices.append(found.features.background.matrix)
    np.testing.assert_array_equal(matrices[0], matrices[1])


def test_measurements_of_a_permuted_file_are_the_same(model: Models, tmp_path: Path) -> None:
    """All checks, the attacks' noise and starts among them: other batches of the scores differ by rounding only."""
    frame = table(700)
    frame["hours_per_week"] += np.linspace(0, 0.4, 700)  # equal scores would be ordered by their rounding
    checks = {"explainability": {"rows": 100, "references": 20}, "robustness": {"rows": 200}}
    policies = [
        {
            **content(
                model("flat_columns"), store(rows, tmp_path, name), spec=SCORED, favorable=1, **PROTECTED
            ),
            "checks": checks,
        }
        for name, rows in {"a.csv": frame, "b.csv": frame.sort_values("hours_per_week")}.items()
    ]
    one, other = (measurements(audit.run(policy)) for policy in policies)
    assert one.keys() == other.keys() and any(metric.startswith("robustness") for metric, _ in one)
    for key, measurement in one.items():
        assert other[key].value == pytest.approx(measurement.value, rel=1e-5, abs=1e-6, nan_ok=True), key
        assert other[key].n == measurement.n


def test_keys_are_uniform_and_independent_of_seed_and_place() -> None:
    """Hashes that follow each other, as those of rows that an adversary knows might, give keys that do not."""
    hashes = np.repeat(np.arange(20_000, dtype=np.uint64), 2)
    repeats = Repeats.of(hashes)
    keys = [row_keys(hashes, repeats, HashKey(seed)) / 2.0**64 for seed in range(4)]
    for one in keys:
        assert stats.kstest(one, "uniform").pvalue > 1e-4
        assert stats.kstest((one[::2] - one[1::2]) % 1, "uniform").pvalue > 1e-4  # of equal rows
    for one, other in pairwise(keys):
        assert abs(stats.spearmanr(one, other).statistic) < 4 / np.sqrt(len(one))
    assert len(np.unique(keys[0])) == len(hashes)
    bits = np.unpackbits(row_keys(hashes, repeats, HashKey(7)).view(np.uint8)).reshape(-1, 64).mean(0)
    assert (np.abs(bits - 0.5) < 5 * 0.5 / np.sqrt(len(hashes))).all()


@pytest.mark.parametrize("order", ["as published", "sorted by label"])
def test_sample_means_cover_those_of_all_rows(raw_data: Path, order: str) -> None:
    """On Adult, over 200 seeds: 95 % intervals of means of 1,000 rows contain the mean of all at their rate."""
    frame = read(raw_data / "adult" / "adult.test").drop(columns="fnlwgt")
    if order != "as published":
        frame = frame.sort_values(["income", "sex"])
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    values = {
        "label": (frame["income"] == ">50K").to_numpy(float),
        "women": (frame["sex"] == "Female").to_numpy(float),
        "hours": frame["hours-per-week"].to_numpy(float),
    }
    rows = 1000
    correction = np.sqrt(1 - rows / len(frame))
    repeats = Repeats.of(hashes)
    covered = dict.fromkeys(values, 0)
    for seed in range(200):
        index = np.argsort(row_keys(hashes, repeats, HashKey(seed)))[:rows]
        for name, column in values.items():
            half = 1.96 * column[index].std(ddof=1) / np.sqrt(rows) * correction
            covered[name] += abs(column[index].mean() - column.mean()) <= half
    low = stats.binom.ppf(1e-4, 200, 0.95)
    high = stats.binom.ppf(1 - 1e-4, 200, 0.95)
    assert all(low <= count <= high for count in covered.values()), covered
