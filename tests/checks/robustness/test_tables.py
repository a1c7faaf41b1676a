"""Rows that flipped, before and after, and what each column had to do with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.attacks import Plan
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.check import Robustness
from audit.checks.robustness.escalation import run_attacks
from audit.checks.robustness.flipped_rows import flips
from audit.checks.robustness.threat_model import threat_model_of
from audit.data.masking import Masker
from audit.result import Measurement, Table
from audit.stats.influence import untraced
from audit.subject.subject import Subject

from ...models import save
from ..kit import COLUMNS, WEIGHTS, Found, log_odds, logistic, measure, persons, subject_of

DATA, BACKGROUND = persons(300, 21, spread=5).round({"age": 0, "hours": 0}), persons(60, 22, spread=30)
MARGIN = log_odds(DATA)
UNIT = BACKGROUND[COLUMNS].to_numpy(np.float64).std(0)
FIXED = ["sex_Male", "is_north", "extra"]
REACH = np.abs(WEIGHTS * UNIT) * [name not in FIXED for name in COLUMNS]
OPTIONS: dict[str, Any] = {
    "eps": [0.05, 0.1],
    "immutable": FIXED,
    "integer": ["hours"],
    "attacks": ["noise", "fgsm"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logistic(tmp_path_factory.mktemp("logistic") / "model")


@pytest.fixture(scope="module")
def audited(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return subject_of(model, DATA, BACKGROUND, tmp_path_factory.mktemp("shown"), rows="shown")


@pytest.fixture(scope="module")
def shown(audited: Subject) -> Found:
    return measure("robustness", audited, **OPTIONS)


@pytest.fixture(scope="module")
def masked(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    subject = subject_of(model, DATA, BACKGROUND, tmp_path_factory.mktemp("masked"), rows="masked")
    return measure("robustness", subject, **OPTIONS)


def heads(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates("case").set_index("case")


def test_the_rows_shown_really_flip(shown: Found, model: Path) -> None:
    """Scored by hand, by the signature."""
    import tensorflow as tf

    table, loaded = shown.tables["flips"], tf.saved_model.load(str(model))
    score = loaded.signatures["serving_default"]
    assert len(heads(table)) == 6
    for _, lines in table.groupby("case"):
        before = DATA[COLUMNS].iloc[int(lines["row"].iloc[0]) - 1].astype(float)
        after = before.copy()
        for line in lines.to_dict("records"):
            feature = line["feature"]
            assert float(line["before"]) == pytest.approx(before[feature], rel=1e-5)
            after[feature] += line["change"]
            assert float(line["after"]) == pytest.approx(after[feature], rel=1e-5, abs=1e-6)
            unit = UNIT[COLUMNS.index(feature)]
            assert line["deviations"] == pytest.approx(line["change"] / unit, rel=1e-6)
        assert lines["deviations"].abs().is_monotonic_decreasing
        assert lines["size"].nunique() == 1
        assert (
            lines["size"].iloc[0] == pytest.approx(lines["deviations"].abs().max())
            and lines["size"].max() <= 0.05
        )
        ends = score(x=tf.constant(np.stack([before, after]), tf.float32))["score"].numpy()[:, 0]
        np.testing.assert_allclose(
            ends, [lines["score_before"].iloc[0], lines["score_after"].iloc[0]], atol=1e-7
        )
        assert (ends[0] >= 0.5) != (ends[1] >= 0.5)


def test_integer_columns_move_in_whole_numbers_and_others_not_at_all(shown: Found) -> None:
    table = shown.tables["flips"]
    assert set(table["feature"]) <= {"age", "hours", "debt", "grade"}
    hours = table[table["feature"] == "hours"]
    assert len(hours) and (hours["after"].astype(float) % 1 == 0).all()


def test_three_needed_least_and_three_were_most_certain(shown: Found) -> None:
    rows = heads(shown.tables["flips"])
    assert rows["why"].tolist() == ["smallest change"] * 3 + ["most confident decision"] * 3
    assert rows["row"].is_unique and rows["size"][:3].is_monotonic_increasing
    assert (rows["attack"] == "fgsm").all() and (rows["eps"] == 0.05).all()
    rate = shown.one("flip_rate", attack="fgsm", norm="inf", eps=0.05)
    # Whole hours reach less far than REACH says, so that the last of the sure ones is within it, not at it.
    reached = np.flatnonzero(np.abs(MARGIN) <= 0.05 * (REACH.sum() - REACH[COLUMNS.index("hours")]))
    assert len(reached) - 3 <= rate.counts["rate"][0] <= (np.abs(MARGIN) <= 0.05 * REACH.sum()).sum()
    certain = np.abs(MARGIN[rows["row"][3:].astype(int) - 1])
    assert (np.diff(certain) <= 1e-6).all()
    assert certain[-1] >= np.sort(np.abs(MARGIN[reached]))[-3 - 3]
    smallest = np.abs(MARGIN[rows["row"][:3].astype(int) - 1])
    assert smallest.max() < certain.min()


def test_of_very_many_rows_the_nearest_and_the_surest_are_looked_at(audited: Subject, shown: Found) -> None:
    space, _ = threat_model_of(audited, OPTIONS["immutable"], OPTIONS["integer"], max(OPTIONS["eps"]))
    plan = Plan(OPTIONS["attacks"], OPTIONS["eps"], 0, 20, 500)
    attacked = run_attacks(audited, space, "inf", plan, Budget(1e12, 1))
    rows = heads(pd.DataFrame(flips(attacked, audited, shrunk_rows=4).columns))
    expected = heads(shown.tables["flips"])
    assert rows["row"].tolist()[3:] == expected["row"].tolist()[3:]
    assert set(rows["row"][:3] - 1) <= set(np.argsort(np.abs(MARGIN))[:5])


def test_few_flipped_rows_stand_once_each(audited: Subject) -> None:
    eps = float(np.sort(np.abs(MARGIN))[3]) / REACH.sum() * 1.001
    table = measure("robustness", audited, eps=[eps], immutable=FIXED, attacks=["fgsm"]).tables["flips"]
    rows = heads(table)
    assert rows["why"].tolist() == ["smallest change"] * 3 + ["most confident decision"]
    assert set(rows["row"] - 1) == set(np.argsort(np.abs(MARGIN))[:4])


def test_nothing_flipped_leaves_an_empty_table(audited: Subject) -> None:
    found = measure("robustness", audited, eps=[0.0], attacks=["fgsm", "noise"])
    assert found.tables["flips"].empty and found.tables["columns"]["alone"].isna().all()
    assert list(found.tables["flips"]) == [
        "case", "why", "row", "attack", "eps", "size", "score_before", "score_after", "feature", "before", "after",
        "change", "deviations",
    ]  # fmt: skip


def test_the_columns_are_those_of_the_background(shown: Found) -> None:
    table = shown.tables["columns"].set_index("feature")
    assert table.index.tolist() == COLUMNS
    free = [name for name in COLUMNS if name not in FIXED]
    assert table["moved"].tolist() == [name in free for name in COLUMNS]
    assert table["why"].tolist() == ["immutable" if name in FIXED else "" for name in COLUMNS]
    np.testing.assert_allclose(table["unit"], np.where(table["moved"], UNIT, np.nan), rtol=1e-6)
    np.testing.assert_allclose(table["low"], BACKGROUND[COLUMNS].min(), rtol=1e-6)
    np.testing.assert_allclose(table["high"], BACKGROUND[COLUMNS].max(), rtol=1e-6)
    assert table.index[table["integer"]].tolist() == ["hours"]


def test_what_a_column_flips_alone(audited: Subject) -> None:
    """Of the rows that FGSM flips at the smallest size that flips 50: those that the column's own step flips."""
    found = measure("robustness", audited, eps=[0.005, 0.15, 0.4], immutable=FIXED, attacks=["fgsm"])
    flipped = np.abs(MARGIN) <= 0.15 * REACH.sum()
    assert (np.abs(MARGIN) <= 0.005 * REACH.sum()).sum() < 50 < flipped.sum()
    alone = found.tables["columns"].set_index("feature")["alone"]
    for place, name in enumerate(COLUMNS):
        own = (np.abs(MARGIN[flipped]) <= 0.15 * REACH[place]).mean()
        assert np.isnan(alone[name]) if name in FIXED else alone[name] == own
    assert 0 < alone["hours"] < alone["age"] < 1


def test_masked_flips_hold_ranges_and_no_row_number(masked: Found, shown: Found) -> None:
    table, plain = masked.tables["flips"], shown.tables["flips"]
    assert table["row"].isna().all()
    masker = Masker("masked", {name: BACKGROUND[name].to_numpy() for name in COLUMNS}, {})
    lines = zip(plain["row"].astype(int) - 1, plain["feature"], table["before"], strict=True)
    assert all(before == masker.text(name, DATA[name].iloc[row]) for row, name, before in lines)
    same = ["case", "why", "attack", "eps", "feature"]
    pd.testing.assert_frame_equal(table[same], plain[same])


def test_masked_flips_say_what_was_done_in_three_digits(masked: Found, shown: Found) -> None:
    """Exact numbers beside an end of a range would give the value away."""
    table, plain = masked.tables["flips"], shown.tables["flips"]
    for name in ("size", "change", "deviations"):
        assert table[name].tolist() == [float(f"{value:.3g}") for value in plain[name]]
        assert (table[name] != plain[name]).any()
    for name in ("score_before", "score_after"):
        assert ((table[name] >= 0.5) == (plain[name] >= 0.5)).all()
        np.testing.assert_allclose(table[name], plain[name], atol=5e-4)
        assert (table[name] != plain[name]).all()
    assert (table["score_before"] != table["score_after"]).all()


def test_masked_ends_of_ranges_stand_where_ten_background_rows_share_them(masked: Found) -> None:
    table = masked.tables["columns"].set_index("feature")
    assert table["low"].dropna().to_dict() == {"sex_Male": 0, "is_north": 0}
    assert table["high"].dropna().to_dict() == {"sex_Male": 1, "is_north": 1}


def test_a_report_without_rows_has_no_flips(model: Path, tmp_path: Path) -> None:
    subject = subject_of(model, DATA, BACKGROUND, tmp_path, rows="none")
    assert set(measure("robustness", subject, **OPTIONS).tables) == {"columns", "validity"}


def test_flips_that_a_model_takes_back_are_left_out_and_what_was_measured_stays(tmp_path: Path) -> None:
    """Its scores turn in batches of sizes that no scoring saw: the rows that flipped, asked together, did not."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        z, size = tf.matmul(x, tf.constant(WEIGHTS[:, None], tf.float32)) - 2.5, tf.shape(x)[0]
        return tf.sigmoid(tf.where((size > 256) & (size < len(DATA)), -z, z))

    save(tmp_path / "model", score, x=([None, len(COLUMNS)], tf.float32))
    allowed = {"inputs": {"x": list(COLUMNS)}, "allow_operations": ["batch_size"]}  # else it is refused
    given = subject_of(tmp_path / "model", DATA, BACKGROUND, tmp_path, spec=allowed)
    found = untraced(Robustness(**{**OPTIONS, "eps": [3.0]}).measure(given))
    (told,) = (item.about for item in found if isinstance(item, Table) and item.name == "flips")
    assert re.search(
        r"[1-9]\d* of \d+ rows are left out, .* since the model decides the same row differently$", told
    )
    shares = [
        m for m in found if isinstance(m, Measurement) and m.metric == "robustness.adversarial_accuracy"
    ]
    assert {m.where["attack"] for m in shares} >= {"noise", "fgsm", "worst"}
