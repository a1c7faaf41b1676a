"""Inputs of serialized `tf.Example`: fed by feature, cut behind the parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.special import expit

from audit.errors import AuditError
from audit.model.describe import describe
from audit.model.graph.tf_example_input import ParsedExamples, ParsedFeature, find_parsed_examples
from audit.model.model import open_model
from audit.policy.model import ModelSpec
from audit.subject.subject import Subject

from ...audits import content, file_rows, store, subject
from ..logits.surgery import gradient, odds

ROWS = 200
WEIGHTS = np.array([[1.0], [2.0], [-1.0]], np.float32)
CODES = {"red": 0.0, "green": 1.0}
FEATURES = {
    "age": tf.io.FixedLenFeature([], tf.float32),
    "visits": tf.io.FixedLenFeature([1], tf.int64),
    "blood": tf.io.FixedLenFeature([3], tf.float32),
    "color": tf.io.FixedLenFeature([], tf.string, default_value="red"),
    "other-color": tf.io.VarLenFeature(tf.string),
    "dose": tf.io.VarLenFeature(tf.float32),
}


def table() -> pd.DataFrame:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(random.normal(size=(ROWS, 3)).astype("float32"), columns=["b0", "b1", "b2"])
    frame["age"] = random.normal(size=ROWS).astype("float32")
    frame["dose"] = random.normal(size=ROWS).astype("float32")
    frame["visits"] = random.integers(0, 5, ROWS)
    frame["color"], frame["other-color"] = (random.choice(list(CODES), ROWS) for _ in range(2))
    return frame.assign(label=np.arange(ROWS) % 2)


def by_hand(frame: pd.DataFrame) -> np.ndarray:
    """The log-odds of the model below, in closed form."""
    odds = frame["age"] + 0.5 * frame["visits"] + frame[["b0", "b1", "b2"]].to_numpy() @ WEIGHTS[:, 0]
    odds += 3 * frame["dose"] + frame["color"].map(CODES) - frame["other-color"].map(CODES)
    return odds.to_numpy(np.float64)


def serialized(frame: pd.DataFrame) -> list[bytes]:
    """One message a row, written at once: the audit writes them feature by feature."""

    def floats(*values: float) -> Any:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    def text(value: str) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))

    found = []
    for row in frame.to_dict("records"):
        features = {
            "age": floats(row["age"]),
            "visits": tf.train.Feature(int64_list=tf.train.Int64List(value=[row["visits"]])),
            "blood": floats(row["b0"], row["b1"], row["b2"]),
            "color": text(row["color"]),
            "other-color": text(row["other-color"]),
            "dose": floats(row["dose"]),
        }
        example = tf.train.Example(features=tf.train.Features(feature=features))
        found.append(example.SerializeToString())
    return found


class Served(tf.Module):
    """The classic serving input: one vector of serialized examples."""

    def __init__(self) -> None:
        values = [tf.constant(list(CODES)), tf.constant(list(CODES.values()))]
        self.codes = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(*values), -1.0)
        self.w = tf.Variable(WEIGHTS)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples: Any) -> Any:
        found = tf.io.parse_example(examples, FEATURES)
        other = tf.sparse.to_dense(found["other-color"], default_value="")
        odds = found["age"] + tf.matmul(found["blood"], self.w)[:, 0]
        odds += 0.5 * tf.cast(found["visits"], tf.float32)[:, 0] + self.codes.lookup(found["color"])
        odds += 3 * tf.reduce_sum(tf.sparse.to_dense(found["dose"]), 1)
        odds -= tf.reduce_sum(self.codes.lookup(other), 1)
        return {"score": tf.sigmoid(odds)[:, None]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("examples") / "m"
    module = Served()
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})
    return path


@pytest.fixture(scope="module")
def audited(served: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    spec = {"inputs": {"blood": ["b0", "b1", "b2"]}}
    folder = tmp_path_factory.mktemp("table")
    return subject(content(served, store(table(), folder), spec=spec))


def test_scores_are_the_signature_s_own(audited: Subject, served: Path) -> None:
    signature = tf.saved_model.load(str(served)).signatures["serving_default"]
    own = signature(examples=tf.constant(serialized(table())))["score"].numpy()[:, 0]
    assert np.array_equal(audited.scores.favorable, own.astype(np.float64))  # type: ignore[union-attr]
    assert np.array_equal(audited.predictor.decide(file_rows(audited))[0], own)


def test_the_graph_is_cut_behind_the_parser(audited: Subject) -> None:
    assert audited.logits.exact and audited.model_facts.differentiable
    np.testing.assert_allclose(odds(audited), by_hand(table()), atol=1e-5)


def test_gradients_are_those_of_the_closed_form(audited: Subject) -> None:
    names = [column.name for column in audited.features.columns]
    slope = dict(zip(names, gradient(audited).T, strict=True))
    for name, expected in {"age": 1, "b0": 1, "b1": 2, "b2": -1, "dose": 3, "visits": 0.5}.items():
        np.testing.assert_allclose(slope[name], expected, rtol=1e-4, err_msg=name)
    assert not slope["color"].any() and not slope["other-color"].any()


def test_a_column_of_lists_fills_a_feature_of_several_values(served: Path, tmp_path: Path) -> None:
    frame = table()
    frame["blood"] = pd.Series(list(frame[["b0", "b1", "b2"]].to_numpy()), frame.index)
    found = subject(content(served, store(frame.drop(columns=["b0", "b1", "b2"]), tmp_path)))
    names = [column.name for column in found.features.columns]
    assert {"blood[0]", "blood[1]", "blood[2]"} <= set(names)
    np.testing.assert_allclose(odds(found), by_hand(frame), atol=1e-5)


def test_a_feature_without_a_column_is_named(served: Path, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="inputs 'age', 'blood'"):
        subject(content(served, store(table().drop(columns="age"), tmp_path)))


def test_text_that_is_not_parsed_stays_text(tmp_path: Path) -> None:
    module = tf.Module()
    spec = [tf.TensorSpec([None], tf.string, name="color")]
    module.serve = tf.function(
        lambda color: {"score": tf.cast(color == "red", tf.float32)}, input_signature=spec
    )
    assert find_parsed_examples(module.serve.get_concrete_function(), "color", spec[0]) is None


def test_the_parser_of_tensorflow_1_is_read_as_well() -> None:
    with tf.Graph().as_default() as graph:
        examples = tf.compat.v1.placeholder(tf.string, [None], name="examples")
        tf.raw_ops.ParseExample(
            serialized=examples, names=[], sparse_keys=["t"], dense_keys=["a", "b"],
            dense_defaults=[tf.zeros([0]), tf.zeros([0])], sparse_types=[tf.string], dense_shapes=[[], [2]],
        )  # fmt: skip

    class Function:
        pass

    function = Function()
    function.graph = graph  # type: ignore[attr-defined]
    found = find_parsed_examples(function, "examples", tf.TensorSpec([None], tf.string))
    assert isinstance(found, ParsedExamples) and [(f.key, f.shape, f.sparse) for f in found.features] == [
        ("t", [], True), ("a", [], False), ("b", [2], False),
    ]  # fmt: skip


class WithLabel(Served):
    """As pipelines export it: the parser of the training data, which reads the label as well, and asks for it."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples: Any) -> Any:
        features = {**FEATURES, "label": tf.io.FixedLenFeature([], tf.int64)}
        found = tf.io.parse_example(examples, features)
        return {"score": tf.sigmoid(found["age"])[:, None]}


def test_a_label_that_is_parsed_and_not_used_is_not_fed(tmp_path: Path) -> None:
    module = WithLabel()
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.serve})
    frame = table()[["age", "label"]]
    found = subject(content(tmp_path / "m", store(frame, tmp_path)))
    assert [column.name for column in found.features.columns] == ["age"]
    np.testing.assert_allclose(odds(found), frame["age"], atol=1e-5)


def test_a_model_without_a_feature_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    module = WithLabel()
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.serve})
    model = open_model(ModelSpec(path=str(tmp_path / "m")), tmp_path / "m")
    every = {*FEATURES, "label"}
    smaller = model.without([*every, "no feature"])
    assert set(smaller.fed) == {"age"} and set(model.fed) == every == set(model.without([]).fed)
    assert smaller.frozen is model.frozen is not None  # frozen once for both
    ages = np.array([0.5, -1.0], np.float32)
    np.testing.assert_allclose(smaller({"age": ages})[:, 0], expit(ages), rtol=1e-6)


class Twice(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples: Any) -> Any:
        parts = [{"age": FEATURES["age"]}, {"dose": tf.io.FixedLenFeature([], tf.float32)}]
        first, second = (tf.io.parse_example(examples, part) for part in parts)
        return {"score": tf.sigmoid(first["age"] + second["dose"])[:, None]}


def test_examples_that_are_parsed_twice_are_named_and_still_inspected(tmp_path: Path) -> None:
    module = Twice()
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.serve})
    with pytest.raises(AuditError, match="2 operations that parse them"):
        subject(content(tmp_path / "m", store(table(), tmp_path)))
    assert describe(tmp_path / "m", "serving_default")["fed"] == []


def test_a_zero_is_serialized_alike_whichever_zeros_stand_beside_it() -> None:
    """Distinct values are written once, and 0 and -0 are one of them: which of the two hung on the batch."""
    entry = ParsedExamples("x", [ParsedFeature("dose", tf.float32, [], False)])
    together = entry.tensor({"dose": tf.constant([-0.0, 0.0])}).numpy()
    alone = entry.tensor({"dose": tf.constant([0.0])}).numpy()
    assert {*together, *alone} == {alone[0]}
