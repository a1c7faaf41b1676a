"""Mean predictions of a regression by group: the value by pandas, the interval by the bootstrap, the default rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.checks.fairness.mean_predictions import influence
from audit.subject.predictions import Regressed

from ...audits import content, one, store, subject
from ...conftest import Models

NUMBER = {"inputs": {"x": ["score"]}, "output": "regression"}
SEX: dict[str, Any] = {"sex": {"privileged": "Male"}}
WHERE = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}


def wages(rows: int = 1200, gap: float = 0.3, seed: int = 1, noise: float = 1.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    sex = random.choice(["Female", "Male"], rows, p=[0.3, 0.7])
    label = random.gamma(2.0, 3.0, rows) + gap * 4 * (sex == "Male")
    frame = pd.DataFrame({"sex": sex, "label": label, "score": label + random.normal(0, noise, rows)})
    return frame.assign(w=random.uniform(0.2, 3.0, rows), who=random.integers(0, rows // 3, rows))


def by_pandas(frame: pd.DataFrame, weight: str | None) -> float:
    weights = frame[weight] if weight else pd.Series(1.0, frame.index)
    means = [np.average(part["score"], weights=weights[part.index]) for _, part in frame.groupby("sex")]
    centre = np.average(frame["label"], weights=weights)
    return float((means[0] - means[1]) / np.sqrt(np.average((frame["label"] - centre) ** 2, weights=weights)))


@pytest.mark.parametrize(("weight", "cluster"), [(None, None), ("w", None), (None, "who"), ("w", "who")])
def test_value_and_standard_error(
    weight: str | None, cluster: str | None, model: Models, tmp_path: Path
) -> None:
    frame = wages()
    policy = content(
        model("given"), store(frame, tmp_path), spec=NUMBER, protected=SEX, weight=weight, cluster=cluster
    )
    found = one(audit.run(policy), "fairness.mean_prediction_difference", **WHERE)
    assert found.value == pytest.approx(by_pandas(frame, weight), abs=1e-12)
    assert (found.n, found.smallest_n) == (1200, (frame["sex"] == "Female").sum())
    random = np.random.default_rng(2)
    units = frame["who"].to_numpy() if cluster else np.arange(len(frame))
    places = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    again = [
        by_pandas(frame.iloc[np.concatenate([places[i] for i in random.integers(0, len(places), len(places))])]
                  .reset_index(drop=True), weight)
        for _ in range(400)
    ]  # fmt: skip
    assert found.se == pytest.approx(np.std(again), rel=0.12)
    assert found.ci is not None and found.ci[0] < found.value < found.ci[1]


def test_influences_are_derivatives(model: Models, tmp_path: Path) -> None:
    """A row of a little more weight moves the value by its influence."""
    frame = wages(200)
    loaded = subject(content(model("given"), store(frame, tmp_path), spec=NUMBER, protected=SEX, weight="w"))
    assert isinstance(loaded.scores, Regressed) and loaded.weights is not None
    (attribute,) = loaded.attributes
    values = influence(["Female"], attribute, loaded.scores, loaded)
    step = 1e-5
    sizes = frame.groupby("sex")["w"].agg(lambda w: w.sum() ** 2 / (w**2).sum())
    for row in (0, 1, 2, 3):
        moved = frame.assign(w=frame["w"] + step * (frame.index == row))
        slope = (by_pandas(moved, "w") - by_pandas(frame, "w")) / step * frame["w"].sum()
        bessel = (sizes[frame["sex"][row]] / (sizes[frame["sex"][row]] - 1)) ** 0.5
        assert values[row] / loaded.weights[row] == pytest.approx(slope, rel=0.02 + bessel - 1, abs=0.02)


def test_default_rules_of_a_regression(model: Models, tmp_path: Path) -> None:
    """A permuted target is no pass; predictions that are constant cannot differ; a good one without a gap passes."""
    frames = {
        "pass": wages(4000, gap=0.0, noise=0.5),
        "fail": wages(4000, gap=0.5),
        "permuted": wages(4000, gap=0.0).assign(
            score=lambda f: f["score"].sample(frac=1, random_state=0).to_numpy()
        ),
        "constant": wages(4000, gap=0.0).assign(score=6.0),
    }
    expected = {"pass": ("pass", "pass"), "fail": ("pass", "fail"), "permuted": ("fail", "pass"),
                "constant": ("fail", "inconclusive")}  # fmt: skip
    for name, frame in frames.items():
        policy = content(model("given"), store(frame, tmp_path), spec=NUMBER, protected=SEX)
        del policy["gate"]
        report = audit.run(policy)
        assert [rule.metric for rule in report.rules] == [
            "performance.r2",
            "fairness.mean_prediction_difference",
        ]
        assert tuple(rule.status for rule in report.rules) == expected[name], name


def test_small_groups_are_pooled(model: Models, tmp_path: Path) -> None:
    frame = wages().assign(sex=lambda f: np.where(f["sex"] == "Male", "Male", [f"f{i % 9}" for i in f.index]))
    merged = frame.assign(sex=np.where(frame["sex"] == "Male", "Male", "Female"))
    values = []
    for rows, group in ((frame, "(others)"), (merged, "Female")):
        policy = content(model("given"), store(rows, tmp_path), spec=NUMBER, protected=SEX)
        policy["gate"] = {"rules": [], "min_rows": 200}
        found = one(
            audit.run(policy), "fairness.mean_prediction_difference", **{**WHERE, "unprivileged": group}
        )
        values.append((found.value, found.se, found.n, found.permuted_range))
    assert values[0] == values[1]


def test_the_same_model_beside_itself(model: Models, tmp_path: Path) -> None:
    spec = {**NUMBER, "baseline": str(model("given"))}
    found = one(
        audit.run(content(model("given"), store(wages(), tmp_path), spec=spec, protected=SEX)),
        "fairness.mean_prediction_difference", **WHERE,
    )  # fmt: skip
    assert found.baseline is not None and found.baseline.improvement == 0.0
