"""Models as TFX pipelines export them: examples in, a transform graph with vocabularies, scores out.

``taxi`` is an estimator's graph of TensorFlow 1 that took in a transform model of TensorFlow 2, with all of its
functions; ``penguin`` a module of TensorFlow 2 with the transform model inside. Weights are known.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

COMPANIES = ["Flash Cab", "Blue Ribbon", "Taxi Affiliation"]
PAYMENTS = ["Cash", "Credit Card"]
TAXI = {
    "fare": tf.io.VarLenFeature(tf.float32),
    "trip_miles": tf.io.VarLenFeature(tf.float32),
    "trip_seconds": tf.io.VarLenFeature(tf.int64),
    "company": tf.io.VarLenFeature(tf.string),
    "payment_type": tf.io.VarLenFeature(tf.string),
}
PENGUIN = ["culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g"]
SPECIES = np.array([[1.2, -0.8, -0.5], [-0.9, 0.1, 1.0], [0.4, 1.1, -1.2], [-0.6, 0.3, 0.9]], np.float32)


class Transform(tf.Module):
    """A preprocessing function: nulls filled, texts looked up in a vocabulary file, numbers scaled by a variable."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.mean = tf.Variable(10.0)
        self.company = _table(folder / "vocab_company", COMPANIES)
        self.payment = _table(folder / "vocab_payment", PAYMENTS)

    @tf.function(
        input_signature=[{name: tf.TensorSpec([None], feature.dtype) for name, feature in TAXI.items()}]
    )
    def transform(self, raw: Any) -> Any:
        return {
            "fare": (raw["fare"] - self.mean) / 5,
            "miles": raw["trip_miles"] / 4,
            "minutes": tf.cast(raw["trip_seconds"], tf.float32) / 600,
            "company": self.company.lookup(raw["company"]),
            "payment": self.payment.lookup(raw["payment_type"]),
        }


def _table(file: Path, words: list[str]) -> Any:
    file.write_text("\n".join(words))
    whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    return tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(str(file), tf.string, whole, tf.int64, line), default_value=-1
    )


def _filled(parsed: Any) -> Any:
    """Return one value a row of each feature, as `_fill_in_missing` of TFX's taxi example does."""
    defaults = {tf.string: "", tf.int64: 0, tf.float32: 0.0}
    return {
        key: tf.squeeze(
            tf.sparse.to_dense(
                tf.SparseTensor(x.indices, x.values, [x.dense_shape[0], 1]), defaults[x.dtype]
            ),
            axis=1,
        )
        for key, x in parsed.items()
    }


def taxi_odds(frame: pd.DataFrame) -> np.ndarray:
    """Return the log-odds of a tip in closed form, nulls as the transform fills them."""
    company = frame["company"].map({name: i for i, name in enumerate(COMPANIES)}).fillna(-1)
    payment = frame["payment_type"].map({name: i for i, name in enumerate(PAYMENTS)}).fillna(-1)
    fare = (frame["fare"].fillna(0) - 10) / 5
    return np.asarray(
        0.5 * fare - 0.3 * frame["trip_miles"].fillna(0) / 4 + 0.2 * frame["trip_seconds"].fillna(0) / 600
        + 0.4 * company + 1.5 * payment - 1,
        np.float64,
    )  # fmt: skip


def trips(rows: int = 400) -> pd.DataFrame:
    """Return trips with nulls in four columns, and labels that follow `taxi_odds`."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "fare": random.gamma(4, 3, rows).round(2),
            "trip_miles": random.gamma(2, 2, rows).round(1),
            "trip_seconds": pd.array(random.integers(60, 3000, rows), "Int64"),
            "company": random.choice([*COMPANIES, "another"], rows),
            "payment_type": random.choice(PAYMENTS, rows),
        }
    )
    for number, name in enumerate(["company", "trip_seconds", "trip_miles", "payment_type"]):
        frame.loc[random.random(rows) < 0.1 * (number + 1), name] = None
    chances = 1 / (1 + np.exp(-taxi_odds(frame)))
    return frame.assign(label=(random.random(rows) < chances).astype(int))


def taxi(path: Path) -> None:
    """Export the classifier of an estimator: the transform model's functions come with it, its saver's included."""
    with TemporaryDirectory() as folder:
        tf.saved_model.save(Transform(Path(folder)), f"{folder}/transform_fn")
        _classifier(path, f"{folder}/transform_fn")


def _classifier(path: Path, transform_fn: str) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        transform = tf.saved_model.load(transform_fn)
        examples = v1.placeholder(tf.string, [None], name="input_example_tensor")
        x = transform.transform(_filled(v1.parse_example(examples, TAXI)))
        weight = v1.get_variable("weight", initializer=[0.5, -0.3, 0.2])
        numbers = tf.stack([x["fare"], x["miles"], x["minutes"]], 1)
        odds = tf.linalg.matvec(numbers, weight) - 1 + 0.4 * tf.cast(x["company"], tf.float32)
        odds += 1.5 * tf.cast(x["payment"], tf.float32)
        scores = tf.nn.softmax(
            tf.stack([tf.zeros_like(odds), odds], 1), name="head/predictions/probabilities"
        )
        classes = tf.tile(tf.constant([["0", "1"]]), [tf.shape(examples)[0], 1])
        v1.train.Saver(name="another_saver")  # of the training session: no call reaches it
        tf.io.write_file("elsewhere", tf.strings.as_string(tf.reduce_sum(weight)))  # an analyzer left behind
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        signature = v1.saved_model.classification_signature_def(examples, classes, scores)
        predict = v1.saved_model.predict_signature_def({"examples": examples}, {"probabilities": scores})
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature, "predict": predict},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer(),
            saver=v1.train.Saver(sharded=True),
        )
        builder.save()


def penguins(rows: int = 300) -> pd.DataFrame:
    """Return scaled measurements of three species."""
    random = np.random.default_rng(8)
    frame = pd.DataFrame(random.normal(size=(rows, 4)).astype("float32"), columns=PENGUIN)
    odds = frame.to_numpy() @ SPECIES
    names = np.array(["Adelie", "Chinstrap", "Gentoo"])
    return frame.assign(species=names[(odds + random.gumbel(size=odds.shape)).argmax(1)])


def penguin(path: Path) -> None:
    """Export a module as `model.save(signatures={'serving_default': serve_tf_examples_fn})` does."""
    module = tf.Module()
    module.kernel = tf.Variable(SPECIES)
    spec = {name: tf.io.FixedLenFeature([1], tf.float32) for name in PENGUIN}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples: Any) -> Any:
        parsed = tf.io.parse_example(examples, spec)
        inputs = tf.concat([parsed[name] for name in PENGUIN], 1)
        return {"outputs": tf.nn.softmax(tf.matmul(inputs, module.kernel))}

    module.serve = serve
    tf.saved_model.save(module, str(path), signatures={"serving_default": serve})
