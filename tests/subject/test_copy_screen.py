"""Repeats that no column explains: found in copied rows, and not in real rows of few values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.data.row_hashes import HashKey, row_hashes
from audit.demo.loans import make_loans
from audit.subject.copy_screen import unexplained_repeats

from ..adult import read

CATEGORIES = ["workclass", "education", "marital-status", "occupation", "relationship", "race", "sex"]


@pytest.fixture(scope="module")
def adult(raw_data: Path) -> pd.DataFrame:
    return read(raw_data / "adult" / "adult.test").drop(columns="fnlwgt")


@pytest.fixture(scope="module")
def german(raw_data: Path) -> pd.DataFrame:
    return pd.read_csv(raw_data / "german" / "german.data", sep=" ", header=None)


def share(frame: pd.DataFrame) -> float:
    codes = [pd.factorize(frame[name])[0] for name in frame]
    blocks = np.stack([row_hashes([c], len(frame), HashKey(i)) for i, c in enumerate(codes)], axis=1)
    return unexplained_repeats(blocks) / len(frame)


def test_real_rows_explain_their_repeats(adult: pd.DataFrame, german: pd.DataFrame) -> None:
    """Of Adult 6 % repeat another row, as categories and one-hot encoded; of few columns, nearly all."""
    assert share(adult) < 0.001
    assert share(pd.get_dummies(adult, columns=CATEGORIES)) < 0.006
    assert share(german) == 0
    assert share(make_loans(4000, 1)) < 0.001
    rng = np.random.default_rng(4)
    for frame in (adult, german):
        for _ in range(12):
            columns = rng.choice(frame.columns[:-1], rng.integers(1, frame.shape[1] - 1), replace=False)
            assert share(frame[[*columns, frame.columns[-1]]]) < 0.006, columns


@pytest.mark.parametrize("copies", [2, 3, 20])
def test_copies_with_a_few_more_rows_are_unexplained(
    adult: pd.DataFrame, german: pd.DataFrame, copies: int
) -> None:
    for frame in (adult.iloc[:2000], german, pd.get_dummies(adult.iloc[:2000], columns=CATEGORIES)):
        assert share(pd.concat([frame] * copies + [frame.iloc[:3]])) > 0.02


def test_rows_drawn_again_and_again_are_unexplained(adult: pd.DataFrame) -> None:
    """A bootstrap of 150 rows, and 100 rows of ten thousand twenty times over."""
    assert share(adult.iloc[:150].sample(3000, replace=True, random_state=0)) > 0.3
    assert share(pd.concat([adult.iloc[:10_000], *[adult.iloc[500:600]] * 19])) > 0.02


def test_repeats_within_a_cluster_are_no_matter() -> None:
    rng = np.random.default_rng(0)
    blocks = np.repeat(rng.integers(0, 2**63, (200, 3)).astype(np.uint64), 5, axis=0)
    assert unexplained_repeats(blocks) == pytest.approx(800)
    assert unexplained_repeats(blocks, np.repeat(np.arange(200), 5)) == 0
    assert unexplained_repeats(blocks, np.arange(1000)) == pytest.approx(800)
