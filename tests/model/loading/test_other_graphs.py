"""What else a SavedModel holds is said: other signatures, other graphs, a graph that is not the served one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pandas as pd
import pytest
import tensorflow as tf

from ...audits import content, store, subject
from . import programs


def warnings(model: Path, folder: Path) -> list[str]:
    frame = pd.DataFrame({"x": [0.5 * i for i in range(40)], "label": [0, 1] * 20})
    return subject(content(model, store(frame, folder))).warnings


def test_a_second_signature(tmp_path: Path) -> None:
    module = tf.Module()
    spec = tf.TensorSpec([None, 1], tf.float32, name="x")
    module.first = tf.function(lambda x: {"score": tf.sigmoid(x)}, input_signature=[spec])
    module.second = tf.function(lambda x: {"score": tf.sigmoid(-x)}, input_signature=[spec])
    signatures = {"serving_default": module.first, "other": module.second}
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=signatures)
    (warning,) = (text for text in warnings(tmp_path / "model", tmp_path) if "signature" in text)
    assert "'serving_default'" in warning and warning.endswith("'other'")


@pytest.mark.parametrize("width", [1, 2])
def test_keras_second_name_is_no_other_signature_unless_its_tensors_differ(
    tmp_path: Path, width: int
) -> None:
    x = keras.Input((1,), name="x")
    model = keras.Model(x, keras.layers.Dense(1, activation="sigmoid", kernel_initializer="ones")(x))
    path = tmp_path / "model"
    if width == 1:
        model.export(path, verbose=False)
    else:
        spec, wide = (tf.TensorSpec([None, size], tf.float32, name="x") for size in (1, width))
        served = tf.function(lambda x: {"score": model(x)}, input_signature=[spec])
        other = tf.function(lambda x: {"score": model(x[:, 1:])}, input_signature=[wide])
        tf.saved_model.save(model, str(path), signatures={"serving_default": served, "serve": other})
    of_signatures = [text for text in warnings(path, tmp_path) if "signature" in text]
    assert len(of_signatures) == width - 1


def test_a_single_signature_is_no_news(tmp_path: Path) -> None:
    programs.signature(tmp_path / "model", tf.identity)
    assert not [
        text for text in warnings(tmp_path / "model", tmp_path) if "signature" in text or "graph" in text
    ]


@pytest.mark.parametrize("tags", [["train"], ["eval", "gpu"], []])
def test_a_graph_that_is_not_served(tmp_path: Path, tags: list[str]) -> None:
    programs.signature(tmp_path / "model", tf.identity)

    def tagged(meta: Any) -> None:
        meta.meta_info_def.tags[:] = tags

    programs.edit(tmp_path / "model", tagged)
    (warning,) = (text for text in warnings(tmp_path / "model", tmp_path) if "servers do not load it" in text)
    assert all(repr(tag) in warning for tag in tags)


def test_another_graph(tmp_path: Path) -> None:
    """Only the served graph is loaded: what the other one would run does not run."""
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(tmp_path / "model"))
    for tag in ("train", "serve"):
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None, 1], name="x")
            score = tf.sigmoid(x * v1.get_variable("weight", initializer=[[2.0]]))
            if tag == "train":
                score = programs.after(programs.prints)(score)
            session.run(v1.global_variables_initializer())
            named = {"serving_default": v1.saved_model.predict_signature_def({"x": x}, {"score": score})}
            if tag == "train":
                builder.add_meta_graph_and_variables(session, [tag], named)
            else:
                builder.add_meta_graph([tag], named)
    builder.save()
    (warning,) = (text for text in warnings(tmp_path / "model", tmp_path) if "other graphs" in text)
    assert warning.endswith("'train'")
