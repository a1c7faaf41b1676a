"""The table of explained rows: all features or the most important ones, real rows or masked examples, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.checks.explainability import explained_table

from ...models import save
from ..kit import Found, measure, subject_of

NAMES = [f"c{i:02}" for i in range(12)]
WEIGHTS = np.linspace(0.1, 1.2, 12, dtype=np.float32)
BY_WEIGHT = NAMES[::-1]
DATA = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 12)).astype(np.float32), columns=NAMES)
DATA["label"] = [0, 1] * 30
ODDS = DATA[NAMES].to_numpy(np.float64) @ WEIGHTS.astype(np.float64)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tensorflow as tf

    path = tmp_path_factory.mktemp("linear") / "model"
    save(path, lambda x: tf.sigmoid(tf.linalg.matvec(x, WEIGHTS))[:, None], x=([None, 12], tf.float32))
    return path


def found(model: Path, folder: Path, rows: str) -> Found:
    return measure(
        "explainability", subject_of(model, DATA, DATA, folder, spec={"inputs": {"x": NAMES}}, rows=rows)
    )


def attributions(table: pd.DataFrame) -> pd.DataFrame:
    return table[[name for name in table if str(name).startswith(("attribution: ", "sum: "))]]


def features(table: pd.DataFrame) -> list[str]:
    return [str(name).removeprefix("value: ") for name in table if str(name).startswith("value: ")]


def test_shown_every_row_adds_up_to_the_models_output(model: Path, tmp_path: Path) -> None:
    table = found(model, tmp_path, "shown").tables["explained"]
    place = table["row"].to_numpy(int) - 1
    assert sorted(place) == list(range(60)) and sorted(features(table)) == NAMES
    np.testing.assert_allclose(table["base"] + attributions(table).sum(axis=1), table["output"], atol=1e-12)
    np.testing.assert_allclose(table["output"], ODDS[place], atol=1e-5)
    for name in NAMES:
        assert table[f"value: {name}"].tolist() == DATA[name].iloc[place].tolist()


def test_the_least_important_features_are_one_sum(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(model, tmp_path, "shown").tables["explained"]
    monkeypatch.setattr(explained_table, "_MAX_FEATURES", 5)
    monkeypatch.setattr(explained_table, "_MAX_ROWS", 20)
    table = found(model, tmp_path, "shown").tables["explained"]
    assert len(table) == 20 and features(table) == features(whole)[:5]
    rest = attributions(whole).iloc[:20, 5:].sum(axis=1)
    np.testing.assert_allclose(table["sum: 7 other features"], rest, atol=1e-12)


def test_masked_it_holds_the_example_rows_in_three_digits(model: Path, tmp_path: Path) -> None:
    evidence = found(model, tmp_path, "masked")
    table, local = evidence.tables["explained"], evidence.tables["local"]
    cases = local.drop_duplicates("case")
    assert table["row"].isna().all() and len(table) == len(cases)
    for name in ("base", "output"):
        assert table[name].tolist() == cases[name].tolist()
    assert len(features(table)) == 8 and "sum: 4 other features" in table
    numbers = attributions(table).to_numpy().ravel()
    assert numbers.tolist() == [float(f"{number:.3g}") for number in numbers]
    values = {str(value) for name in features(table) for value in table[f"value: {name}"]}
    assert not values & {f"{value:.6g}" for value in DATA[NAMES].to_numpy().ravel()}
    assert all(" to " in text or " or more" in text or "below " in text for text in values)


def test_without_rows_there_is_no_table(model: Path, tmp_path: Path) -> None:
    assert "explained" not in found(model, tmp_path, "none").tables
