"""Mixed spellings from file to verdict: what is measured equals the same audit of the file written in one way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

import audit
from audit.data.dataset import read_dataset
from audit.data.readers.registry import open_source
from audit.policy.model import DataSpec
from audit.result import Report

from ..audits import GIVEN, content, one, people
from ..conftest import Models
from ..data.columns import WRITERS, tfrecord
from ..values.spellings import SPELLINGS, VALUE_OF

RULES = [
    {"metric": "performance.auc", "at_least": 0.6},
    {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.8, "at_most": 1.25},
]


def people_as_numbers(rows: int = 1600) -> pd.DataFrame:
    """Women are 0 and men 1; women are scored much lower."""
    frame = people(rows).drop(columns=["race", "age"])
    shift = np.where(frame["sex"] == "Male", 0.12, -0.12)
    score = np.clip(frame["score"] + shift, 0.001, 0.999).round(3)
    sex = (frame["sex"] == "Male").astype(int).astype(str)
    return frame.assign(score=score, sex=sex, label=frame["label"].astype(str))


def half_as(column: pd.Series[str], **spellings: str) -> pd.Series[str]:
    """Return the column with every second row of a value spelled in another way."""
    other = np.arange(len(column)) % 2 == 1
    return column.where(~other, column.map(lambda value: spellings.get(f"v{value}", value)))


def audited(frame: pd.DataFrame, model: Path, folder: Path, **data: Any) -> Report:
    file = folder / "table.csv"
    frame.to_csv(file, index=False)
    policy = content(model, file, **{"spec": GIVEN, "protected": {"sex": {"privileged": 1}}, **data})
    return audit.run({**policy, "gate": {"rules": RULES, "min_rows": 200}})


def outcome(report: Report) -> Any:
    """Return verdict, rules and measurements."""
    return report.verdict, [replace(rule, id="") for rule in report.rules], report.checks


def test_a_group_written_in_two_ways_is_one_group(model: Models, tmp_path: Path) -> None:
    """Half of the women fell under `min_rows`, and men were compared with men: a pass where the clean file fails."""
    frame = people_as_numbers()
    clean = audited(frame, model("given"), tmp_path)
    mixed = audited(frame.assign(sex=half_as(frame["sex"], v1="1.0", v0="0.0")), model("given"), tmp_path)
    assert clean.verdict == mixed.verdict == "fail" and mixed.warnings == clean.warnings
    assert outcome(clean) == outcome(mixed)
    chosen = frame["score"].ge(0.5).groupby(frame["sex"]).mean()
    where = {"attribute": "sex", "unprivileged": "0", "privileged": "1"}
    assert one(mixed, "fairness.disparate_impact", **where).value == pytest.approx(
        chosen["0"] / chosen["1"], rel=1e-12
    )


@pytest.mark.parametrize("privileged", [1, 1.0, "1", "1.00"])
def test_the_policy_s_spelling_changes_nothing(model: Models, tmp_path: Path, privileged: Any) -> None:
    frame = people_as_numbers(800)
    protected = {"sex": {"privileged": privileged}}
    report = audited(frame, model("given"), tmp_path, protected=protected, favorable=privileged)
    assert outcome(report) == outcome(audited(frame, model("given"), tmp_path))


def test_a_label_written_in_two_ways_is_one_label(model: Models, tmp_path: Path) -> None:
    frame = people_as_numbers(800)
    clean = audited(frame, model("given"), tmp_path)
    mixed = audited(
        frame.assign(label=half_as(frame["label"], v1="1.0", v0="-0.0")), model("given"), tmp_path
    )
    assert outcome(clean) == outcome(mixed) and mixed.model.output.classes == [0, 1]
    label = frame["label"].astype(int)
    assert one(mixed, "performance.accuracy").value == pytest.approx(
        accuracy_score(label, frame["score"] >= 0.5)
    )
    assert one(mixed, "performance.auc").value == pytest.approx(roc_auc_score(label, frame["score"]))


def test_labels_with_and_without_a_zero(model: Models, tmp_path: Path) -> None:
    """Two values by default, which the report quotes; as numbers, what the clean file gives."""
    frame = people_as_numbers(800)
    clean = audited(frame, model("given"), tmp_path)
    mixed = frame.assign(label=half_as(frame["label"], v1="01", v0="0"))
    for favorable, message in ((None, r"data\.label"), (1, "two label values")):
        with pytest.raises(audit.AuditError, match=message) as caught:
            audited(mixed, model("given"), tmp_path, favorable=favorable)
        assert "data.values: {label: number}" in caught.value.fix and "'01' (" in caught.value.fix
    number = audited(mixed, model("given"), tmp_path, values={"label": "number"})
    assert outcome(number) == outcome(clean) and number.warnings == clean.warnings
    zeros = frame.assign(label=frame["label"].map({"0": "01", "1": "1"}))
    spec = {**GIVEN, "classes": ["01", 1]}
    two = audited(zeros, model("given"), tmp_path, favorable="1", spec=spec)
    assert outcome(two)[0] == clean.verdict and two.model.output.classes == ["01", 1]
    assert any("'1' (" in warning and "'01' (" in warning for warning in two.warnings)


def test_the_verdict_does_not_depend_on_the_order_of_rows(model: Models, tmp_path: Path) -> None:
    frame = people_as_numbers()
    frame["sex"] = frame["sex"].map({"0": "00501", "1": "501"})
    reports = [
        audited(rows, model("given"), tmp_path, protected={"sex": {"privileged": privileged}})
        for rows in (frame.sort_values("sex"), frame.sort_values("sex", ascending=False))
        for privileged in ("501", 501)
    ]
    assert [report.verdict for report in reports] == ["fail"] * 4
    where = {"attribute": "sex", "unprivileged": "00501", "privileged": "501"}
    values = [one(report, "fairness.disparate_impact", **where).value for report in reports]
    chosen = frame["score"].ge(0.5).groupby(frame["sex"]).mean()
    assert values == pytest.approx([chosen["00501"] / chosen["501"]] * 4, rel=1e-12)


def test_folded_groups_are_those_of_the_clean_file(model: Models, tmp_path: Path) -> None:
    frame = people_as_numbers(800)
    frame["sex"] = frame["sex"].map({"0": "Female", "1": "Male"})
    mixed = frame.assign(sex=half_as(frame["sex"], vMale="MALE ", vFemale="female"))
    male: dict[str, Any] = {"sex": {"privileged": "Male"}}
    plain = audited(mixed, model("given"), tmp_path, protected=male)
    (warning,) = [warning for warning in plain.warnings if "may be the same" in warning]
    assert "'Male' (" in warning and "'MALE ' (" in warning and "data.values: {sex: folded}" in warning
    folded = audited(mixed, model("given"), tmp_path, protected=male, values={"sex": "folded"})
    assert not [warning for warning in folded.warnings if "may be the same" in warning]
    lower = frame.assign(sex=frame["sex"].str.lower())
    clean = audited(lower, model("given"), tmp_path, protected={"sex": {"privileged": "male"}})
    assert outcome(folded) == outcome(clean)


def named(path: Path) -> None:
    """Scores of two classes beside their names, 1 first, as TensorFlow Serving's classification signature has them."""
    import tensorflow as tf

    module = tf.Module()

    def call(x: Any) -> dict[str, Any]:
        scores = tf.concat([x, 1 - x], 1)
        return {"scores": scores, "classes": tf.repeat(tf.constant([["1", "0"]]), tf.shape(x)[0], 0)}

    module.call = tf.function(call, input_signature=[tf.TensorSpec([None, 1], tf.float64, name="x")])
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})


@pytest.mark.parametrize("spelled", [{"v1": "1.0"}, {}, {"v1": "1.00", "v0": "-0"}])
def test_names_in_the_model_s_output_are_labels_however_written(
    tmp_path: Path, spelled: dict[str, str]
) -> None:
    named(tmp_path / "model")
    frame = people_as_numbers(800)
    frame["label"] = half_as(frame["label"], **spelled)
    report = audited(frame, tmp_path / "model", tmp_path, spec={"inputs": {"x": ["score"]}})
    assert report.model.output.classes == [1, 0]
    label = frame["label"].astype(float)
    assert one(report, "performance.auc").value == pytest.approx(roc_auc_score(label, frame["score"]))


def test_spellings_of_a_tfrecord_are_those_of_every_reader(tmp_path: Path) -> None:
    rows = [*SPELLINGS, *reversed(SPELLINGS)]
    halves = ["0", "1"] * len(SPELLINGS)
    path = WRITERS["tfrecord"]({"g": rows, "own": rows, "label": halves}, tmp_path)
    spec = {"path": str(path), "label": "own", "favorable": "Male", "protected": {"g": {"privileged": 501.0}}}
    read = read_dataset(DataSpec.model_validate(spec), open_source(str(path)), "auto")
    values = np.array([VALUE_OF[spelling] for spelling in rows])
    codes = read.attributes[0].codes
    np.testing.assert_array_equal(codes[:, None] == codes, values[:, None] == values)
    assert read.attributes[0].privileged_name == "501"


def test_numbers_of_a_tfrecord_are_those_of_a_csv(tmp_path: Path) -> None:
    path = tfrecord({"g": [0.1, 2.0], "label": [1, 0]}, tmp_path)
    spec = {
        "path": str(path),
        "label": "label",
        "favorable": "1.0",
        "protected": {"g": {"privileged": "0.1"}},
    }
    read = read_dataset(DataSpec.model_validate(spec), open_source(str(path)), "auto")
    assert read.attributes[0].rows == {"0.1": 1, "2": 1}
