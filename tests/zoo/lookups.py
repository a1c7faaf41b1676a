"""Kinds that look strings up in tables of TensorFlow's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from .kind import Kind, Made
from .networks import export
from .people import stored
from .words import EFFECTS, HOMES, fed, housed


def _table(folder: Path, initializer: Any) -> Made:
    frame = housed()
    table = tf.lookup.StaticHashTable(initializer, -1)

    def score(income: Any, home: Any) -> Any:
        effect = tf.gather(tf.constant(np.append(0, EFFECTS), tf.float32), 1 + table.lookup(home))
        return tf.sigmoid(1.6 * income + effect)

    specs = {"income": tf.TensorSpec([None], tf.float32), "home": tf.TensorSpec([None], tf.string)}
    model = export(folder / "model", score, specs, held=table)
    return Made(model, stored(frame, folder), lambda: fed(frame, []))


def hash_table(folder: Path) -> Made:
    return _table(folder, tf.lookup.KeyValueTensorInitializer(HOMES, tf.range(3, dtype=tf.int64)))


def vocabulary_file(folder: Path) -> Made:
    """The words lie in an asset of the model; the file that they came from is gone when it is served."""
    file = folder / "homes.txt"
    file.write_text("\n".join(HOMES))
    whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    made = _table(folder, tf.lookup.TextFileInitializer(str(file), tf.string, whole, tf.int64, line))
    file.unlink()
    return made


def tensorflow_1(folder: Path) -> Made:
    """A TensorFlow 1 graph that fills its table from an asset by an initializer of its own."""
    v1, frame, file = tf.compat.v1, housed(), folder / "homes.txt"
    file.write_text("\n".join(HOMES))
    with tf.Graph().as_default(), v1.Session() as session:
        income = v1.placeholder(tf.float32, [None], name="income")
        home = v1.placeholder(tf.string, [None], name="home")
        whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        words = tf.lookup.TextFileInitializer(str(file), tf.string, whole, tf.int64, line)
        effect = tf.gather(
            tf.constant(np.append(EFFECTS, 0), tf.float32),
            v1.lookup.StaticVocabularyTable(words, 1).lookup(home),
        )
        inputs, outputs = {"income": income, "home": home}, {"risk": tf.sigmoid(1.6 * income + effect)}
        session.run(v1.tables_initializer())
        v1.saved_model.simple_save(
            session, str(folder / "model"), inputs, outputs, legacy_init_op=v1.tables_initializer()
        )
    file.unlink()
    return Made(folder / "model", stored(frame, folder), lambda: fed(frame, []))


KINDS = [
    Kind("strings, `tf.lookup.StaticHashTable`", "input", hash_table),
    Kind("strings, vocabulary file as an asset", "input", vocabulary_file),
    Kind("strings, TensorFlow 1 table of an asset", "input", tensorflow_1),
]
