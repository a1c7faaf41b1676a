"""Where attacks may move: spreads with values that are not finite, whole numbers out of reach, rows outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.check import Skip

from ...models import save
from ..kit import BIAS, COLUMNS, Found, logistic, measure, persons, subject_of

OPTIONS: dict[str, Any] = {"eps": [0.05], "attacks": ["fgsm"], "immutable": ["sex_Male", "is_north"]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logistic(tmp_path_factory.mktemp("logistic") / "model")


def audited(model: Path, path: Path, data: pd.DataFrame, background: pd.DataFrame, **options: Any) -> Found:
    return measure("robustness", subject_of(model, data, background, path, rows="shown"), **options)


def test_infinite_background_values_count_for_neither_spread_nor_range(model: Path, tmp_path: Path) -> None:
    data, plain = persons(100, 1), persons(80, 2, spread=30)
    background = plain.copy()
    background.loc[0, "age"], background.loc[[1, 2], "hours"] = np.inf, [-np.inf, np.inf]
    background["debt"] = np.inf
    table = audited(model, tmp_path, data, background, **OPTIONS).tables["columns"].set_index("feature")
    finite = plain[COLUMNS].astype(np.float64)
    finite.loc[0, "age"], finite.loc[[1, 2], "hours"] = np.nan, np.nan
    moved = ["age", "hours", "grade", "extra"]
    assert table.index[table["moved"]].tolist() == moved
    np.testing.assert_allclose(table.loc[moved, "unit"], finite[moved].std(ddof=0), rtol=1e-6)
    np.testing.assert_allclose(table.loc[moved, "low"], finite[moved].min(), rtol=1e-6)
    np.testing.assert_allclose(table.loc[moved, "high"], finite[moved].max(), rtol=1e-6)
    assert table.loc["debt", "why"] == "no finite standard deviation in the background"
    assert table.loc[["debt"], ["low", "high"]].isna().all(axis=None)


def whole(rows: int, seed: int, spread: float) -> pd.DataFrame:
    return persons(rows, seed, spread).round({"age": 0, "hours": 0})


def test_whole_numbers_out_of_reach_stay_and_are_told(model: Path, tmp_path: Path) -> None:
    """One unit is 8 years or 50 hours or so: 0.1 of it reaches another hour only, 0.05 and 0.2 are told apart."""
    data, background = whole(200, 1, 8), whole(200, 2, 8)
    background["hours"] = (background["hours"] - 38) * 6 + 38
    unit = background[["age", "hours"]].std(ddof=0)
    assert 0.1 * unit["age"] < 1 < 0.2 * unit["age"] and 0.1 * unit["hours"] > 1
    options = {**OPTIONS, "integer": ["age", "hours"]}
    near = audited(model, tmp_path / "near", data, background, **{**options, "eps": [0.1]})
    table = near.tables["columns"].set_index("feature")
    assert not table.loc["age", "moved"] and table.loc["hours", "moved"]
    assert table.loc["age", "why"] == "no other whole number is within the largest eps" and not near.notes
    far = audited(model, tmp_path / "far", data, background, **{**options, "eps": [0.2, 0.1, 0.0, 0.01]})
    assert far.tables["columns"].set_index("feature").loc["age", "moved"]
    assert far.notes == [
        "At eps 0.01, 'age', 'hours' cannot reach the next whole number: no change.",
        "At eps 0.1, 'age' cannot reach the next whole number: no change.",
    ]


def test_nothing_but_whole_numbers_out_of_reach_is_a_skip(model: Path, tmp_path: Path) -> None:
    data = whole(100, 1, 8)
    others = [name for name in COLUMNS if name != "age"]
    with pytest.raises(Skip, match="no other whole number is within the largest eps: 'age'"):
        audited(model, tmp_path, data, data, eps=[0.1], immutable=others, integer=["age"])


def test_fractions_near_a_whole_number_do_not_make_a_column_move(model: Path, tmp_path: Path) -> None:
    data = persons(100, 1)
    options = {"immutable": [n for n in COLUMNS if n != "grade"], "integer": ["grade"], "attacks": ["fgsm"]}
    with pytest.raises(Skip, match="no other whole number is within the largest eps: 'grade'"):
        audited(model, tmp_path, data, data, eps=[0.2], **options)


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_columns_are_stuck_where_the_ball_itself_moves_nothing(norm: Any) -> None:
    from audit.attacks.projection import Ball
    from audit.attacks.threat_model import ThreatModel
    from audit.checks.robustness.threat_model import stuck_columns

    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(300):
        x = rng.choice([0.0, 1, 2, 2.5, 3, np.inf], (3, 1))
        low, high = np.sort(rng.integers(0, 4, 2)).astype(float)
        eps = float(rng.choice([0.2, 0.4, 0.7, 1.0, 1.3]))
        yes, ends = np.ones(1, bool), (np.array([low]), np.array([high]))
        space = ThreatModel(np.ones(1), *ends, movable=yes, integer=yes)
        ways = [Ball(space, norm, eps).place(x, np.full_like(x, way)) for way in (-eps, eps)]
        seen.add(still := not any((moved != x).any() for moved in ways))
        assert stuck_columns(x, space, eps).tolist() == [still or eps < 1]  # from 2.5, half a unit reaches 3
    assert seen == {False, True}


def test_rows_outside_the_background_s_range_ask_for_its_units(model: Path, tmp_path: Path) -> None:
    data, background = persons(200, 1), persons(200, 2, spread=30)
    background["age"], background["debt"] = background["age"] / 100, background["debt"] * 3
    inside = data["age"].between(background["age"].min(), background["age"].max())
    (note,) = audited(model, tmp_path / "away", data, background, **OPTIONS).notes
    assert f"{1 - inside.mean():.0%} of the attacked rows" in note and "'age'" in note and "units?" in note
    held = {**OPTIONS, "immutable": [*OPTIONS["immutable"], "age"]}
    assert not audited(model, tmp_path / "held", data, background, **held).notes


def test_an_attack_named_twice_runs_once(model: Path, tmp_path: Path) -> None:
    data, background = persons(60, 1), persons(200, 2, spread=30)
    twice = audited(
        model, tmp_path / "a", data, background, **{**OPTIONS, "attacks": ["fgsm", "pgd", "fgsm"]}
    )
    once = audited(model, tmp_path / "b", data, background, **{**OPTIONS, "attacks": ["fgsm", "pgd"]})
    assert twice.measurements == once.measurements


def test_a_model_that_fails_on_attacked_rows_is_told_so(tmp_path: Path) -> None:
    """Scores are there on whole years only, where all rows of the data lie."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        age = x[:, :1]
        return tf.where(tf.abs(age - tf.round(age)) < 1e-6, tf.sigmoid(age / 20 + BIAS + x[:, 4:5]), np.nan)

    save(tmp_path / "m", score, x=([None, len(COLUMNS)], tf.float32))
    data = whole(60, 1, 8)
    with pytest.raises(Skip, match=r"NaN or infinity in .* \(on adversarial rows, not on rows of the data\)"):
        audited(tmp_path / "m", tmp_path, data, data, **OPTIONS)
