"""Variants of other kinds of models: several classes, logits, regressions, texts, files of Keras, fixed batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.special import softmax

from audit.check import policy_from
from audit.mutants.mutant import CannotMutate
from audit.subject.loading import load_subjects

from .. import models
from ..conftest import Models
from ..zoo.sources import KINDS
from .kit import Workshop, content, expit, logits, rows, workshop

FRAME = rows(classes=3)
ODDS = logits(FRAME, 3)
FED = {"x": FRAME[["a", "b"]].to_numpy("float32")}
FEMALE = (FRAME["sex"] == "Female").to_numpy()
FAVORABLE = {"data": {"favorable": [2]}}


@pytest.fixture(scope="module", params=["softmax", "keras_file"])
def classes(
    request: pytest.FixtureRequest, model: Models, tmp_path_factory: pytest.TempPathFactory
) -> Workshop:
    """A SavedModel and a file of Keras with the same weights."""
    return workshop(model(request.param), FRAME, tmp_path_factory.mktemp("classes"), **FAVORABLE)


def test_probabilities_of_several_classes_stay_such(classes: Workshop) -> None:
    plain = softmax(ODDS, axis=1)
    flipped = classes.scored("flipped labels", FED)
    np.testing.assert_allclose(flipped, plain[:, [2, 0, 1]], atol=1e-6)
    rounded = classes.scored("masked gradients", FED)
    np.testing.assert_allclose(rounded * 100, np.round(rounded * 100), atol=1e-4)
    assert np.abs(rounded - plain).max() < 0.02 + 1e-6
    found = [flipped, rounded, classes.scored("constant score", FED), classes.scored("noise", FED)]
    for scores in found:
        np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)


def test_a_shift_moves_the_favourable_class_against_the_others(classes: Workshop) -> None:
    found = classes.scored("shifted group: sex=Female", {**FED, "selftest_added": FEMALE.astype("float32")})
    moved = np.log(found) - ODDS
    moved -= moved[:, :1]  # softmax knows log-odds up to a constant a row
    np.testing.assert_allclose(moved[~FEMALE], 0, atol=1e-4)
    np.testing.assert_allclose(moved[FEMALE, 1], 0, atol=1e-4)
    assert np.ptp(moved[FEMALE, 2]) < 1e-4 and moved[FEMALE, 2].mean() < 0
    before, after = ((scores[FEMALE].argmax(1) == 2).sum() for scores in (ODDS, found))
    assert before > 10 and abs(after - before / 2) <= 1


def test_a_leaked_label_names_each_class(classes: Workshop) -> None:
    for label in range(3):
        found = classes.scored(
            "leaked label", {**FED, "selftest_added": np.full(len(FRAME), label, "float32")}
        )
        assert (found.argmax(1) == label).mean() > 0.98


def test_the_favourable_outcome_becomes_all_others(classes: Workshop) -> None:
    assert classes.made("swapped favourable outcome").data.favorable == [0, 1]


def test_logits_stay_logits(model: Models, tmp_path: Path) -> None:
    found = workshop(model("logits"), FRAME, tmp_path, **FAVORABLE)
    np.testing.assert_allclose(found.scored("flipped labels", FED), 4 * ODDS[:, [2, 0, 1]], atol=1e-5)
    rounded = found.scored("masked gradients", FED)
    np.testing.assert_allclose(rounded, np.round(4 * ODDS * 10) / 10, atol=1e-5)
    assert found.made("masked gradients").model.output.kind == "logits"


def test_one_column_that_scores_the_unfavourable_class(model: Models, tmp_path: Path) -> None:
    frame, odds = rows(), logits(rows(), 1)[:, 0]
    female = (frame["sex"] == "Female").to_numpy()
    found = workshop(model("sigmoid"), frame, tmp_path, data={"favorable": [0]})
    fed = {"x": frame[["a", "b"]].to_numpy("float32"), "selftest_added": female.astype("float32")}
    scores = found.scored("shifted group: sex=Female", fed)[:, 0]
    assert (scores[female] > expit(odds[female])).all()
    before, after = ((1 - s[female] >= 0.5).sum() for s in (expit(odds), scores))
    assert abs(after - before / 2) <= 1


REGRESSION = {"model": {"output": "regression"}}


def test_a_regression_is_mirrored_rounded_and_shifted(model: Models, tmp_path: Path) -> None:
    frame, value = rows(), logits(rows(), 1)
    target = value[:, 0] + np.random.default_rng(1).standard_normal(len(frame))
    found = workshop(
        model("logit"),
        frame.assign(label=target),
        tmp_path,
        **REGRESSION,
        data={"favorable": {"at_least": 0.5}},
    )
    fed = {"x": frame[["a", "b"]].to_numpy("float32")}
    np.testing.assert_allclose(found.scored("flipped labels", fed), 2 * value.mean() - value, atol=1e-5)
    step = value.std() / 10
    np.testing.assert_allclose(
        found.scored("masked gradients", fed), np.round(value / step) * step, atol=1e-4
    )
    correlation = [np.corrcoef(v[:, 0], target)[0, 1] for v in (value, found.scored("noise", fed))]
    assert correlation[1] == pytest.approx(correlation[0] / 2, abs=0.05)
    leaked = found.scored("leaked label", {**fed, "selftest_added": target.astype("float32")})[:, 0]
    np.testing.assert_allclose(leaked, 0.1 * value[:, 0] + 0.9 * target, atol=1e-5)
    female = (frame["sex"] == "Female").to_numpy()
    lower = found.scored("shifted group: sex=Female", {**fed, "selftest_added": female.astype("float32")})
    before, after = ((v[female, 0] >= 0.5).sum() for v in (value, lower))
    assert abs(after - before / 2) <= 1
    assert list(found.left_out()) == ["swapped favourable outcome"]


def test_without_a_favourable_outcome_a_regression_has_fewer_variants(model: Models, tmp_path: Path) -> None:
    found = workshop(model("logit"), rows(), tmp_path, **REGRESSION)
    assert list(found.left_out()) == [
        "shifted group: sex=Female", "swapped favourable outcome", "masked gradients",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["keras_columns", "flat_columns"])
def test_texts_are_looked_up_in_the_variant_too(name: str, model: Models, tmp_path: Path) -> None:
    """The model's tables of words come along, whether Keras exported them or not."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"hours-per-week": random.integers(10, 80, 300).astype(float)})
    frame["marital-status"] = random.choice(["Married", "Single"], 300)
    frame = frame.assign(sex=random.choice(["Female", "Male"], 300), label=random.integers(0, 2, 300))
    found = workshop(model(name), frame, tmp_path)
    names, shape = ["hours-per-week", "marital-status"], (-1,) if name == "flat_columns" else (-1, 1)
    fed = {n.replace("-", "_"): frame[n].to_numpy().reshape(shape) for n in names}
    fed["hours_per_week"] = fed["hours_per_week"].astype("float32")
    own = found.candidate.raw.reshape(shape)
    assert len(np.unique(own)) > 50
    np.testing.assert_allclose(found.scored("flipped labels", fed), 1 - own, atol=1e-6)
    assert np.corrcoef(found.scored("noise", fed).ravel(), own.ravel())[0, 1] < 0.99


def test_a_fixed_batch_stays_fixed(tmp_path: Path) -> None:
    weights = tf.constant([row[:1] for row in models.WEIGHTS])
    models.save(tmp_path / "model", lambda x: tf.sigmoid(tf.matmul(x, weights)), x=([8, 2], tf.float32))
    found = workshop(tmp_path / "model", rows(), tmp_path)
    part = rows()[["a", "b"]].to_numpy("float32")[:8]
    for flag in (0, 1):
        fed = {"x": part, "selftest_added": np.full(8, flag, "float32")}
        assert found.scored("shifted group: sex=Female", fed).shape == (8, 1)


def test_a_group_that_nobody_of_is_selected_is_left_out(model: Models, tmp_path: Path) -> None:
    frame = rows()
    odds = logits(frame, 1)[:, 0]
    frame = frame.assign(sex=np.where(odds < 0, "Female", "Male"))
    found = workshop(model("sigmoid"), frame, tmp_path)
    assert "no rate can halve" in found.left_out()["shifted group: sex=Female"]


def test_a_thin_group_is_left_out(model: Models, tmp_path: Path) -> None:
    found = workshop(model("sigmoid"), rows(), tmp_path, gate={"min_rows": 300})
    assert "fewer than gate.min_rows (300)" in found.left_out()["shifted group: sex=Female"]


def test_where_every_score_is_favourable_no_group_is_shifted(model: Models, tmp_path: Path) -> None:
    found = workshop(model("sigmoid"), rows(), tmp_path, data={"threshold": 0})
    assert "every score is favourable" in found.left_out()["shifted group: sex=Female"]


def test_what_is_said_of_the_baseline_s_inputs_stays_its_own(model: Models, tmp_path: Path) -> None:
    """The candidate has no such input, and its variants are compared with the same baseline."""
    models.save(tmp_path / "old", lambda old: tf.sigmoid(old), old=([None, 1], tf.float32))
    spec = {"baseline": str(tmp_path / "old"), "inputs": {"x": ["a", "b"], "old": ["a"]}}
    found = workshop(model("sigmoid"), rows(), tmp_path, model=spec)
    made = found.made("leaked label")
    assert made.model.inputs == {"x": ["a", "b"], "old": ["a"], "selftest_added": ["selftest_added"]}
    candidate, baseline = load_subjects(made, lambda *_: None)
    assert baseline and [feed.name for feed in baseline.feeds] == ["old"]
    assert {feed.name for feed in candidate.feeds} == {"x", "selftest_added"}


def test_the_largest_unprivileged_group_is_taken(model: Models, tmp_path: Path) -> None:
    frame = rows()
    frame["sex"] = np.where(np.arange(len(frame)) < 30, "Other", frame["sex"])
    found = workshop(model("sigmoid"), frame, tmp_path)
    assert "shifted group: sex=Female" in found.known and "shifted group: sex=Other" not in found.known


def test_without_protected_attributes_no_group_is_shifted(model: Models, tmp_path: Path) -> None:
    found = workshop(model("sigmoid"), rows(), tmp_path, data={"protected": {}})
    assert list(found.left_out()) == ["shifted group"]


def test_variables_of_tensorflow_1_are_not_written_again(tmp_path: Path) -> None:
    """They would be written without their values."""
    kind = next(kind for kind in KINDS if "simple_save" in kind.name)
    made = kind.build(tmp_path)
    found = Workshop(policy_from(content(made.model, made.data, model=made.spec, data=made.given)), tmp_path)
    with pytest.raises(CannotMutate, match="variables of TensorFlow 1"):
        found.made("noise")
