"""Which label value an output scores is told, borne out by the data, or asked for; never guessed silently."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import audit
from audit.errors import AuditError
from audit.formats.html.page import render_html
from audit.result import OutputFacts

from ..audits import GIVEN, classified, content, run, store, subject
from ..conftest import Models
from ..models import save

ANIMALS = ["cat", "dog", "owl"]
THREE = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}


def scores(
    values: Sequence[Any], outputs: Sequence[Any], rows: int = 300, right: float = 0.8
) -> pd.DataFrame:
    """Return labels drawn from ``values``, and the scores of a model whose columns mean ``outputs``."""
    rng = np.random.default_rng(len(values))
    label = rng.choice(np.array(values, object), rows)
    said = np.where(rng.random(rows) < right, label, rng.choice(np.array(values, object), rows))
    table = 0.1 + 0.9 * (said[:, None] == np.array(outputs, object)[None])
    frame = pd.DataFrame(table / table.sum(1, keepdims=True), columns=[f"p{i}" for i in range(len(outputs))])
    return frame.assign(label=label.tolist())


def accuracy(frame: pd.DataFrame, outputs: Sequence[Any]) -> float:
    best = frame.drop(columns="label").to_numpy().argmax(1)
    return float((np.array(outputs, object)[best] == frame["label"]).mean())


def three(model: Models, frame: pd.DataFrame, folder: Path, **spec: Any) -> OutputFacts:
    policy = content(
        model("given3"), store(frame, folder), spec={**THREE, **spec}, favorable=frame["label"].max()
    )
    return subject(policy).model_facts.output


def binary(model: Models, frame: pd.DataFrame, folder: Path, **spec: Any) -> OutputFacts:
    given = {**GIVEN, "inputs": {"x": ["p1"]}, **spec}
    return subject(content(model("given"), store(frame, folder), spec=given)).model_facts.output


def test_the_sorted_order_is_borne_out(model: Models, tmp_path: Path) -> None:
    frame = scores(ANIMALS, ANIMALS)
    found = three(model, frame, tmp_path)
    assert found.classes == ANIMALS
    assert found.classes_from == (
        "the sorted label values: no other order clearly agrees better with the labels "
        f"(accuracy {accuracy(frame, ANIMALS):.3g})"
    )


def test_another_order_is_asked_about_and_then_audited(model: Models, tmp_path: Path) -> None:
    outputs = ["owl", "cat", "dog"]
    frame = scores(ANIMALS, outputs)
    with pytest.raises(AuditError) as caught:
        three(model, frame, tmp_path)
    assert caught.value.where == "model.classes" and "under model.classes" in caught.value.fix
    assert caught.value.found == (
        f"sorted: ['cat', 'dog', 'owl'] (accuracy {accuracy(frame, ANIMALS):.3g}); "
        f"the labels agree better with ['owl', 'cat', 'dog'] (accuracy {accuracy(frame, outputs):.3g})"
    )
    found = three(model, frame, tmp_path, classes=outputs)
    assert found.classes == outputs and found.classes_from == "the policy"


def test_the_sorted_order_is_believed_where_the_policy_says_it(model: Models, tmp_path: Path) -> None:
    """A bad model may be audited: the policy says what its outputs are. That the labels disagree is a warning."""
    outputs = ["owl", "cat", "dog"]
    frame = scores(ANIMALS, outputs)
    found = three(model, frame, tmp_path, classes=ANIMALS)
    assert found.classes == ANIMALS
    (warning,) = order_warnings(model, frame, tmp_path, classes=ANIMALS)
    assert f"in the order ['owl', 'cat', 'dog'] (accuracy {accuracy(frame, outputs):.3g})" in warning
    assert f"in that of the policy (accuracy {accuracy(frame, ANIMALS):.3g})" in warning
    assert not order_warnings(model, frame, tmp_path, classes=outputs)


def order_warnings(model: Models, frame: pd.DataFrame, folder: Path, **spec: Any) -> list[str]:
    given = {**THREE, **spec}
    policy = content(model("given3"), store(frame, folder), spec=given, favorable=frame["label"].max())
    return [text for text in subject(policy).warnings if "clearly better" in text]


def test_two_classes_declared_the_wrong_way_round_are_warned_of(model: Models, tmp_path: Path) -> None:
    for values in ([0, 1], ["no", "yes"]):
        frame = scores(values, values)
        for classes, warned in ((values, 0), (values[::-1], 1)):
            spec = {**GIVEN, "inputs": {"x": ["p1"]}, "classes": classes}
            found = subject(content(model("given"), store(frame, tmp_path), spec=spec, favorable=values[1]))
            assert len([text for text in found.warnings if "clearly better" in text]) == warned


def test_the_order_that_the_model_names_is_compared_with_the_labels(tmp_path: Path) -> None:
    path = serving(tmp_path / "model", ANIMALS)
    found = served(path, scores(ANIMALS, ["owl", "cat", "dog"]), tmp_path)
    assert any("in that of the model's own output 'classes' (" in text for text in found.warnings)


def test_a_declared_order_of_a_model_that_knows_nothing_is_not_warned_of(
    model: Models, tmp_path: Path
) -> None:
    frame = scores(ANIMALS, ANIMALS, right=0.0)
    assert not order_warnings(model, frame, tmp_path, classes=["owl", "cat", "dog"])


@pytest.mark.parametrize("values", [["bad", "good"], [1, 2], [-1, 1], [0.5, 1.5]])
def test_two_label_values_the_other_way_round(model: Models, tmp_path: Path, values: list[Any]) -> None:
    assert binary(model, scores(values, values), tmp_path).classes == values
    turned = scores(values, values[::-1])
    with pytest.raises(AuditError, match=r"under model\.classes") as caught:
        binary(model, turned, tmp_path)
    assert f"the labels agree better with [{values[1]!r}, {values[0]!r}]" in caught.value.found
    assert binary(model, turned, tmp_path, classes=values[::-1]).classes == values[::-1]


@pytest.mark.parametrize("values", [[0, 1], [False, True], [0.0, 1.0], ["0", "1"]])
def test_numbers_of_the_outputs_are_not_asked_about(model: Models, tmp_path: Path, values: list[Any]) -> None:
    """A model that is wrong about them is a bad model."""
    found = binary(model, scores(values, values[::-1]), tmp_path)
    assert found.classes == [0, 1]
    assert found.classes_from == "the label values, which are the numbers of the outputs"


def test_a_model_that_is_merely_bad_is_audited(model: Models, tmp_path: Path) -> None:
    frame = scores(["no", "yes"], ["no", "yes"], right=0.0)
    assert "(accuracy 0.5" in str(binary(model, frame, tmp_path).classes_from)


def test_logits_are_held_against_the_labels_too(model: Models, tmp_path: Path) -> None:
    frame = scores(ANIMALS, ["dog", "cat", "owl"])
    columns = ["p0", "p1", "p2"]
    frame[columns] = np.log(frame[columns]) + 2
    with pytest.raises(AuditError, match=r"the labels agree better with \['dog', 'cat', 'owl'\]"):
        three(model, frame, tmp_path, output="logits")


@pytest.mark.parametrize(
    ("width", "values", "where", "found"),
    [
        (1, ["a", "b", "c"], "model.output", "3 in the data: 'a', 'b', 'c'"),
        (1, [0, 1, 2], "model.output", "3 in the data: 0, 1, 2"),
        (3, ["a", "b"], "model.classes", "2 in the data: 'a', 'b'"),
        (3, [0, 1], "model.classes", "2 in the data: 0, 1"),
        (3, [1, 2, 3, 4], "model.classes", "4 in the data: 1, 2, 3, 4"),
    ],
)
def test_another_number_of_classes(
    model: Models, tmp_path: Path, width: int, values: list[Any], where: str, found: str
) -> None:
    frame = pd.DataFrame({"p0": 0.2, "p1": 0.3, "p2": 0.5, "label": values * 10})
    read = model("given") if width == 1 else model("given3")
    spec = {"output": "probabilities", "inputs": {"x": [f"p{i}" for i in range(width)]}}
    with pytest.raises(AuditError) as caught:
        subject(content(read, store(frame, tmp_path), spec=spec, favorable=values[0]))
    assert (caught.value.where, caught.value.found) == (where, found)
    assert ("regression" in caught.value.fix) == (
        width == 1 and values != ["a", "b", "c"]
    )  # words are no targets


@pytest.mark.parametrize("classes", [["cat", "dog"], ["cat", "dog", "dog"], ["cat", "dog", "owl", "fox"]])
def test_listed_classes_are_as_many_as_the_outputs(model: Models, tmp_path: Path, classes: list[str]) -> None:
    with pytest.raises(AuditError, match="3 label values, one for each class that the model scores"):
        three(model, scores(ANIMALS, ANIMALS), tmp_path, classes=classes)


def test_many_numbers_without_a_favourable_one_may_be_measured(model: Models, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"score": rng.normal(size=200), "label": rng.normal(100, 20, 200).round(1)})
    policy = content(model("given"), store(frame, tmp_path), spec={"inputs": {"x": ["score"]}})
    with pytest.raises(AuditError, match=r"set model\.output: regression") as caught:
        subject(policy)
    assert caught.value.where == "model.output"
    policy["data"]["favorable"] = {"at_least": 100}
    with pytest.raises(AuditError, match=r"for a regression set model\.output: regression"):
        subject(policy)
    policy["model"]["output"] = "regression"
    assert np.asarray(subject(policy).scores.label).sum() == (frame["label"] >= 100).sum()


def test_the_report_says_what_tells_the_order_and_who_chose_the_favourable(
    model: Models, tmp_path: Path
) -> None:
    frame = scores(["no", "yes"], ["no", "yes"]).rename(columns={"p1": "score"})
    found = run(frame, model("given"), tmp_path)
    assert found.data.favorable == ["yes"]
    assert found.data.favorable_from == "nobody chose it: the greater of two label values"
    page = html.unescape(render_html(found))
    assert str(found.model.output.classes_from) in page and str(found.data.favorable_from) in page
    chosen = run(frame, model("given"), tmp_path, favorable="no")
    assert chosen.data.favorable_from == "the policy"


# TensorFlow Serving's classification signature


def serving(path: Path, names: Any, width: int = 3, **others: Any) -> Path:
    """Export scores that are the input, and a name for each: ``names`` are a list, or made from the scores."""
    module, spec = tf.Module(), tf.TensorSpec([None, width], tf.float32, name="x")

    def call(x: Any) -> dict[str, Any]:
        given = names(x) if callable(names) else tf.tile(tf.constant([names]), [tf.shape(x)[0], 1])
        return {"scores": x, "classes": given, **{name: value(x) for name, value in others.items()}}

    module.call = tf.function(call, input_signature=[spec])
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})
    return path


def served(path: Path, frame: pd.DataFrame, folder: Path, **spec: Any) -> Any:
    given = {**THREE, **spec}
    return subject(content(path, store(frame, folder), spec=given, favorable=frame["label"].max()))


@pytest.mark.parametrize("outputs", [ANIMALS, ["owl", "cat", "dog"]])
def test_classes_of_serving_are_those_that_the_model_names(tmp_path: Path, outputs: list[str]) -> None:
    path = serving(tmp_path / "model", outputs)
    found = served(path, scores(ANIMALS, outputs), tmp_path).model_facts.output
    assert (found.name, found.classes) == ("scores", outputs)
    assert found.classes_from == "the model's own output 'classes'"


def test_classes_of_serving_may_be_numbers_as_text(tmp_path: Path) -> None:
    path = serving(tmp_path / "model", ["2", "0", "1"])
    found = served(path, scores([0, 1, 2], [2, 0, 1]), tmp_path)
    assert found.model_facts.output.classes == [2, 0, 1]
    assert (found.scores.code == found.scores.guess).mean() > 0.8


def test_other_label_values_than_serving_names_are_asked_about(tmp_path: Path) -> None:
    path, frame = serving(tmp_path / "model", ["x", "y", "z"]), scores(ANIMALS, ANIMALS)
    with pytest.raises(AuditError, match=r"under model\.classes") as caught:
        served(path, frame, tmp_path)
    assert "'x', 'y', 'z'" in caught.value.expected
    assert served(path, frame, tmp_path, classes=ANIMALS).model_facts.output.classes == ANIMALS


def test_classes_of_serving_in_another_order_in_a_later_row_are_refused(tmp_path: Path) -> None:
    """As of a signature that gives each row's best classes first."""

    def best_first(x: Any) -> Any:
        return tf.gather(tf.constant(ANIMALS), tf.argsort(x, direction="DESCENDING"))

    frame = scores(ANIMALS, ANIMALS).sort_values("p0", ascending=False, kind="stable")
    ranked = np.argsort(-frame[["p0", "p1", "p2"]].to_numpy(np.float32), 1, kind="stable")
    first = int((ranked != ranked[0]).any(1).argmax()) + 1
    with pytest.raises(AuditError, match="in the same order for every row") as caught:
        served(serving(tmp_path / "model", best_first), frame, tmp_path)
    assert f"row {first:,}: " in caught.value.found and first > 1


def test_scores_beside_whatever_else_are_chosen_by_name(tmp_path: Path) -> None:
    outputs = ["owl", "cat", "dog"]
    path, frame = serving(tmp_path / "model", outputs, other=lambda x: x[:, 0]), scores(ANIMALS, outputs)
    with pytest.raises(AuditError, match="3 outputs and no name"):
        served(path, frame, tmp_path)
    found = served(path, frame, tmp_path, output={"name": "scores", "kind": "probabilities"})
    assert found.model_facts.output.classes == outputs


def test_classes_that_are_numbers_or_one_a_row_name_nothing(tmp_path: Path) -> None:
    frame = scores(ANIMALS, ANIMALS)
    for index, made in enumerate((lambda x: tf.argmax(x, 1), lambda x: tf.as_string(tf.argmax(x, 1)))):
        path = serving(tmp_path / f"model{index}", made)
        with pytest.raises(AuditError, match="2 outputs and no name"):
            served(path, frame, tmp_path)


def test_the_regression_signature_of_serving_has_one_column(tmp_path: Path) -> None:
    module, spec = tf.Module(), tf.TensorSpec([None, 1], tf.float32, name="x")
    module.call = tf.function(lambda x: {"outputs": 2 * x}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.call})
    frame = pd.DataFrame({"x": np.arange(50.0), "label": np.arange(50.0) * 2 + 1})
    policy = content(tmp_path / "m", store(frame, tmp_path), spec={"output": "regression"})
    report = audit.run(policy)
    (mae,) = (m for c in report.checks for m in c.measurements if m.metric == "performance.mae")
    assert (report.model.output.name, mae.value) == ("outputs", 1.0)


# axes of size one


def test_axes_of_size_one_are_no_class_axis(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        return tf.reshape(tf.sigmoid(x), [-1, 1, 1])

    save(tmp_path / "model", score, x=([None, 1], tf.float32))
    x = np.linspace(-2, 2, 40)
    frame = pd.DataFrame({"x": x, "label": (x > 0).astype(int)})
    found = subject(content(tmp_path / "model", store(frame, tmp_path)))
    np.testing.assert_allclose(classified(found).favorable, 1 / (1 + np.exp(-x)), atol=1e-6)


def test_classes_before_an_axis_of_size_one_are_asked_about(tmp_path: Path) -> None:
    """They may as well be steps of a sequence with one score each."""
    save(tmp_path / "model", lambda x: tf.nn.softmax(x, 1)[:, :, None], x=([None, 3], tf.float32))
    frame = scores(ANIMALS, ANIMALS)
    policy = content(tmp_path / "model", store(frame, tmp_path), spec=THREE, favorable="owl")
    with pytest.raises(AuditError, match=r"shape \[None, 3, 1\]") as caught:
        subject(policy)
    assert caught.value.expected == "scores of shape (rows,) or (rows, classes)"
    assert list(map(str, caught.value.settings)) == ["model.output: {name: OUTPUT}"]
