"""The tables behind the pictures: sums, single rows, and what a report may show of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.checks.explainability.tables import _numbers, _relative_ranks
from audit.data.masking import Masker
from audit.subject.subject import Subject

from ..kit import COLUMNS, PROTECTED, WEIGHTS, Found, log_odds, logistic, measure, persons, subject_of

DATA, BACKGROUND = persons(150, 11), persons(40, 12)
PHI = (DATA[COLUMNS] - BACKGROUND[COLUMNS].astype(np.float64).mean()).to_numpy(np.float64) * WEIGHTS
ODDS = log_odds(DATA)
SCORE = 1 / (1 + np.exp(-ODDS))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logistic(tmp_path_factory.mktemp("logistic") / "model")


def audited(model: Path, folder: Path, rows: str, **given: Any) -> Subject:
    return subject_of(model, DATA, BACKGROUND, folder, protected=PROTECTED, rows=rows, **given)


@pytest.fixture(scope="module")
def shown(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return measure("explainability", audited(model, tmp_path_factory.mktemp("shown"), "shown"))


@pytest.fixture(scope="module")
def masked(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return measure("explainability", audited(model, tmp_path_factory.mktemp("masked"), "masked"))


def test_the_beeswarm_counts_every_row_once(shown: Found) -> None:
    swarm = shown.tables["beeswarm"]
    assert (swarm.groupby("feature")["rows"].sum() == 150).all() and swarm["feature"].nunique() == len(
        COLUMNS
    )
    widths = swarm["high"] - swarm["low"]
    assert widths.to_numpy() == pytest.approx(np.ptp(np.quantile(PHI, [0.005, 0.995])) / 40, rel=1e-3)
    age = swarm[swarm["feature"] == "age"]
    for low, high, rows in age[["low", "high", "rows"]].to_numpy():
        inside = (low + 1e-5 <= PHI[:, 0]) & (high - 1e-5 > PHI[:, 0])
        near = (low - 1e-5 <= PHI[:, 0]) & (high + 1e-5 > PHI[:, 0])
        assert inside.sum() <= rows <= near.sum()
    assert age["value"].is_monotonic_increasing and 0 <= age["value"].min() < age["value"].max() <= 1


def test_one_outlier_leaves_the_bins_of_the_others_as_fine_as_they_were(model: Path, tmp_path: Path) -> None:
    data = persons(400, 14)
    wild = data.assign(debt=np.where(data.index == 7, 1e4, data["debt"]).astype(np.float32))
    plain, outlying = (
        measure("explainability", subject_of(model, frame, BACKGROUND, tmp_path / str(i))).tables["beeswarm"]
        for i, frame in enumerate((data, wild))
    )
    fine, coarse = (swarm[swarm["feature"] == "age"] for swarm in (plain, outlying))
    assert len(fine) > 25  # a width of all values' range would leave one or two
    assert len(coarse) > 0.8 * len(fine) and coarse["rows"].sum() == 400
    assert outlying["low"].abs().max() > 4000


@pytest.mark.parametrize("share", [0.0, 0.05, 0.4, 0.97, 1.0])
@pytest.mark.parametrize("values", ["many", "few"])
def test_rows_without_a_number_are_a_part_of_their_own(share: float, values: str) -> None:
    random = np.random.default_rng(3)
    column = np.round(random.normal(size=120), 3 if values == "many" else 0)
    absent = np.arange(120) < share * 120
    column[absent] = np.nan
    parts = _numbers(column)
    assert (np.sum([part.inside for part in parts], axis=0) == 1).all() and all(
        part.inside.any() for part in parts
    )
    assert [part.label for part in parts].count("(absent)") == bool(share)
    if share:
        assert (parts[-1].inside == absent).all() and parts[-1].low is parts[-1].high is None
    assert all(None not in (part.low, part.high) for part in parts if part.label != "(absent)")


def test_ranks_are_of_the_rows_that_have_a_number() -> None:
    values = np.array([np.nan, 3.0, 1.0, 2.0, np.nan])
    np.testing.assert_array_equal(_relative_ranks(values, True), [np.nan, 1.0, 0.0, 0.5, np.nan])
    for without in ([np.nan] * 3, [2.0, np.nan, 2.0]):
        assert np.isnan(_relative_ranks(np.array(without), True)).all()
    assert np.isnan(_relative_ranks(values, False)).all()


def test_dependence_covers_every_row_once_in_order(shown: Found) -> None:
    table = shown.tables["dependence"]
    assert table["feature"].unique().tolist() == [COLUMNS[i] for i in np.argsort(-np.abs(PHI).mean(0))]
    for place, name in enumerate(COLUMNS):
        part = table[table["feature"] == name]
        assert part["rows"].sum() == 150
        assert (part["mean"] * part["rows"]).sum() / 150 == pytest.approx(PHI[:, place].mean(), abs=1e-5)
        assert part["low"].is_monotonic_increasing and (part["low"] <= part["high"]).all()
        assert ((part["p10"] <= part["mean"] + 1e-9) & (part["mean"] <= part["p90"] + 1e-9)).all()
    age = table[table["feature"] == "age"]
    assert len(age) == 12 and age["rows"].between(7, 18).all() and age["mean"].is_monotonic_increasing
    for line in age.itertuples():
        first, last = line.Index == age.index[0], line.Index == age.index[-1]
        inside = (first | (DATA["age"] >= line.low)) & (last | (DATA["age"] < line.high))
        assert inside.sum() == line.rows
    sex = table[table["feature"] == "sex_Male"]
    assert sex["value"].tolist() == ["0", "1"] and sex["low"].tolist() == sex["high"].tolist() == [0, 1]


def test_no_end_of_a_range_is_a_value_that_one_person_has(masked: Found) -> None:
    table = masked.tables["dependence"]
    for name in ("age", "hours", "debt", "grade"):
        part, values = table[table["feature"] == name], DATA[name].to_numpy(np.float64)
        ends = {*part["low"], *part["high"]}
        assert ends.isdisjoint(values.tolist())
        assert (values <= part["low"].min()).sum() >= 9 and (values >= part["high"].max()).sum() >= 9


@pytest.mark.parametrize(
    "values", [[0.0] * 140 + list(range(1, 11)), [3.0] * 150, [0.0] * 145 + [1e9, 2, 3, 4, 5]]
)
def test_a_column_of_one_common_number_is_cut_where_it_is_not(
    model: Path, tmp_path: Path, values: list[float]
) -> None:
    data = DATA.assign(debt=np.array(values, np.float32))
    table = measure("explainability", subject_of(model, data, BACKGROUND, tmp_path)).tables["dependence"]
    part = table[table["feature"] == "debt"]
    count = max(values.count(0.0), values.count(3.0))
    assert part["rows"].tolist() == ([count] if count == 150 else [count, 150 - count])
    assert part["value"].tolist()[1:] == ["other values"] * (count < 150)
    assert 1e9 not in [*part["low"], *part["high"]]


def cases(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates("case").set_index("case")


def test_single_rows_add_up_and_are_those_of_the_table(shown: Found) -> None:
    local = shown.tables["local"]
    heads = cases(local)
    assert heads["row"].is_unique
    sums = local.groupby("case")["attribution"].sum()
    np.testing.assert_allclose(heads["base"] + sums, heads["output"], atol=1e-5)
    place = heads["row"].to_numpy(int) - 1
    np.testing.assert_allclose(heads["output"], ODDS[place], atol=1e-5)
    np.testing.assert_allclose(heads["score"], SCORE[place], atol=1e-6)
    assert heads["label"].tolist() == DATA["label"].iloc[place].astype(str).tolist()
    assert heads["predicted"].tolist() == (SCORE[place] >= 0.5).astype(int).astype(str).tolist()
    for line in local.to_dict("records"):
        row, column = int(line["row"]) - 1, COLUMNS.index(line["feature"])
        assert float(line["value"]) == pytest.approx(DATA[line["feature"]].iloc[row], rel=1e-5)
        assert line["attribution"] == pytest.approx(PHI[row, column], abs=1e-5)


def test_the_rows_tell_errors_the_border_and_every_group(shown: Found) -> None:
    heads = cases(shown.tables["local"])
    wrong = np.flatnonzero((SCORE >= 0.5) != DATA["label"])
    certainty = np.where(DATA["label"] == 1, SCORE, 1 - SCORE)
    errors = wrong[np.argsort(certainty[wrong])][:3]
    assert heads.loc[heads["why"] == "confident error", "row"].tolist() == (errors + 1).tolist()
    border = [row + 1 for row in np.argsort(np.abs(SCORE - 0.5)) if row not in errors][:2]
    assert heads.loc[heads["why"] == "borderline decision", "row"].tolist() == border
    groups = heads[heads["why"].str.contains(":")]
    assert groups["why"].tolist() == [
        "age: <30", "age: >=30", "sex: Female", "sex: Male", "region: North", "region: South", "race: Black",
        "race: White",
    ]  # fmt: skip
    for name in ("sex", "race"):
        for line in groups[groups["why"].str.startswith(name)].to_dict("records"):
            assert f"{name}: {DATA[name].iloc[int(line['row']) - 1]}" == line["why"]


def test_the_border_is_where_the_threshold_is(model: Path, tmp_path: Path) -> None:
    local = measure("explainability", audited(model, tmp_path, "shown", threshold=0.3)).tables["local"]
    heads = cases(local)
    errors = heads.loc[heads["why"] == "confident error", "row"].tolist()
    near = [row + 1 for row in np.argsort(np.abs(SCORE - 0.3)) if row + 1 not in errors][:2]
    assert heads.loc[heads["why"] == "borderline decision", "row"].tolist() == near


def test_masked_rows_hold_what_many_background_rows_share(masked: Found, shown: Found) -> None:
    local, plain = masked.tables["local"], shown.tables["local"]
    assert local["row"].isna().all()
    masker = Masker("masked", {name: BACKGROUND[name].to_numpy() for name in COLUMNS}, {})
    rows = plain["row"].astype(int) - 1
    expected = [
        masker.text(name, DATA[name].iloc[row]) for name, row in zip(plain["feature"], rows, strict=True)
    ]
    assert local["value"].tolist() == expected
    unmasked = set(local["value"]) & {str(value) for name in COLUMNS for value in DATA[name]}
    assert unmasked <= {"0", "1", "0.0", "1.0"}
    same = ["case", "why", "label", "predicted", "feature"]
    pd.testing.assert_frame_equal(local[same], plain[same])


def test_masked_rows_hold_no_number_from_which_a_value_could_be_computed(masked: Found, shown: Found) -> None:
    """An exact attribution of a linear model is w (x - mean): two rows' differ by w times the values' distance."""
    local, plain = masked.tables["local"], shown.tables["local"]
    for name in ("score", "base", "output", "attribution", "error"):
        assert local[name].tolist() == [float(f"{value:.3g}") for value in plain[name]]
    assert (local["attribution"] != plain["attribution"]).mean() > 0.5
    heads, sums = cases(local), local.groupby("case")["attribution"].sum()
    half = local[["base", "output"]].abs().max().sum() + local.groupby("case")["attribution"].apply(
        lambda part: part.abs().sum()
    )
    assert ((heads["base"] + sums - heads["output"]).abs() <= 0.005 * half).all()


def test_a_report_without_rows_has_no_single_ones(model: Path, tmp_path: Path) -> None:
    found = measure("explainability", audited(model, tmp_path, "none"))
    assert set(found.tables) == {"beeswarm", "counterfactual", "dependence", "protected", "proxies"}


def test_a_masked_target_of_a_regression_is_a_range(tmp_path: Path) -> None:
    import tensorflow as tf

    from ...models import save

    save(tmp_path / "m", lambda x: tf.reduce_sum(x, 1, keepdims=True), x=([None, 7], tf.float32))
    data = DATA.assign(label=np.round(np.random.default_rng(0).gamma(2, 30_000, 150), 2))
    spec = {"inputs": {"x": COLUMNS}, "output": "regression"}
    local = {
        rows: measure("explainability", subject_of(
            tmp_path / "m", data, BACKGROUND, tmp_path / rows, spec=spec, rows=rows
        )).tables["local"]
        for rows in ("masked", "shown")
    }  # fmt: skip
    labels = {rows: set(table["label"]) for rows, table in local.items()}
    assert local["masked"]["predicted"].tolist() == [f"{value:.3g}" for value in local["shown"]["score"]]
    assert labels["shown"] <= {f"{value:.4g}" for value in data["label"]}
    assert all(
        " to " in label or label.endswith(" or more") or "below" in label for label in labels["masked"]
    )


def test_many_features_end_in_one_line_for_all_others(tmp_path: Path) -> None:
    import tensorflow as tf

    from ...models import save

    names = [f"c{i:02}" for i in range(12)]
    weights = np.linspace(0.1, 1.2, 12, dtype=np.float32)
    save(
        tmp_path / "m",
        lambda x: tf.sigmoid(tf.linalg.matvec(x, weights))[:, None],
        x=([None, 12], tf.float32),
    )
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(60, 12)).astype(np.float32), columns=names).assign(label=[0, 1] * 30)
    found = measure("explainability", subject_of(
        tmp_path / "m", data, data, tmp_path, spec={"inputs": {"x": names}}, rows="shown"
    ))  # fmt: skip
    local = found.tables["local"]
    assert (local.groupby("case").size() == 9).all()
    last = local[local["value"] == ""]
    assert (last["feature"] == "4 other features").all() and len(last) == local["case"].nunique()
    sums = local.groupby("case")["attribution"].sum()
    np.testing.assert_allclose(cases(local)["base"] + sums, cases(local)["output"], atol=1e-5)
