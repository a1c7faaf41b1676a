"""An output that is no class probability is refused, or audited by the label beside it, with the numbers of numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

import audit
from audit.errors import AuditError, ScoresRefused
from audit.result import Report

from ..audits import content, one, store

WEIGHTS = np.array([[-0.9, 0.9], [0.5, -0.5], [0.3, -0.1]], np.float32)
Outputs = dict[str, Any]
Score = Callable[[Any], Any]


def people(rows: int = 1200) -> pd.DataFrame:
    """Men score higher, and the label follows the score: disparate impact is far from 1."""
    rng = np.random.default_rng(4)
    sex = rng.choice(["Female", "Male"], rows)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)).astype(np.float32).astype(float), columns=list("abc"))
    frame["a"] = (frame["a"] + np.where(sex == "Male", 0.8, -0.4)).astype(np.float32).astype(float)
    label = rng.random(rows) < probabilities(frame)[:, 1]
    return frame.assign(sex=sex, label=label.astype(int))


def logits(frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(frame[["a", "b", "c"]].to_numpy(np.float64) @ WEIGHTS.astype(np.float64))


def probabilities(frame: pd.DataFrame) -> np.ndarray:
    z = np.exp(logits(frame))
    return np.asarray(z / z.sum(1, keepdims=True))


def export(folder: Path, serve: Callable[[Any], Outputs]) -> Path:
    """Export the outputs that ``serve`` makes of the class logits ``(rows, 2)``."""
    module = tf.Module()
    spec = tf.TensorSpec([None, 3], tf.float32, name="x")
    module.call = tf.function(lambda x: serve(tf.matmul(x, tf.constant(WEIGHTS))), input_signature=[spec])
    tf.saved_model.save(module, str(folder / "m"), signatures={"serving_default": module.call})
    return folder / "m"


def audited(model: Path, frame: pd.DataFrame, folder: Path, output: Any = "auto", **given: Any) -> Report:
    checks = given.pop("checks", {"explainability": False, "robustness": False})
    spec = {"inputs": {"x": ["a", "b", "c"]}, "output": output, **given.pop("spec", {})}
    policy = content(
        model, store(frame, folder), spec=spec, protected={"sex": {"privileged": "Male"}}, **given
    )
    return audit.run({**policy, "checks": checks})


def softmax(z: Any) -> Any:
    return tf.nn.softmax(z)


def sigmoid(z: Any) -> Any:
    return tf.sigmoid(z[:, 1] - z[:, 0])


NO_CLASS_PROBABILITY: dict[str, Score] = {
    "maximum": lambda z: tf.reduce_max(softmax(z), axis=1),
    "kept axis": lambda z: tf.reduce_max(softmax(z), axis=1, keepdims=True),
    "first of the top": lambda z: tf.math.top_k(softmax(z), 1).values,
    "sorted, last": lambda z: tf.sort(softmax(z), axis=1)[:, -1],
    "at the best": lambda z: tf.gather(softmax(z), tf.argmax(z, 1), axis=1, batch_dims=1),
    "one-hot product": lambda z: tf.reduce_sum(softmax(z) * tf.one_hot(tf.argmax(z, 1), 2), axis=1),
    "of a sigmoid": lambda z: tf.maximum(sigmoid(z), 1 - sigmoid(z)),
    "chosen side": lambda z: tf.where(sigmoid(z) > 0.5, sigmoid(z), 1 - sigmoid(z)),
    "distance from one half": lambda z: 0.5 + tf.abs(sigmoid(z) - 0.5),
    "sigmoid of the size": lambda z: tf.sigmoid(tf.abs(z[:, 1] - z[:, 0])),
    "stacked and largest": lambda z: tf.reduce_max(tf.stack([sigmoid(z), 1 - sigmoid(z)], 1), 1),
    "of the logarithms": lambda z: tf.exp(tf.reduce_max(tf.nn.log_softmax(z), 1)),
    "norm": lambda z: tf.norm(softmax(z), ord=np.inf, axis=1),
    "rounded": lambda z: tf.round(tf.reduce_max(softmax(z), 1) * 1000) / 1000,
    "cast": lambda z: tf.cast(tf.reduce_max(tf.cast(softmax(z), tf.float64), 1), tf.float32),
    "uncertainty": lambda z: 1 - tf.reduce_max(softmax(z), 1),
    "smallest": lambda z: tf.reduce_min(softmax(z), 1),
    "margin": lambda z: tf.reduce_max(softmax(z), 1) - tf.reduce_min(softmax(z), 1),
    "entropy": lambda z: -tf.reduce_sum(softmax(z) * tf.nn.log_softmax(z), 1) / np.log(2),
    "Gini": lambda z: 2 * (1 - tf.reduce_sum(tf.square(softmax(z)), 1)),
    "both, sorted": lambda z: tf.sort(softmax(z), axis=1, direction="DESCENDING"),
    "largest and the rest": lambda z: tf.stack(
        [tf.reduce_max(softmax(z), 1), 1 - tf.reduce_max(softmax(z), 1)], 1
    ),
}
CLASS_PROBABILITY: dict[str, Score] = {
    "both": softmax,
    "second": lambda z: softmax(z)[:, 1],
    "sigmoid": sigmoid,
    "inverted twice": lambda z: 1 - (1 - sigmoid(z)),
    "rounded": lambda z: tf.round(sigmoid(z) * 1e5) / 1e5,
    "gathered": lambda z: tf.gather(softmax(z), 1, axis=1),
    "mean of two": lambda z: (sigmoid(z) + sigmoid(1.0 * z)) / 2,
    "clipped": lambda z: tf.clip_by_value(sigmoid(z), 0.001, 0.999),
    "maximum of experts": lambda z: tf.sigmoid(tf.maximum(z[:, 1] - z[:, 0], z[:, 1] - z[:, 0] - 0.1)),
}


@pytest.mark.parametrize("name", NO_CLASS_PROBABILITY)
def test_what_is_no_class_probability_is_refused(tmp_path: Path, name: str) -> None:
    model = export(tmp_path, lambda z: {"confidence": NO_CLASS_PROBABILITY[name](z)})
    with pytest.raises(ScoresRefused) as error:
        audited(model, people(), tmp_path)
    assert error.value.expected == "a probability for each class, or that of one class"
    assert "largest" in error.value.found and "label" in str(error.value.fix)


@pytest.mark.parametrize("name", ["maximum", "margin", "both, sorted"])
def test_that_the_policy_calls_it_probabilities_changes_nothing(tmp_path: Path, name: str) -> None:
    model = export(tmp_path, lambda z: {"confidence": NO_CLASS_PROBABILITY[name](z)})
    with pytest.raises(ScoresRefused):
        audited(model, people(), tmp_path, "probabilities")


def test_without_probabilities_in_the_graph_the_policy_is_believed_with_a_warning(tmp_path: Path) -> None:
    model = export(tmp_path, lambda z: {"score": NO_CLASS_PROBABILITY["sigmoid of the size"](z)})
    report = audited(model, people(), tmp_path, "probabilities")
    assert any("Is the output a probability of one class" in text for text in report.warnings)


@pytest.mark.parametrize("name", CLASS_PROBABILITY)
def test_a_class_probability_is_audited_as_it_is(tmp_path: Path, name: str) -> None:
    frame = people()
    report = audited(export(tmp_path, lambda z: {"score": CLASS_PROBABILITY[name](z)}), frame, tmp_path)
    expect(report, frame)
    assert not [text for text in report.warnings if "Scores:" in text or "output" in text]


CONTRADICTING: dict[str, Callable[[Any, Any], Any]] = {
    "1.0 and 2.0": lambda chosen, _: tf.cast(chosen, tf.float32) + 1.0,
    "signs": lambda chosen, _: tf.cast(chosen, tf.float32) * 2.0 - 1.0,
    "not a number": lambda chosen, _: tf.where(chosen, 1.0, np.nan),
    "three texts": lambda chosen, z: tf.where(chosen, tf.where(z[:, 1] > 1, "at once", "yes"), "no"),
    "flags": lambda chosen, _: chosen,
}


@pytest.mark.parametrize("name", CONTRADICTING)
@pytest.mark.parametrize("output", ["label", "approved"])
def test_a_label_of_any_form_is_compared(tmp_path: Path, name: str, output: str) -> None:
    """The label of half of the rows is another one than their probability gives."""

    def serve(z: Any) -> Outputs:
        chosen = tf.math.logical_xor(sigmoid(z) >= 0.5, z[:, 0] > 0.3)
        return {"score": sigmoid(z), output: CONTRADICTING[name](chosen, z)}

    with pytest.raises(AuditError, match="the label that the audit decides on"):
        audited(export(tmp_path, serve), people(), tmp_path, {"name": "score"})


def test_a_label_that_is_not_one_a_row_is_an_error(tmp_path: Path) -> None:
    model = export(tmp_path, lambda z: {"score": sigmoid(z), "label": tf.cast(z[:1, 0] > 0, tf.int64)})
    with pytest.raises(AuditError, match="one label a row"):
        audited(model, people(), tmp_path, {"name": "score"})


FOLDED_FEATURES: dict[str, Score] = {
    "a choice of two constants": lambda z: tf.sigmoid(0.1 * z[:, 0] + tf.where(z[:, 1] > 0, -2.0, -3.0)),
    "the size of one feature": lambda z: tf.sigmoid(0.1 * z[:, 0] - 2.0 - 0.1 * tf.abs(z[:, 1])),
    "a bound": lambda z: tf.sigmoid(tf.minimum(z[:, 0], -0.1)),
}


@pytest.mark.parametrize("name", FOLDED_FEATURES)
def test_rows_of_one_decision_are_not_taken_for_the_largest_probability(tmp_path: Path, name: str) -> None:
    """Such as data that are not prepared as in training: a warning, and no refusal."""
    model = export(tmp_path, lambda z: {"score": FOLDED_FEATURES[name](z)})
    report = audited(model, people(), tmp_path)
    assert any("no row is predicted favourable" in text for text in report.warnings)


def expect(report: Report, frame: pd.DataFrame, probable: bool = True) -> None:
    """Compare with numpy and scikit-learn."""
    second = probabilities(frame)[:, 1]
    decided = second >= 0.5
    assert one(report, "performance.accuracy").value == pytest.approx(
        accuracy_score(frame["label"], decided), abs=1e-9
    )
    rates = [decided[frame["sex"] == sex].mean() for sex in ("Female", "Male")]
    found = one(
        report, "fairness.disparate_impact", attribute="sex", unprivileged="Female", privileged="Male"
    )
    assert found.value == pytest.approx(rates[0] / rates[1], abs=1e-9)
    assert found.value < 0.8
    if probable:
        auc = roc_auc_score(frame["label"], second)
        assert one(report, "performance.auc").value == pytest.approx(auc, abs=1e-3)
        assert one(report, "performance.log_loss").value == pytest.approx(
            log_loss(frame["label"], second), abs=1e-2
        )


LABELS: dict[str, tuple[str, Score]] = {
    "numbers": ("label", lambda z: tf.argmax(z, 1)),
    "whole numbers in a column": ("class_ids", lambda z: tf.argmax(z, 1, tf.int32)[:, None]),
    "digits": ("classes", lambda z: tf.as_string(tf.argmax(z, 1))[:, None]),
    "floats": ("prediction", lambda z: tf.cast(z[:, 1] > z[:, 0], tf.float32)),
    "booleans": ("predicted_label", lambda z: z[:, 1] > z[:, 0]),
}


@pytest.mark.parametrize(
    ("name", "label"),
    [*((name, "numbers") for name in NO_CLASS_PROBABILITY), *(("maximum", label) for label in LABELS)],
)
def test_beside_a_label_the_label_decides(tmp_path: Path, name: str, label: str) -> None:
    other, decide = LABELS[label]
    frame = people()
    model = export(tmp_path, lambda z: {"confidence": NO_CLASS_PROBABILITY[name](z), other: decide(z)})
    report = audited(model, frame, tmp_path, {"name": "confidence"})
    expect(report, frame)
    assert any(text.startswith("Scores: ") and repr(other) in text for text in report.warnings)


def test_attribution_and_attacks_follow_the_scores_below_the_maximum(tmp_path: Path) -> None:
    frame = people(400)
    model = export(
        tmp_path,
        lambda z: {"confidence": tf.reduce_max(softmax(z), 1), "label": tf.argmax(z, 1)},
    )
    checks = {
        "explainability": {"rows": 400, "references": 400},
        "robustness": {"rows": 300, "eps": [0.3], "attacks": ["fgsm"]},
    }
    report = audited(model, frame, tmp_path, {"name": "confidence"}, checks=checks)
    weights = WEIGHTS[:, 1] - WEIGHTS[:, 0]
    for name, weight in zip("abc", weights, strict=True):
        expected = np.abs(weight * (frame[name] - frame[name].mean())).mean()
        found = one(report, "explainability.mean_abs_attribution", feature=name)
        assert found.value == pytest.approx(expected, rel=1e-3)
    odds = logits(frame)[:, 1] - logits(frame)[:, 0]
    moved = 0.3 * (np.abs(weights) * frame[["a", "b", "c"]].to_numpy().std(0)).sum()
    right = (odds >= 0) == frame["label"]
    robust = right & (np.abs(odds) > moved)  # up to the observed range, which stops a few
    found = one(report, "robustness.adversarial_accuracy", attack="fgsm", norm="inf", eps=0.3)
    assert robust.mean() - 0.06 <= found.value <= robust.mean() + 0.06
    assert report.model.output.evidence and "Softmax" in report.model.output.evidence


def test_texts_name_the_classes(tmp_path: Path) -> None:
    """The label's order is the graph's, not the alphabet's."""
    frame = people()
    frame["label"] = np.where(
        frame["label"] == 1, "deny", "repaid"
    )  # the second class comes first in the alphabet
    names = tf.constant(["repaid", "deny"])
    model = export(
        tmp_path,
        lambda z: {"confidence": tf.reduce_max(softmax(z), 1), "label": tf.gather(names, tf.argmax(z, 1))},
    )
    report = audited(model, frame, tmp_path, {"name": "confidence"}, favorable="deny")
    decided = np.where(probabilities(frame)[:, 1] >= 0.5, "deny", "repaid")
    assert one(report, "performance.accuracy").value == pytest.approx((decided == frame["label"]).mean())
    assert report.model.output.classes == ["repaid", "deny"]


def test_several_classes_are_audited_by_the_label(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = people()
    more = np.column_stack([WEIGHTS, [0.2, 1.0, -0.4]]).astype(np.float32)
    z = frame[["a", "b", "c"]].to_numpy(np.float64) @ more
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    frame["label"] = np.array([rng.choice(3, p=row) for row in p])
    module = tf.Module()
    spec = tf.TensorSpec([None, 3], tf.float32, name="x")

    def serve(x: Any) -> Outputs:
        table = tf.nn.softmax(tf.matmul(x, tf.constant(more)))
        return {"confidence": tf.reduce_max(table, 1), "label": tf.argmax(table, 1)}

    module.call = tf.function(serve, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.call})
    report = audited(tmp_path / "m", frame, tmp_path, {"name": "confidence"}, favorable=[1, 2])
    assert one(report, "performance.accuracy").value == pytest.approx((p.argmax(1) == frame["label"]).mean())
    assert one(report, "performance.log_loss").value == pytest.approx(log_loss(frame["label"], p), abs=1e-4)


@pytest.mark.parametrize("cutoff", [0.3, 0.62])
def test_a_label_at_another_threshold_is_an_error_that_says_which(tmp_path: Path, cutoff: float) -> None:
    frame = people()
    model = export(
        tmp_path, lambda z: {"score": sigmoid(z), "label": tf.cast(sigmoid(z) >= cutoff, tf.int64)}
    )
    second = probabilities(frame)[:, 1]
    differ = ((second >= cutoff) != (second >= 0.5)).sum()
    with pytest.raises(ScoresRefused) as error:
        audited(model, frame, tmp_path, {"name": "score"})
    assert f"{differ:,} of 1,200 rows" in error.value.found
    assert f"data.threshold: {cutoff}" in str(error.value.fix)
    assert list(map(str, error.value.settings)) == [f"data.threshold: {cutoff}"]
    report = audited(model, frame, tmp_path, {"name": "score"}, threshold=cutoff)
    assert one(report, "performance.selection_rate").value == pytest.approx((second >= cutoff).mean())
    chosen = audited(model, frame, tmp_path, {"name": "score"}, threshold=0.4)
    assert any("differs in" in text and f"{cutoff}" in text for text in chosen.warnings)


def test_a_label_of_the_other_class_is_an_error(tmp_path: Path) -> None:
    frame = people()
    model = export(tmp_path, lambda z: {"score": 1 - sigmoid(z), "label": tf.argmax(z, 1)})
    with pytest.raises(ScoresRefused, match=r"1,200 of 1,200 rows") as error:
        audited(model, frame, tmp_path, {"name": "score"})
    assert "model.classes: [1, 0]" in str(error.value.fix)
    assert list(map(str, error.value.settings)) == ["model.classes: [1, 0]"]
    expect(audited(model, frame, tmp_path, {"name": "score"}, spec={"classes": [1, 0]}), frame)


def test_a_label_that_contradicts_is_an_error(tmp_path: Path) -> None:
    """A few rows are enough: here those in which ``c`` is large are decided otherwise."""
    frame = people()

    def serve(z: Any) -> Outputs:
        odd = tf.abs(z[:, 0] + z[:, 1]) > 0.5  # c alone: the weights of a and b cancel
        return {"score": sigmoid(z), "label": tf.where(odd, 1 - tf.argmax(z, 1), tf.argmax(z, 1))}

    z = logits(frame)
    differ = int((np.abs(z.sum(1)) > 0.5).sum())
    assert 0 < differ < 60
    with pytest.raises(ScoresRefused, match=f"another in {differ} of 1,200 rows") as error:
        audited(export(tmp_path, serve), frame, tmp_path, {"name": "score"})
    assert list(map(str, error.value.settings)) == ["model.output: {name: OUTPUT}"]


def test_an_output_that_only_sounds_like_a_label_is_not_compared(tmp_path: Path) -> None:
    frame = people()
    model = export(tmp_path, lambda z: {"score": sigmoid(z), "prediction": z[:, 1] - z[:, 0]})
    expect(audited(model, frame, tmp_path, {"name": "score"}), frame)


def test_decisions_in_place_of_scores_are_said_to_be_such(tmp_path: Path) -> None:
    frame = people()
    model = export(tmp_path, lambda z: {"score": tf.cast(z[:, 1] > z[:, 0], tf.float32)})
    report = audited(model, frame, tmp_path, "probabilities")
    expect(report, frame, probable=False)
    assert any("only the values 0 and 1" in text for text in report.warnings)


def test_the_probability_of_the_first_class_is_noticed(tmp_path: Path) -> None:
    frame = people()
    model = export(tmp_path, lambda z: {"score": 1 - sigmoid(z)})
    report = audited(model, frame, tmp_path)
    assert any("model.classes" in text and "[1, 0]" in text for text in report.warnings)
    right = audited(model, frame, tmp_path, spec={"classes": [1, 0]})
    expect(right, frame)
    assert not any("model.classes" in text for text in right.warnings)
