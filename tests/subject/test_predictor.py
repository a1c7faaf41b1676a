"""The predictor decides as the audit did: its scores and classes on the sampled rows are those of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.subject.predictions import Classified, Regressed
from audit.subject.predictor import Predictor

from ..audits import content, file_rows, store, subject
from ..conftest import Models


def table(classes: int = 2) -> pd.DataFrame:
    random = np.random.default_rng(11)
    frame = pd.DataFrame(random.normal(0, 2, (500, 2)).astype(np.float32), columns=["a", "b"])
    return frame.assign(label=np.arange(500) % classes)


@pytest.mark.parametrize("batch", [64, 8192])
@pytest.mark.parametrize(
    ("name", "classes", "given"),
    [
        ("sigmoid", 2, {"favorable": 1, "threshold": 0.3}),
        ("sigmoid", 2, {"favorable": 0, "threshold": 0.3}),
        ("softmax", 3, {"favorable": 2}),
        ("softmax", 3, {"favorable": [0, 2]}),
        ("logit", 2, {"favorable": 1, "threshold": 0.8}),
        ("logits", 3, {"favorable": 1}),
    ],
)
def test_classes(
    model: Models, tmp_path: Path, name: str, classes: int, given: dict[str, Any], batch: int
) -> None:
    found = subject(content(model(name), store(table(classes), tmp_path), **given))
    assert isinstance(found.scores, Classified)
    predictor = Predictor(found.model, found.feeds, found.features.columns, found.decision_rule, batch)
    favorable, decided = predictor.decide(file_rows(found))
    np.testing.assert_array_equal(favorable, found.scores.favorable)
    np.testing.assert_array_equal(decided, found.scores.guess)
    np.testing.assert_array_equal(predictor(file_rows(found)), decided)
    assert decided.dtype == np.int32 and len(np.unique(decided)) > 1


@pytest.mark.parametrize(
    ("name", "classes", "given"),
    [
        ("sigmoid", 2, {"favorable": 1, "threshold": 0.3}),
        ("sigmoid", 2, {"favorable": 0, "threshold": 0.9}),
        ("softmax", 3, {"favorable": [0, 2]}),
        ("logit", 2, {"favorable": 0, "threshold": 0.8}),
        ("logits", 3, {"favorable": 1}),
    ],
)
def test_the_largest_log_odds_are_those_of_the_class_decided_on(
    model: Models, tmp_path: Path, name: str, classes: int, given: dict[str, Any]
) -> None:
    found = subject(content(model(name), store(table(classes), tmp_path), **given))
    assert isinstance(found.scores, Classified)
    odds, decided = found.predictor.log_odds(file_rows(found))
    np.testing.assert_array_equal(decided, found.scores.guess)
    np.testing.assert_array_equal(odds.argmax(1), decided)
    margin, p = (
        odds[:, found.decision_rule.favorable[0]]
        - np.delete(odds, found.decision_rule.favorable[0], 1).max(1),
        (found.scores.favorable),
    )
    if classes == 2:
        limit = given["threshold"]
        np.testing.assert_allclose(margin, np.log(p / (1 - p)) - np.log(limit / (1 - limit)), atol=1e-4)
    assert found.predictor.log_odds(file_rows(found)[:0]).classes.shape == (0,)


def test_log_odds_of_a_regression_are_its_distance_from_what_is_favourable(
    model: Models, tmp_path: Path
) -> None:
    policy = content(
        model("logit"), store(table(), tmp_path), spec={"output": "regression"}, favorable={"at_least": 0.5}
    )
    found = subject(policy)
    assert isinstance(found.scores, Regressed)
    odds, decided = found.predictor.log_odds(file_rows(found))
    np.testing.assert_allclose(odds[:, 1] - odds[:, 0], found.scores.prediction - 0.5, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(decided, found.scores.predicted)


def test_a_regression(model: Models, tmp_path: Path) -> None:
    policy = content(
        model("logit"), store(table(), tmp_path), spec={"output": "regression"}, favorable={"at_least": 0.5}
    )
    found = subject(policy)
    assert isinstance(found.scores, Regressed) and found.scores.predicted is not None
    prediction, decided = found.predictor.decide(file_rows(found))
    np.testing.assert_array_equal(prediction, found.scores.prediction)
    np.testing.assert_array_equal(decided, found.scores.predicted)


def test_texts_and_numbers(model: Models, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"hours-per-week": random.uniform(10, 70, 500).astype(np.float32)})
    frame["marital-status"] = random.choice(["Married", "Single", "Widowed"], 500)
    frame["label"] = np.arange(500) % 2
    for name in ("flat_columns", "keras_columns"):
        found = subject(content(model(name), store(frame, tmp_path), favorable=1))
        assert isinstance(found.scores, Classified)
        favorable, _ = found.predictor.decide(file_rows(found))
        np.testing.assert_array_equal(favorable, found.scores.favorable)


def test_no_rows(model: Models, tmp_path: Path) -> None:
    found = subject(content(model("sigmoid"), store(table(), tmp_path), favorable=1))
    scores, decided = found.predictor.decide(np.empty((0, 2), np.float32))
    assert scores.shape == decided.shape == (0,) and decided.dtype == np.int32
