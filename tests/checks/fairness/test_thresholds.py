"""The metrics over other thresholds: by AIF360 called by hand, and by audits with those thresholds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.check import policy_from
from audit.checks.fairness.check import Fairness
from audit.checks.fairness.threshold_tables import METRICS
from audit.result import Measurement, Table
from audit.stats import interval
from audit.stats.influence import untraced
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ...audits import GIVEN, content, people, store
from ...conftest import Models
from ...models import save
from .. import oracle

PROTECTED = {"sex": {"privileged": "Male"}, "race": {"privileged": ["Other", "White"]}}
GRID = [round(0.05 * step, 2) for step in range(1, 20)]
WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])


def subject_of(frame: pd.DataFrame, model: Path, folder: Path, **given: Any) -> Subject:
    spec, confidence = given.pop("spec", GIVEN), given.pop("confidence", 0.95)
    policy = content(model, store(frame, folder), spec=spec, **{"protected": PROTECTED, **given})
    policy["gate"]["confidence"] = confidence
    return load_subject(policy_from(policy), lambda *_: None)


def tables(subject: Subject) -> dict[str, pd.DataFrame]:
    with np.errstate(all="ignore"):
        found = [item for item in untraced(Fairness().measure(subject)) if isinstance(item, Table)]
    return {table.name: pd.DataFrame(table.columns) for table in found}


def curves(subject: Subject) -> pd.DataFrame:
    return tables(subject)["thresholds"]


def measured(subject: Subject) -> list[Measurement]:
    """Return the comparisons that the curves follow, with their intervals as in a report."""
    assert subject.policy.gate is not None
    with np.errstate(all="ignore"):
        found = [m for m in untraced(Fairness().measure(subject)) if isinstance(m, Measurement)]
    followed = [m for m in found if m.metric.removeprefix("fairness.") in METRICS]
    return [replace(m, ci=interval(m, subject.policy.gate.confidence)) for m in followed]


def require_same(row: pd.Series, found: Measurement, weighted: bool = False) -> None:
    """Weighted sums may differ in their last digit with the order of the rows; everything else may not."""
    name, room = found.metric.removeprefix("fairness."), 1e-12 if weighted else 0.0
    np.testing.assert_allclose(row[name], found.value, rtol=room, atol=room)
    if found.ci is None:
        assert pd.isna(row[f"{name}_low"]) and pd.isna(row[f"{name}_high"])
    else:
        np.testing.assert_allclose(
            [row[f"{name}_low"], row[f"{name}_high"]], found.ci, rtol=1e-12, atol=1e-12
        )


def require_chosen_is_measured(subject: Subject) -> None:
    found, comparisons = curves(subject), measured(subject)
    chosen = found[found["chosen"]]
    assert len(comparisons) == len(METRICS) * len(chosen) > 0
    for measurement in comparisons:
        where = {k: v for k, v in measurement.where.items() if k != "privileged"}
        (row,) = (row for _, row in chosen.iterrows() if all(row[k] == v for k, v in where.items()))
        require_same(row, measurement, subject.weights is not None)


@WEIGHTED
def test_every_threshold_is_aif360_s_on_the_decisions_that_it_makes(
    model: Models, tmp_path: Path, weighted: bool
) -> None:
    frame = people(90).assign(w=np.random.default_rng(3).gamma(1.0, 2.0, 90))
    frame.loc[:9, "score"] = np.array(GRID[2:12])  # written as a threshold, held in 32 bits
    given = {"weight": "w"} if weighted else {}
    found = curves(subject_of(frame, model("given"), tmp_path, **given))
    assert found["threshold"].tolist() == GRID * 2
    score = frame["score"].to_numpy(np.float32)
    for _, row in found.iterrows():
        chosen = score >= np.float32(row["threshold"])
        weights = frame["w"] if weighted else None
        groups = row["attribute"], row["unprivileged"], row["privileged"]
        expected = oracle.metric(frame[groups[0]], frame["label"], chosen, *groups[1:], weights)
        for name in METRICS:
            np.testing.assert_allclose(row[name], oracle.value(expected, name), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.62])
@pytest.mark.parametrize(
    "given", [{}, {"weight": "w"}, {"cluster": "who"}, {"weight": "w", "cluster": "who"}]
)
def test_at_the_chosen_threshold_stands_what_is_measured(
    model: Models, tmp_path: Path, threshold: float, given: dict[str, str]
) -> None:
    """To the last digit, scores that lie on it included; and so do the ends of the intervals."""
    random = np.random.default_rng(4)
    frame = people(200).assign(w=random.gamma(1.0, 2.0, 200), who=random.integers(0, 60, 200))
    frame.loc[::7, "score"] = threshold
    found = subject_of(frame, model("given"), tmp_path, threshold=threshold, confidence=0.9, **given)
    over = curves(found)
    assert over[over["attribute"] == "sex"]["threshold"].tolist() == sorted({*GRID, threshold})
    require_chosen_is_measured(found)


def two_columns(path: Path) -> None:
    import tensorflow as tf

    save(path, lambda x: tf.concat([1 - x, x], 1), x=([None, 1], tf.float32))


def logits(path: Path) -> None:
    import tensorflow as tf

    save(path, lambda x: tf.math.log(x / (1 - x)), x=([None, 1], tf.float32))


@pytest.mark.parametrize("favorable", [0, 1])
@pytest.mark.parametrize("kind", ["given", "two_columns", "logits"])
def test_another_threshold_s_row_is_what_an_audit_with_it_measures(
    model: Models, tmp_path: Path, kind: str, favorable: int
) -> None:
    """Scores on the threshold too: of the other class 0.7 reaches 0.3, though 1 - 0.7 falls short of it."""
    if kind == "given":
        path = model("given")
    else:
        path = tmp_path / kind
        {"two_columns": two_columns, "logits": logits}[kind](path)
    frame = people(120)
    frame.loc[::2, "score"] = np.random.default_rng(5).choice(GRID, 60)
    spec = {**GIVEN, "output": "logits"} if kind == "logits" else GIVEN
    given: dict[str, Any] = {"spec": spec, "favorable": favorable}
    found = curves(subject_of(frame, path, tmp_path, **given))
    for threshold in (0.3, 0.7):
        rows = found[found["threshold"] == threshold]
        for measurement in measured(subject_of(frame, path, tmp_path, threshold=threshold, **given)):
            group = measurement.where["unprivileged"]
            (row,) = (row for _, row in rows.iterrows() if row["unprivileged"] == group)
            require_same(row, measurement)


def test_a_regression_s_prediction_has_a_threshold_as_well(model: Models, tmp_path: Path) -> None:
    frame = people(400)
    frame["label"] = 100 * frame["label"] + 10 * frame["score"]
    frame["score"] *= 200
    given = {"spec": {**GIVEN, "output": "regression"}, "favorable": {"at_least": 90.5}}
    subject = subject_of(frame, model("given"), tmp_path, **given)
    require_chosen_is_measured(subject)
    found = curves(subject)
    (thresholds,) = {tuple(part["threshold"]) for _, part in found.groupby("unprivileged")}
    assert 90.5 in thresholds and len(thresholds) == 20
    assert np.quantile(frame["score"], 0.05) == pytest.approx(min(thresholds), abs=0.5)
    score, chosen = frame["score"].to_numpy(np.float32), np.float32(thresholds[4])
    expected = oracle.metric(frame["sex"], frame["label"] >= 90.5, score >= chosen, "Female", "Male")
    row = found[(found["attribute"] == "sex") & (found["threshold"] == thresholds[4])].iloc[0]
    for name in METRICS:
        assert row[name] == pytest.approx(oracle.value(expected, name), abs=1e-12)


def test_thresholds_lie_where_the_scores_do(model: Models, tmp_path: Path) -> None:
    frame = people(300)
    frame["score"] = (frame["score"] / 20).round(4)
    subject = subject_of(frame, model("given"), tmp_path)
    found = curves(subject)
    thresholds = found[found["attribute"] == "sex"]["threshold"]
    assert thresholds.max() == 0.5 and (thresholds < 0.05).sum() >= 15
    require_chosen_is_measured(subject)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_one_score_for_all_rows_has_one_threshold_beside_the_chosen_one(
    model: Models, tmp_path: Path
) -> None:
    subject = subject_of(people(60).assign(score=0.25), model("given"), tmp_path)
    assert set(curves(subject)["threshold"]) == {0.25, 0.5}
    require_chosen_is_measured(subject)


def test_a_group_without_a_row_in_a_rate_has_no_interval(model: Models, tmp_path: Path) -> None:
    frame = people(80)
    frame.loc[frame["sex"] == "Female", "label"] = 0
    subject = subject_of(frame, model("given"), tmp_path, protected={"sex": {"privileged": "Male"}})
    found = curves(subject)
    for name in ("equal_opportunity_difference", "average_odds_difference"):
        assert found[[name, f"{name}_low", f"{name}_high"]].isna().all().all()
    assert found["statistical_parity_difference_low"].notna().all()
    require_chosen_is_measured(subject)


def test_a_group_without_weight_has_no_interval_either(model: Models, tmp_path: Path) -> None:
    frame = people(80)
    frame["w"] = (frame["sex"] == "Male").astype(float)
    given = {"weight": "w", "protected": {"sex": {"privileged": "Male"}}}
    subject = subject_of(frame, model("given"), tmp_path, **given)
    for name in METRICS:
        assert curves(subject)[[name, f"{name}_low", f"{name}_high"]].isna().all().all()
    require_chosen_is_measured(subject)


@WEIGHTED
def test_accuracy_over_the_threshold(model: Models, tmp_path: Path, weighted: bool) -> None:
    frame = people(150).assign(w=np.random.default_rng(6).gamma(1.0, 2.0, 150))
    found = tables(subject_of(frame, model("given"), tmp_path, **({"weight": "w"} if weighted else {})))
    for _, row in found["threshold_accuracy"].iterrows():
        right = (frame["score"].to_numpy(np.float32) >= np.float32(row["threshold"])) == frame["label"]
        assert row["accuracy"] == pytest.approx(np.average(right, weights=frame["w"] if weighted else None))
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
        assert row["chosen"] == (row["threshold"] == 0.5)


def test_several_classes_have_no_threshold(model: Models, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(random.normal(size=(60, 2)).astype(np.float32), columns=["a", "b"])
    frame["label"], frame["sex"] = np.arange(60) % 3, ["Male", "Female"] * 30
    given = {
        "spec": {"inputs": {"x": ["a", "b"]}},
        "favorable": 2,
        "protected": {"sex": {"privileged": "Male"}},
    }
    assert tables(subject_of(frame, model("softmax"), tmp_path, **given)) == {}
