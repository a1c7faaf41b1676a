"""Wherever a model lies, and whatever wrote it, its signature scores what the weights say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2

from audit.cli import main
from audit.errors import AuditError
from audit.model.loading.allowed_operations import AllowedOperations
from audit.model.loading.scan import scan
from audit.model.loading.signature import Signature, open_signature
from audit.registry.artifact import find_artifact, find_model

from ...models import WEIGHTS
from . import programs

ROWS = np.array([[0.5, -1.0], [2.0, 0.25]], np.float32)


def network(module: Any) -> Any:
    """Return a softmax over the weights, of Keras 3 or of ``tf_keras``."""
    dense = module.layers.Dense(3, activation="softmax", use_bias=False)
    model = module.Sequential([module.layers.Input((2,), name="x"), dense])
    dense.set_weights([np.array(WEIGHTS, np.float32)])
    return model


def softmax_of(opened: Signature) -> bool:
    """Tell whether the only output is the softmax over the weights, for inputs of any name."""
    (name,) = opened.inputs
    (scores,) = opened.function(**{name: tf.constant(ROWS)}).values()
    powers = np.exp(ROWS @ np.array(WEIGHTS))
    return np.allclose(scores, powers / powers.sum(1, keepdims=True), atol=1e-6)


def graphs(path: Path, tags: dict[str, float]) -> None:
    """Save graphs of TensorFlow 1 under one list of tags each; their scores are multiplied by the number."""
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(path))
    for number, (tagged, factor) in enumerate(tags.items()):
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None, 2], name="x")
            weights = v1.get_variable("w", initializer=tf.constant(WEIGHTS, tf.float32))
            score = tf.nn.softmax(x @ weights) * factor
            session.run(v1.global_variables_initializer())
            signature = v1.saved_model.predict_signature_def({"x": x}, {"score": score})
            named = {"serving_default": signature}
            if number:
                builder.add_meta_graph(tagged.split(), signature_def_map=named)
            else:
                builder.add_meta_graph_and_variables(session, tagged.split(), signature_def_map=named)
    builder.save()


def as_text(path: Path) -> None:
    import keras

    network(keras).export(path, verbose=False)
    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    (path / "saved_model.pbtxt").write_text(text_format.MessageToString(proto))
    (path / "saved_model.pb").unlink()


def exported_by_keras_2(path: Path) -> None:
    import tf_keras

    network(tf_keras).export(str(path))


def in_hdf5(path: Path) -> None:
    import keras

    network(keras).save(path.with_suffix(".h5"))
    path.with_suffix(".h5").rename(path)


def mlflow_keras(path: Path, **options: Any) -> None:
    import keras
    import mlflow.keras

    mlflow.keras.save_model(network(keras), str(path), pip_requirements=[], **options)


def mlflow_tensorflow(path: Path, **options: Any) -> None:
    import keras
    import mlflow.tensorflow

    mlflow.tensorflow.save_model(network(keras), str(path), pip_requirements=[], **options)


def mlflow_module(path: Path) -> None:
    import mlflow.tensorflow

    module = tf.Module()
    module.weights = tf.Variable(WEIGHTS)
    module.call = tf.function(
        lambda x: tf.nn.softmax(x @ module.weights), input_signature=[tf.TensorSpec([None, 2], name="x")]
    )
    signed = {"signatures": {"serving_default": module.call}}
    mlflow.tensorflow.save_model(module, str(path), saved_model_kwargs=signed, pip_requirements=[])


def of_old_mlflow(path: Path, flavor: str, write: Callable[[Path], None], inside: str) -> None:
    """Lay out a directory as earlier versions of MLflow did."""
    (path / inside).parent.mkdir(parents=True)
    write(path / inside)
    (path / "MLmodel").write_text(f"flavors:\n{flavor}\nutc_time_created: '2020-01-01'\n")


SOURCES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "an export of Keras 2": ("m", exported_by_keras_2, "SavedModel directory"),
    "a graph as text": ("m", as_text, "SavedModel directory"),
    "several graphs": (
        "m",
        lambda p: graphs(p, {"train": 0, "serve": 1, "serve gpu": 0}),
        "SavedModel directory",
    ),
    "one graph with tags of its own": ("m", lambda p: graphs(p, {"serve gpu": 1}), "SavedModel directory"),
    "an .hdf5 file": ("m.hdf5", in_hdf5, "HDF5 file of Keras"),
    "MLflow's flavour tensorflow": (
        "m",
        mlflow_tensorflow,
        "MLflow directory, .keras file in data/model.keras",
    ),
    "MLflow's flavour tensorflow, HDF5": (
        "m",
        lambda p: mlflow_tensorflow(p, keras_model_kwargs={"save_format": "h5"}),
        "MLflow directory, HDF5 file of Keras in data/model.h5",
    ),
    "MLflow's flavour tensorflow, a module": ("m", mlflow_module, "MLflow directory, SavedModel in tf2model"),
    "MLflow's flavour keras": ("m", mlflow_keras, "MLflow directory, .keras file in data/model.keras"),
    "MLflow 1, TensorFlow 1": (
        "m",
        lambda p: of_old_mlflow(
            p,
            "  tensorflow: {saved_model_dir: tfmodel, meta_graph_tags: [serve], signature_def_key: serving_default}",
            lambda inside: graphs(inside, {"serve": 1}),
            "tfmodel",
        ),
        "MLflow directory, SavedModel in tfmodel",
    ),
    "MLflow 1, Keras": (
        "m",
        lambda p: of_old_mlflow(p, "  keras: {data: model.h5, keras_version: 2.2.4}", in_hdf5, "model.h5"),
        "MLflow directory, HDF5 file of Keras in model.h5",
    ),
    "MLflow 2, Keras": (
        "m",
        lambda p: of_old_mlflow(
            p, "  tensorflow: {data: data, model_type: keras}", exported_by_keras_2, "data/model"
        ),
        "MLflow directory, SavedModel in data/model",
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_scores_are_those_of_the_weights(tmp_path: Path, kind: str) -> None:
    name, write, source = SOURCES[kind]
    write(tmp_path / name)
    path = find_model(str(tmp_path / name)).path
    assert find_artifact(path).source == source
    assert scan(path).unsafe == []
    opened = open_signature(path, "serving_default")
    assert softmax_of(opened)
    assert {type(spec) for spec in opened.outputs.values()} == {tf.TensorSpec}


def test_of_several_graphs_one_must_be_served(tmp_path: Path) -> None:
    graphs(tmp_path / "m", {"train": 0, "serve gpu": 1})
    with pytest.raises(AuditError, match="2 graphs with the tags") as caught:
        open_signature(tmp_path / "m", "serving_default")
    assert "['serve', 'gpu']" in str(caught.value)


def test_keras_files_hold_what_their_layers_do(tmp_path: Path) -> None:
    """The export is scanned like every SavedModel: a layer that is registered may read files."""
    import keras

    class Reader(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x + tf.cast(tf.strings.length(tf.io.read_file("elsewhere")), tf.float32)

    keras.Sequential([keras.Input((2,)), Reader()]).save(tmp_path / "m.keras")
    with keras.saving.custom_object_scope({"Reader": Reader}):
        with pytest.raises(AuditError, match="'ReadFile' in the function") as caught:
            open_signature(tmp_path / "m.keras", "serving_default")
        assert caught.value.where == str(tmp_path / "m.keras")
        allowed = AllowedOperations(frozenset({"ReadFile"}))
        assert open_signature(tmp_path / "m.keras", "serving_default", allowed).exceptions == ["ReadFile"]


def test_a_newer_tensorflow_is_no_reason_to_refuse(tmp_path: Path, words: Path) -> None:
    def newer(meta: Any) -> None:
        meta.meta_info_def.tensorflow_version = "9.1.0"
        meta.graph_def.versions.producer += 1000

    programs.vocabulary(tmp_path / "m", words)
    programs.edit(tmp_path / "m", newer)
    assert open_signature(tmp_path / "m", "serving_default").inputs.keys() == {"x"}
    assert scan(tmp_path / "m").tensorflow == "9.1.0"


def test_inspect_says_what_kind_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mlflow_module(tmp_path / "m")
    assert main(["inspect", str(tmp_path / "m"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["source"] == "MLflow directory, SavedModel in tf2model"
    assert facts["tensorflow"] == tf.__version__
    assert main(["inspect", str(tmp_path / "m")]) == 0
    assert "MLflow directory, SavedModel in tf2model" in capsys.readouterr().out


def test_the_digest_covers_the_whole_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mlflow_module(tmp_path / "m")
    copy = shutil.copytree(tmp_path / "m", tmp_path / "copy")
    (copy / "requirements.txt").write_text("another\n")
    found = []
    for path in (tmp_path / "m", copy):
        assert main(["inspect", str(path), "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["digest"])
    assert found[0] != found[1]


def test_a_directory_of_versions_names_them(tmp_path: Path) -> None:
    graphs(tmp_path / "models" / "3", {"serve": 1})
    with pytest.raises(AuditError, match=r"name the model's own directory: .*models/3"):
        open_signature(tmp_path / "models", "serving_default")
