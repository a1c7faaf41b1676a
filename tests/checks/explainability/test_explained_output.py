"""What is explained: log-odds, scores, several classes, regressions and texts, each against shap's exact explainer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp

from audit.subject.subject import Subject

from ...models import save
from ..kit import Found, measure, subject_of

Numbers = Callable[[np.ndarray], np.ndarray]
A, B = (np.random.default_rng(seed).normal(size=(3, 3)) for seed in (1, 2))
NAMES = ["u", "v", "w"]


def table(rows: int, seed: int, labels: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)).astype(np.float32), columns=NAMES)
    return frame.assign(label=np.arange(rows) % labels)


def logits(x: np.ndarray, exp: Callable[[Any], Any] = np.tanh) -> Any:
    """Three logits in which the columns interact."""
    return exp(x @ A.astype(np.float32)) @ B.astype(np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("models")
    heads: dict[str, Callable[[Any], Any]] = {
        "sigmoid": lambda z: tf.sigmoid(z[:, :1]),
        "softmax": tf.nn.softmax,
        "regression": lambda z: 100 + 20 * z[:, :1],
    }

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            save(path, lambda x: heads[name](logits(x, tf.tanh)), x=([None, 3], tf.float32))
        return path

    return find


def audited(model: Path, folder: Path, labels: int = 2, output: str = "auto", **given: Any) -> Subject:
    spec = {"inputs": {"x": NAMES}, "output": output}
    return subject_of(model, table(40, 3, labels), table(20, 4, labels), folder, spec=spec, **given)


def exact(value: Numbers, rows: np.ndarray, references: np.ndarray) -> np.ndarray:
    import shap

    masker = shap.maskers.Independent(references, max_samples=len(references))
    return np.asarray(shap.explainers.Exact(value, masker)(rows).values)


def require(found: Found, values: np.ndarray, names: list[str], atol: float = 1e-5) -> None:
    """Compare means over rows, and row by row what the report tells of single ones."""
    for place, name in enumerate(names):
        size = found.value("mean_abs_attribution", feature=name)
        assert size == pytest.approx(np.abs(values[:, place]).mean(), abs=atol)
    local = found.tables["local"]
    assert len(local) >= 2 * len(names)
    for line in local.to_dict("records"):
        expected = values[line["row"] - 1, names.index(line["feature"])]
        assert line["attribution"] == pytest.approx(expected, abs=atol)


VALUES: dict[str, tuple[str, dict[str, Any], Numbers]] = {
    "logit": ("sigmoid", {}, lambda x: logits(x)[:, 0]),
    "first class": ("sigmoid", {"favorable": 0}, lambda x: -logits(x)[:, 0]),
    "score": ("sigmoid", {}, lambda x: expit(logits(x)[:, 0])),
    "two of three classes": (
        "softmax",
        {"favorable": [0, 2], "labels": 3},
        lambda x: logsumexp(logits(x)[:, [0, 2]], axis=1) - logits(x)[:, 1],
    ),
    "one of three classes": (
        "softmax",
        {"favorable": [2], "labels": 3},
        lambda x: logits(x)[:, 2] - logsumexp(logits(x)[:, :2], axis=1),
    ),
    "regression": ("regression", {"output": "regression"}, lambda x: 100 + 20 * logits(x)[:, 0]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_those_of_shap_s_exact_explainer(
    models: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    model, given, value = VALUES[name]
    subject = audited(models(model), tmp_path, rows="shown", **given)
    found = measure("explainability", subject, output="score" if name == "score" else "logit")
    data, background = (table(n, seed, 2)[NAMES].to_numpy() for n, seed in ((40, 3), (20, 4)))
    require(found, exact(value, data, background), NAMES, atol=1e-3 if model == "regression" else 1e-5)
    assert found.value("additivity_error") < 1e-5
    unit = {"score": "the score of the favourable outcome", "regression": "the prediction"}
    assert found.notes[0].startswith(
        f"Explained output: {unit.get(name, 'the log-odds of the favourable outcome')}. Source: "
    )


@pytest.mark.parametrize("output", ["logit", "score"])
def test_without_a_favourable_class_it_is_the_one_decided_on(
    models: Callable[[str], Path], tmp_path: Path, output: str
) -> None:
    subject = audited(models("softmax"), tmp_path, labels=3, rows="shown")
    found = measure("explainability", subject, output=output)
    data, background = (table(n, seed, 2)[NAMES].to_numpy() for n, seed in ((40, 3), (20, 4)))
    decided = logits(data).argmax(1)
    assert set(decided) == {0, 1}

    def value(target: int, x: np.ndarray) -> np.ndarray:
        others = [place for place in range(3) if place != target]
        odds = logits(x)[:, target] - logsumexp(logits(x)[:, others], axis=1)
        return np.asarray(expit(odds) if output == "score" else odds)

    values = [exact(partial(value, target), data, background) for target in range(3)]
    require(found, np.stack(values)[decided, np.arange(40)], NAMES)
    assert found.value("additivity_error") < 1e-5
    quantity = {"logit": "log-odds"}.get(output, output)
    assert found.notes[0].startswith(f"Explained output: the {quantity} of the predicted class. Source: ")
    assert not any(m.metric.endswith("attribution_direction") for m in found.measurements)  # of other classes


def test_the_border_of_several_classes_is_a_half(models: Callable[[str], Path], tmp_path: Path) -> None:
    """Of the score, which is explained: 0 is far from it."""
    subject = audited(models("softmax"), tmp_path, labels=3, favorable=[2], rows="shown")
    local = measure("explainability", subject, output="score").tables["local"].drop_duplicates("case")
    z = logits(table(40, 3, 3)[NAMES].to_numpy())
    score = np.exp(z[:, 2] - logsumexp(z, axis=1))
    errors = local.loc[local["why"] == "confident error", "row"].tolist()
    near = [row + 1 for row in np.argsort(np.abs(score - 0.5)) if row + 1 not in errors][:2]
    assert local.loc[local["why"] == "borderline decision", "row"].tolist() == near


def test_directions_of_weighted_rows_are_those_of_repeated_rows(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    frame, background = table(40, 3, 2), table(20, 4, 2)
    w, spec = np.random.default_rng(0).integers(0, 5, 40), {"inputs": {"x": NAMES}}
    weighted, repeated, plain = (
        measure(
            "explainability",
            subject_of(models("sigmoid"), rows, background, tmp_path / str(i), spec=spec, **given),
        )
        for i, (rows, given) in enumerate(
            [
                (frame.assign(weight=w), {"weight": "weight"}),
                (frame.loc[frame.index.repeat(w)], {}),
                (frame, {}),
            ]
        )
    )
    for name in NAMES:
        found, expected, other = (
            part.value("attribution_direction", feature=name) for part in (weighted, repeated, plain)
        )
        assert found == pytest.approx(expected, abs=1e-6) and found != pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize("favorable", [None, {"at_least": 100}])
def test_a_regression_has_decisions_on_the_border_where_there_is_one(
    models: Callable[[str], Path], tmp_path: Path, favorable: Any
) -> None:
    given = {} if favorable is None else {"favorable": favorable}
    subject = audited(models("regression"), tmp_path, output="regression", rows="shown", **given)
    local = measure("explainability", subject).tables["local"].drop_duplicates("case")
    frame = table(40, 3, 2)
    prediction = 100 + 20 * logits(frame[NAMES].to_numpy())[:, 0]
    error = np.abs(prediction - frame["label"])
    assert local[local["why"] == "large error"]["row"].tolist() == (np.argsort(-error)[:3] + 1).tolist()
    borderline = local[local["why"] == "borderline decision"]["row"].tolist()
    near = [row + 1 for row in np.argsort(np.abs(prediction - 100)) if row not in np.argsort(-error)[:3]]
    assert borderline == ([] if favorable is None else near[:2])


WORDS, PLACES = ["Married", "Single", "Widowed"], ["East", "North", "South", "West"]
EFFECT = {"East": 0.4, "North": -1.1, "South": 0.9, "West": 2.0}


def texts(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"hours": rng.normal(40, 9, rows).round(1).astype(np.float32)})
    frame["status"], frame["place"] = rng.choice(WORDS, rows), rng.choice(PLACES, rows)
    return frame.assign(label=np.arange(rows) % 2)


def spoken(path: Path) -> Path:
    """Export a model that looks texts up in its graph, and multiplies what it finds."""
    import tensorflow as tf

    def score(hours: Any, status: Any, place: Any) -> Any:
        effect = sum(tf.where(place == name, value, 0.0) for name, value in EFFECT.items())
        return tf.sigmoid(
            0.1 * (hours - 40.0) * tf.where(status == "Married", 2.0, 1.0) + effect * hours / 40.0
        )

    text, number = ([None, 1], tf.string), ([None, 1], tf.float32)
    save(path, score, hours=number, status=text, place=text)
    return path


def test_a_text_column_is_one_feature(tmp_path: Path) -> None:
    data, background = texts(40, 5), texts(20, 6)
    subject = subject_of(spoken(tmp_path / "model"), data, background, tmp_path, spec={}, rows="shown")
    found = measure("explainability", subject)

    def coded(frame: pd.DataFrame) -> np.ndarray:
        codes = [frame["hours"], frame["status"].map(WORDS.index), frame["place"].map(PLACES.index)]
        return np.stack([np.asarray(part, np.float64) for part in codes], 1)

    def value(x: np.ndarray) -> np.ndarray:
        effect = np.array([EFFECT[name] for name in PLACES])[x[:, 2].astype(int)]
        return np.asarray(0.1 * (x[:, 0] - 40) * np.where(x[:, 1] == 0, 2, 1) + effect * x[:, 0] / 40)

    require(found, exact(value, coded(data), coded(background)), ["hours", "status", "place"])
    assert list(found.of("attribution_direction")) == ["hours"]
    local = found.tables["local"]
    for line in local[local["feature"] != "hours"].to_dict("records"):
        assert line["value"] == data[line["feature"]].iloc[line["row"] - 1]


def test_a_model_that_is_not_finite_between_rows_is_skipped_with_the_reason(tmp_path: Path) -> None:
    import tensorflow as tf

    from audit.check import Skip

    save(tmp_path / "m", lambda x: tf.sigmoid(tf.math.log(x[:, :1] - x[:, 1:])), x=([None, 2], tf.float32))
    low = np.linspace(0, 9, 30)
    frame = pd.DataFrame({"high": low + 1, "low": low, "label": np.arange(30) % 2})
    subject = subject_of(tmp_path / "m", frame, frame, tmp_path, spec={"inputs": {"x": ["high", "low"]}})
    with pytest.raises(Skip, match="not finite where row"):
        measure("explainability", subject)
    with pytest.raises(Skip, match="fails on attacked rows: NaN or infinity in"):
        measure("robustness", subject, eps=[0.3])
