"""The check on real models: what it measures, by the table itself, and what a policy makes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.check import load_policy
from audit.errors import Skip
from audit.result import Report
from audit.subject.loading import load_subject
from audit.testing import conforms

from ...audits import content, one, run, store, subject
from ...conftest import Models
from ...models import save
from ..kit import measure

PROTECTED: dict[str, Any] = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}
SPEC: dict[str, Any] = {"output": "probabilities"}


def people(rows: int = 6000, seed: int = 0, hidden: float = 0.45) -> pd.DataFrame:
    """``a`` decides; of Black people with ``b`` of 2 or more many labels contradict it."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=rows).round(3), "b": rng.integers(0, 4, rows) * 1.0})
    frame["sex"] = rng.choice(["Female", "Male"], rows)
    frame["race"] = rng.choice(["Black", "White"], rows, p=[0.3, 0.7])
    slice_ = (frame["race"] == "Black") & (frame["b"] >= 2)
    wrong = rng.random(rows) < np.where(slice_, hidden, 0.1)
    return frame.assign(label=((frame["a"] > 0) ^ wrong).astype(int))


def audited(frame: pd.DataFrame, model: Path, folder: Path, rules: list[Any], **given: Any) -> Report:
    options = given.pop("options", {})
    policy = content(model, store(frame, folder), spec=given.pop("spec", SPEC), protected=PROTECTED, **given)
    policy["checks"] = {**policy["checks"], "slices": options}
    return audit.run({**policy, "gate": {"rules": rules}})


def table(report: Report) -> pd.DataFrame:
    (check,) = (check for check in report.checks if check.name == "slices")
    return pd.DataFrame(check.tables[0].columns)


def test_it_conforms() -> None:
    from audit.checks.slices import Slices

    conforms("slices", Slices)


def test_the_planted_slice_is_measured_named_and_fails_a_rule(model: Models, tmp_path: Path) -> None:
    frame = people()
    rule = {"metric": "slices.worst_gap", "at_most": 0.1}
    report = audited(frame, model("two_columns"), tmp_path, [rule])
    line = table(report).iloc[0]
    assert line["slice"] == "race Black and b 2 or more" and line["weak_spot"]
    right = (frame["a"] > 0) == frame["label"]
    inside = (frame["race"] == "Black") & (frame["b"] >= 2)
    assert line["accuracy"] == pytest.approx(right[inside].mean(), abs=0.05)
    assert line["accuracy_elsewhere"] == pytest.approx(right[~inside].mean(), abs=0.02)
    assert line["rows"] == pytest.approx(inside.sum() / 2, abs=60)
    gap = one(report, "slices.worst_gap")
    assert gap.value == pytest.approx(line["accuracy_elsewhere"] - line["accuracy"])
    assert gap.ci is not None and line["low"] <= gap.ci[0] < gap.value < gap.ci[1] <= line["high"]
    assert report.verdict == "fail" and report.rules[0].status == "fail"
    (warning,) = (text for text in report.warnings if "race Black and b 2 or more" in text)
    share = f"{100 * line['accuracy']:.1f}\xa0%"
    assert (
        warning.startswith(f"Accuracy is {share} (interval ")
        and f"the {line['rows']:,} held-out rows" in warning
    )


def test_too_few_rows_are_undecided_and_the_advice_names_the_option(model: Models, tmp_path: Path) -> None:
    rule = {"metric": "slices.worst_gap", "at_most": 0.3}
    report = audited(people(), model("two_columns"), tmp_path, [rule], options={"rows": 1200})
    assert report.rules[0].status == "inconclusive"
    (advice,) = report.rules[0].needs
    assert "more held-out rows (600 now)" in advice and "raise checks.slices.rows" in advice


def test_nothing_is_named_where_the_gap_is_no_more_than_chance(model: Models, tmp_path: Path) -> None:
    report = audited(people(hidden=0.1), model("two_columns"), tmp_path, [])
    assert not table(report)["weak_spot"].any() and not any(
        "held-out rows" in text for text in report.warnings
    )
    (check,) = (check for check in report.checks if check.name == "slices")
    (note,) = (note for note in check.notes if "by chance" in note)
    assert re.search(r"One of 50 rows would stand out from a gap of about 0\.[12]\d\d on", note)


def test_the_order_of_the_rows_does_not_matter(model: Models, tmp_path: Path) -> None:
    frame = people()
    shuffled = frame.sample(frac=1.0, random_state=1)
    reports = []
    for place, rows in enumerate((frame, shuffled)):
        folder = tmp_path / str(place)
        folder.mkdir()
        reports.append(audited(rows, model("two_columns"), folder, []))
    assert one(reports[0], "slices.worst_gap") == one(reports[1], "slices.worst_gap")


def test_a_regression_is_measured_in_standard_deviations(model: Models, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frame = people()
    spread = np.where(frame["race"] == "Black", 3.0, 1.0)
    frame["label"] = rng.normal(0, 5, len(frame))
    frame["score"] = frame["label"] + rng.normal(size=len(frame)) * spread
    spec = {"inputs": {"x": ["score"]}, "output": "regression"}
    report = audited(frame, model("given"), tmp_path, [], spec=spec, ignore=["a", "b"])
    line = table(report).iloc[0]
    errors = (frame["score"] - frame["label"]).abs() / frame["label"].std(ddof=0)
    black = frame["race"] == "Black"
    assert line["slice"] == "race Black" and line["weak_spot"]
    assert line["error"] == pytest.approx(errors[black].mean(), rel=0.1)
    assert line["gap"] == pytest.approx(errors[black].mean() - errors[~black].mean(), rel=0.15)
    assert one(report, "slices.worst_error_gap").value == line["gap"]
    assert any(text.startswith("The mean absolute error is ") for text in report.warnings)


def test_beside_a_baseline_each_model_has_its_own_worst_slice(model: Models, tmp_path: Path) -> None:
    column = ([None, 1], "float32")

    def fixed(a: Any, b: Any) -> Any:
        import tensorflow as tf

        return tf.sigmoid(tf.where(b >= 2.0, 0.1, 1.0) * a)  # decides as the candidate does

    save(tmp_path / "baseline", fixed, a=column, b=column)
    spec = {**SPEC, "baseline": str(tmp_path / "baseline")}
    rule = {"metric": "slices.worst_gap", "no_worse_than_baseline_by": 0.02}
    report = audited(people(), model("two_columns"), tmp_path, [rule], spec=spec)
    measured = one(report, "slices.worst_gap")
    assert measured.baseline is not None and measured.baseline.value == measured.value
    assert measured.baseline.correlation == pytest.approx(1.0, abs=0.01)
    assert report.rules[0].status == "pass"


def test_clusters_stay_together_and_weights_count(model: Models, tmp_path: Path) -> None:
    frame = people(3000)
    frame = pd.concat([frame, frame], ignore_index=True)
    frame["who"], frame["w"] = np.tile(np.arange(3000), 2), np.repeat([1.0, 3.0], 3000)
    given = content(
        model("two_columns"),
        store(frame, tmp_path),
        spec=SPEC,
        protected=PROTECTED,
        cluster="who",
        weight="w",
    )
    found = measure("slices", subject(given))
    gap = found.one("worst_gap")
    assert found.tables["slices"]["slice"][0] == "race Black and b 2 or more"
    rows = sum(trials for _, trials in gap.counts.values())
    assert gap.n == pytest.approx(3000, abs=1) and 1200 < rows <= 1501  # about half of the people


def test_of_images_there_are_groups_only(model: Models, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = 600
    images = rng.random((rows, 4, 4, 1), np.float32)
    group = rng.choice(["x", "y"], rows, p=[0.3, 0.7])
    label = (images.mean((1, 2, 3)) > 0.5) ^ (rng.random(rows) < np.where(group == "x", 0.5, 0.05))

    def bright(x: Any) -> Any:
        import tensorflow as tf

        return tf.sigmoid(10.0 * (tf.reduce_mean(x, [1, 2, 3], keepdims=False)[:, None] - 0.5))

    save(tmp_path / "model", bright, x=([None, 4, 4, 1], "float32"))
    np.savez(tmp_path / "images.npz", x=images, group=group, label=label.astype(int))
    policy = content(tmp_path / "model", tmp_path / "images.npz", protected={"group": {"privileged": "y"}})
    whole = subject({**policy, "model": {"path": str(tmp_path / "model"), "output": "probabilities"}})
    assert measure("slices", whole).tables["slices"]["slice"].tolist() == ["group x"]
    assert "features" not in vars(whole)
    with pytest.raises(Skip, match="no column to slice by"):
        measure("slices", replace(whole, attributes=[]))


def test_too_few_rows_for_any_slice_are_skipped(model: Models, tmp_path: Path) -> None:
    report = run(people(120).assign(score=0.5), model("given"), tmp_path, protected=PROTECTED)
    assert "slices" not in {check.name for check in report.checks}
    report = audited(people(150), model("two_columns"), tmp_path, [])
    (check,) = (check for check in report.checks if check.name == "slices")
    assert check.status == "skipped" and "50 rows in each half" in str(check.reason)


def test_adult_is_searched_and_its_slices_are_what_they_say(adult_policy: Path, raw_data: Path) -> None:
    from ...adult import read

    found = measure("slices", load_subject(load_policy(adult_policy), lambda *_: None))
    frame = read(raw_data / "adult" / "adult.test")
    first = found.tables["slices"].iloc[0]
    assert first["slice"] == "education-num 9 to 13 inclusive and marital-status Married-civ-spouse"
    inside = frame["education-num"].between(9, 13) & (frame["marital-status"] == "Married-civ-spouse")
    assert first["rows"] == pytest.approx(inside.sum() / 2, rel=0.05)
    assert found.one("worst_gap").value > 0.3
