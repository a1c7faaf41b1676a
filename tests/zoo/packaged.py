"""Kinds that lie in a directory of MLflow's."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from .kind import Kind, Made
from .networks import X, logit, network
from .sources import saved


def mlflow_keras(folder: Path) -> Made:
    flavor = pytest.importorskip("mlflow.tensorflow")
    import keras

    return saved(
        folder,
        lambda path: flavor.save_model(network(keras), str(path), pip_requirements=[]),
        exported="data/model.keras",
    )


def mlflow_module(folder: Path) -> Made:
    flavor = pytest.importorskip("mlflow.tensorflow")
    module = tf.Module()
    module.call = tf.function(lambda x: {"risk": tf.sigmoid(logit(x))}, input_signature=list(X.values()))
    signed = {"signatures": {"serving_default": module.call}}

    def save(path: Path) -> None:
        flavor.save_model(module, str(path), saved_model_kwargs=signed, pip_requirements=[])

    return saved(folder, save, exported="tf2model")


KINDS = [
    Kind("MLflow directory of a Keras model", "source", mlflow_keras),
    Kind("MLflow directory of a `tf.Module`", "source", mlflow_module),
]
