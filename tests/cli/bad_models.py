"""What can be wrong with a model's files: how to make it, and what the message must name."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import tensorflow as tf

from ..model.loading import programs
from .kit import Kit

Spoil = Callable[[Kit], object]


def words(kit: Kit) -> None:
    """Use a model whose lookup table is filled from an asset."""
    shutil.rmtree(kit.model)
    (kit.folder / "words.txt").write_text("1\n0\n")
    programs.vocabulary(kit.model, kit.folder / "words.txt")


def graph(kit: Kit) -> None:
    """Use a graph of TensorFlow 1."""
    shutil.rmtree(kit.model)
    programs.first_generation(kit.model)


def edited(kit: Kit, *changes: Callable[[Any], object]) -> None:
    for change in changes:
        programs.edit(kit.model, change)


def newer(meta: Any) -> None:
    meta.meta_info_def.tensorflow_version = "9.1.0"


def much_newer(meta: Any) -> None:
    newer(meta)
    meta.graph_def.versions.producer = meta.graph_def.versions.min_consumer = 99999


def custom(meta: Any) -> None:
    meta.graph_def.library.function[0].node_def.add(name="own", op="SentencepieceOp")


def unsigned(kit: Kit) -> None:
    shutil.rmtree(kit.model)
    tf.saved_model.save(tf.Module(), str(kit.model))


def one_byte_less(kit: Kit) -> None:
    (file,) = kit.model.glob("variables/*.data*")
    os.truncate(file, file.stat().st_size - 1)


def file(kit: Kit, name: str) -> Path:
    """Let the policy name a file of Keras, and return where it is to be."""
    kit.policy["model"]["path"] = name
    return kit.folder / name


class Doubled(keras.layers.Layer):
    """A layer that nobody but this test knows."""

    def call(self, x: Any) -> Any:
        return 2 * x


def layers(path: Path, *layers: Any) -> Path:
    keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1)]).save(path)
    return path


def by_keras_2(path: Path) -> None:
    import tf_keras

    x = tf_keras.Input((2,))
    tf_keras.Model(x, tf_keras.layers.Dense(1)(x)).save(path)


def weights_only(path: Path) -> None:
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights(path)


def without_layers(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "x")


def weights_elsewhere(path: Path) -> None:
    layers(path)
    with h5py.File(path, "r+") as stored:
        stored["model_weights/other"] = h5py.ExternalLink("/elsewhere.h5", "weights")


def half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def mlflow(kit: Kit, content: str, inside: str = "") -> None:
    """Make the model an MLflow directory, with the SavedModel in ``inside`` if that is named."""
    moved = kit.model.rename(kit.folder / "moved")
    kit.model.mkdir()
    (kit.model / "MLmodel").write_text(content)
    if inside:
        moved.rename(kit.model / inside)


def two_models(kit: Kit, flavors: str) -> None:
    """Make the model an MLflow directory that holds two, in ``one/model`` and in ``two/model``."""
    mlflow(kit, f"flavors: {{{flavors}}}", "one")
    model = (kit.model / "one").rename(kit.model / "model")
    for name in ("one", "two"):
        shutil.copytree(model, kit.model / name / "model")
    shutil.rmtree(model)


def link(kit: Kit, name: str, target: str) -> None:
    (kit.model / name).symlink_to(target)


LAMBDA = keras.layers.Lambda(lambda x: x[:, :1], name="mine")

GRAPHS: dict[str, tuple[Spoil, list[str]]] = {
    "no signature at all": (
        unsigned,
        ["model: signature", "a model with a signature", "none", "model.export"],
    ),
    "a custom operation": (
        lambda k: edited(k, custom),
        ["of a package that model.import names", "'SentencepieceOp'", "without them"],
    ),
    "an operation of a newer TensorFlow": (
        lambda k: edited(k, custom, newer),
        ["'SentencepieceOp'", "made by TensorFlow 9.1.0", "audit with the TensorFlow that made the model"],
    ),
    "a graph of a newer TensorFlow": (
        lambda k: (graph(k), edited(k, much_newer)),
        [f"TensorFlow {tf.__version__} can load", "made by TensorFlow 9.1.0", "GraphDef min consumer"],
    ),
    "missing assets": (
        lambda k: (words(k), shutil.rmtree(k.model / "assets")),
        ["model/assets", "all assets that the model names", "'words.txt'"],
    ),
    "no directory of variables": (
        lambda k: shutil.rmtree(k.model / "variables"),
        ["model/variables", "all variables that the graph reads", "no such directory"],
    ),
    "no variables of TensorFlow 1": (
        lambda k: (graph(k), shutil.rmtree(k.model / "variables")),
        ["model/variables", "no such directory"],
    ),
    "variables that are one byte short": (
        one_byte_less,
        ["model/variables", "all variables that the graph reads", "less bytes"],
    ),
    "variables of TensorFlow 1 that are one byte short": (
        lambda k: (graph(k), one_byte_less(k)),
        ["model/variables", "all variables that the graph reads", "less bytes"],
    ),
    "a link that leads out": (
        lambda k: link(k, "assets/extra", "../../audit.yaml"),
        ["assets/extra", "a symbolic link that leads out of it", "audit.yaml"],
    ),
    "a link that leads nowhere": (lambda k: link(k, "extra", "gone"), ["model/extra", "nowhere, to gone"]),
    "a link to where it lies": (
        lambda k: link(k, "assets/up", ".."),
        ["assets/up", "a directory that it lies in"],
    ),
    "two links in a circle": (
        lambda k: (link(k, "assets/v", "../variables"), link(k, "variables/a", "../assets")),
        ["a symbolic link to a directory that it lies in"],
    ),
}

FILES: dict[str, tuple[Spoil, list[str]]] = {
    "a .keras file that is cut short": (
        lambda k: half(layers(file(k, "m.keras"))),
        ["m.keras", "a .keras file (a zip archive), whole", "bytes that are not one"],
    ),
    "an archive without layers": (
        lambda k: without_layers(file(k, "m.keras")),
        ["m.keras", "a .keras file (a zip archive), whole"],
    ),
    "an .h5 file that is none": (
        lambda k: file(k, "m.h5").write_text("x"),
        ["m.h5", "an HDF5 file of Keras, whole", "1 bytes that are not one"],
    ),
    "an .h5 file that is cut short": (
        lambda k: half(layers(file(k, "m.h5"))),
        ["m.h5", "bytes that are not one"],
    ),
    "weights alone": (
        lambda k: weights_only(file(k, "m.weights.h5")),
        ["m.weights.h5", "a whole model in HDF5", "weights alone"],
    ),
    "weights in another file": (
        lambda k: weights_elsewhere(file(k, "m.h5")),
        ["m.h5", "weights that lie in the file itself", "'model_weights/other'"],
    ),
    "Python code in a .keras file": (
        lambda k: layers(file(k, "m.keras"), LAMBDA),
        ["m.keras", "no Python code", "'mine' with code of its own"],
    ),
    "Python code in an .h5 file": (
        lambda k: layers(file(k, "m.h5"), LAMBDA),
        ["m.h5", "no Python code", "'mine' with code of its own"],
    ),
    "a layer of one's own in a .keras file": (
        lambda k: layers(file(k, "m.keras"), Doubled()),
        ["m.keras", "the class 'Doubled', which is none of Keras' own", "model.export"],
    ),
    "a layer of one's own in an .h5 file": (
        lambda k: layers(file(k, "m.h5"), Doubled()),
        ["m.h5", "the class 'Doubled', which is none of Keras' own", "model.export"],
    ),
    "a .keras file of Keras 2": (
        lambda k: by_keras_2(file(k, "m.keras")),
        ["m.keras", "a file of Keras 2.", "model.export"],
    ),
}

MLFLOW: dict[str, tuple[Spoil, list[str]]] = {
    "a damaged MLmodel": (
        lambda k: mlflow(k, "flavors: ["),
        ["model/MLmodel", "a YAML document that names the model's flavours"],
    ),
    "an MLmodel that is no mapping": (lambda k: mlflow(k, "x"), ["model/MLmodel", "no 'flavors' in it"]),
    "an MLflow model of another flavour": (
        lambda k: mlflow(k, "flavors: {sklearn: {}, python_function: {}}"),
        ["model/MLmodel", "the flavour 'tensorflow' or 'keras'", "'python_function', 'sklearn'"],
    ),
    "an MLmodel that names no artifact": (
        lambda k: mlflow(k, "flavors: {tensorflow: {code: null}}", "data"),
        ["model/MLmodel", "named by 'data'", "no such key"],
    ),
    "an MLmodel that names a missing artifact": (
        lambda k: mlflow(k, "flavors: {tensorflow: {saved_model_dir: tf2model}}"),
        ["model/MLmodel", "saved_model_dir: 'tf2model', where there is none"],
    ),
    "an MLmodel that names what no file system takes": (
        lambda k: mlflow(k, f"flavors: {{tensorflow: {{saved_model_dir: {'x' * 5000}}}}}"),
        ["model/MLmodel", "where there is none"],
    ),
    "a SavedModel beside an MLmodel": (
        lambda k: (k.model / "MLmodel").write_text("flavors: {tensorflow: {saved_model_dir: data/model}}"),
        ["one model", "saved_model.pb beside MLmodel"],
    ),
    "an MLmodel whose flavours name two models": (
        lambda k: two_models(k, "tensorflow: {data: one}, python_function: {data: two}"),
        ["model/MLmodel", "flavours that all name the same model", "'one/model', 'two/model'"],
    ),
    "an MLmodel with a second flavour of another model": (
        lambda k: two_models(k, "tensorflow: {data: one}, keras: {data: two}, python_function: {data: one}"),
        ["flavours that all name the same model"],
    ),
    "a flavour that names two models by two keys": (
        lambda k: two_models(k, "tensorflow: {saved_model_dir: one/model, data: two, model_type: keras}"),
        ["flavours that all name the same model"],
    ),
    "a folder of MLflow's with two models": (
        lambda k: (
            two_models(k, "tensorflow: {data: one}"),
            shutil.copytree(k.model / "two" / "model", k.model / "one", dirs_exist_ok=True),
        ),
        ["flavours that all name the same model", "'one/model', 'one'"],
    ),
    "an MLmodel whose second flavour names nothing": (
        lambda k: two_models(k, "tensorflow: {data: one}, python_function: {data: three}"),
        ["data: 'three', where there is none"],
    ),
    "an MLmodel with a flavour that is not read": (
        lambda k: two_models(k, "tensorflow: {data: one}, onnx: {data: model.onnx}"),
        ["'tensorflow' or 'keras' and no other", "'onnx', 'tensorflow'"],
    ),
    "an MLmodel that serves by a wrapper": (
        lambda k: two_models(k, "tensorflow: {data: one}, python_function: {loader_module: mine, data: one}"),
        ["loaded by mlflow.tensorflow or mlflow.keras", "loader_module: 'mine'"],
    ),
    "a second MLmodel beside the artifact": (
        lambda k: (
            two_models(k, "tensorflow: {data: one}, python_function: {data: one}"),
            (k.model / "one" / "MLmodel").write_text(
                "flavors: {tensorflow: {saved_model_dir: ../two/model}}"
            ),
        ),
        ["one MLmodel", "another in one"],
    ),
    "two files of graphs": (
        lambda k: (k.model / "saved_model.pbtxt").write_text(""),
        ["one file of graphs", "saved_model.pb beside saved_model.pbtxt"],
    ),
    "a chunked file of graphs beside another": (
        lambda k: (k.model / "saved_model.cpb").write_bytes(b""),
        ["one file of graphs", "saved_model.pb beside saved_model.cpb"],
    ),
    "two files of graphs in an MLflow directory": (
        lambda k: (
            mlflow(k, "flavors: {tensorflow: {saved_model_dir: here}}", "here"),
            (k.model / "here" / "saved_model.pbtxt").write_text(""),
        ),
        ["one file of graphs"],
    ),
    "an MLmodel that names a model outside": (
        lambda k: mlflow(k, "flavors: {tensorflow: {saved_model_dir: ../moved}}"),
        ["model/MLmodel", "a SavedModel directory or a Keras file inside", "'../moved'"],
    ),
    "a link that leads out of an MLflow directory": (
        lambda k: (mlflow(k, "flavors: {tensorflow: {data: .}}"), link(k, "model", "../moved")),
        ["model/model", "a symbolic link that leads out of it"],
    ),
}
