"""Text columns are cut off behind what the graph makes of each by itself; the logits stay the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.special import expit

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import graph
from audit.model.logits.text_encoding import WIDEST
from audit.subject.subject import Subject

from .surgery import ROWS, audited, export, gradient, numbers, odds, uncut, values

WORDS = ["red", "green", "blue", "", "outer space"]  # the last is in no vocabulary
RANK2 = {"a": ([None, 1], tf.float32), "t": ([None, 1], tf.string)}
RANK1 = {"a": ([None], tf.float32), "t": ([None], tf.string)}
BOTH = {**RANK2, "u": ([None, 1], tf.string)}
Build = Callable[[Path], Path]


def table() -> pd.DataFrame:
    random = np.random.default_rng(3)
    return numbers(1).assign(t=random.choice(WORDS, ROWS), u=random.choice(WORDS[:3], ROWS))


def lookup() -> Any:
    keys = tf.lookup.KeyValueTensorInitializer(["red", "green", ""], tf.constant([0, 1, 2], tf.int64))
    return tf.lookup.StaticVocabularyTable(keys, 2)


def vectors(rows: int, columns: int = 3) -> Any:
    return tf.Variable(np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32))


def total(x: Any) -> Any:
    return tf.reduce_sum(x, 1, keepdims=True)


def length(t: Any) -> Any:
    return tf.cast(tf.strings.length(t), tf.float32)


def one_hot(path: Path) -> Path:
    def score(m: Any, a: Any, t: Any) -> Any:
        return tf.sigmoid(tf.concat([a, tf.one_hot(m.table.lookup(t)[:, 0], 5)], 1) @ m.w)

    return export(path, score, RANK2, table=lookup(), w=vectors(6, 1))


def embedding(path: Path) -> Path:
    def score(m: Any, a: Any, t: Any) -> Any:
        return tf.sigmoid(a + tf.reduce_sum(tf.gather(m.w, m.table.lookup(t)), 1))

    return export(path, score, RANK1, table=lookup(), w=vectors(5))


def hashed(path: Path) -> Path:
    def score(m: Any, a: Any, t: Any) -> Any:
        return tf.sigmoid(a + total(tf.gather(m.w, tf.strings.to_hash_bucket_fast(t[:, 0], 20))))

    return export(path, score, RANK2, w=vectors(20))


def sparse(path: Path) -> Path:
    def score(m: Any, a: Any, t: Any) -> Any:
        ids = tf.sparse.from_dense(tf.strings.to_hash_bucket_fast(t, 20) + 1)
        return tf.sigmoid(a + total(tf.nn.safe_embedding_lookup_sparse(m.w, ids, combiner="mean")))

    return export(path, score, RANK2, w=vectors(21))


def equality(path: Path) -> Path:
    return export(path, lambda _, a, t: tf.sigmoid(a + tf.where(t == "red", 1.5, -0.5)), RANK1)


def split_words(path: Path) -> Path:
    def score(_: Any, a: Any, t: Any) -> Any:
        words = tf.strings.split(t[:, 0])
        return tf.sigmoid(a + tf.reduce_sum(tf.cast(tf.strings.length(words), tf.float32), 1)[:, None])

    return export(path, score, RANK2)


def half(path: Path) -> Path:
    def score(m: Any, a: Any, t: Any) -> Any:
        found = tf.gather(tf.cast(m.w, tf.bfloat16), tf.strings.to_hash_bucket_fast(t[:, 0], 20))
        return tf.sigmoid(tf.cast(tf.cast(a, tf.bfloat16) + total(found), tf.float32))

    return export(path, score, RANK2, w=vectors(20))


def only_its_size(path: Path) -> Path:
    """The batch size comes from the text, which is looked up as well."""

    def score(_: Any, a: Any, t: Any) -> Any:
        return tf.sigmoid(tf.reshape(a, tf.shape(t)) + length(t))

    return export(path, score, RANK2)


def beside_its_batch(path: Path) -> Path:
    """What is added to each row depends on all texts of the batch; without them the order would be the same."""

    def score(_: Any, a: Any, t: Any) -> Any:
        return tf.sigmoid(a + length(t) - tf.reduce_max(length(t)))

    return export(path, score, RANK2)


def keras_layers(path: Path) -> Path:
    keras.utils.set_random_seed(2)
    a, t = keras.Input((1,), name="a"), keras.Input((1,), name="t", dtype="string")
    u = keras.Input((1,), name="u", dtype="string")
    bag = keras.layers.TextVectorization(vocabulary=["red", "outer"], output_mode="multi_hot")(t)
    bag = keras.layers.Flatten()(bag)
    hashes = keras.layers.Hashing(8, output_mode="one_hot")(u)
    head = keras.layers.Dense(1, activation="sigmoid")(keras.layers.Concatenate()([a, bag, hashes]))
    keras.Model([a, t, u], head).export(path, verbose=False)
    return path


CUT: dict[str, tuple[Build, list[int]]] = {
    "lookup and one-hot": (one_hot, [0, 1, 1, 1, 1, 1]),
    "lookup and embedding": (embedding, [0, 1]),
    "hash and embedding": (hashed, [0, 1]),
    "sparse embedding": (sparse, [0, 1]),
    "equality": (equality, [0, 1]),
    "words": (split_words, [0, 1]),
    "bfloat16": (half, [0, 1]),
    "batch size from a text": (only_its_size, [0, 1]),
    "keras layers": (keras_layers, [0, *[1] * 3, *[2] * 8]),
}


def agrees(found: Subject) -> None:
    """Compare the cut's scores with the uncut model's; numbers get a gradient, each column is one player."""
    np.testing.assert_allclose(expit(odds(found)), uncut(found), atol=1e-5)
    names = [column.name for column in found.features.columns]
    assert set(found.logits.players) == set(range(len(names)))
    slope = gradient(found)[:, names.index("a")]
    np.testing.assert_allclose(slope, np.full(len(slope), slope[0]), rtol=1e-3)
    assert abs(slope[0]) > 0.1 and found.logits.exact


def nodes_of(part: Any) -> Any:
    """Return the nodes of a graph or of a function in its library."""
    return part.node if hasattr(part, "node") else part.node_def


@pytest.mark.parametrize("name", CUT)
def test_a_text_becomes_numbers(tmp_path: Path, name: str) -> None:
    build, players = CUT[name]
    found = audited(build(tmp_path / "m"), table(), tmp_path)
    agrees(found)
    assert found.logits.players.tolist() == players
    assert "texts go through the graph" not in found.logits.evidence
    traced = graph(found.logits.graph, [tf.TensorSpec([None, len(players)])]).get_concrete_function()
    definition = traced.graph.as_graph_def()
    operations = {n.op for part in (definition, *definition.library.function) for n in nodes_of(part)}
    assert "MatMul" in operations or "Mul" in operations or "AddV2" in operations
    assert not [name for name in operations if "String" in name or "Lookup" in name]


def crossed(path: Path) -> Path:
    def score(m: Any, a: Any, t: Any, u: Any) -> Any:
        both = tf.strings.to_hash_bucket_fast(tf.strings.join([t, u], "|")[:, 0], 20)
        return tf.sigmoid(a + total(tf.gather(m.w, both)) + length(t))

    return export(path, score, BOTH, w=vectors(20))


def matrix_of_texts(path: Path) -> Path:
    inputs = {"a": RANK2["a"], "texts": ([None, 2], tf.string)}
    return export(path, lambda _, a, t: tf.sigmoid(a + total(length(t) * [[1.0, -0.5]])), inputs)


def bins(path: Path, width: int) -> Path:
    def score(m: Any, a: Any, t: Any) -> Any:
        one_hot = tf.one_hot(tf.strings.to_hash_bucket_fast(t[:, 0], width), width)
        return tf.sigmoid(tf.concat([a, one_hot], 1) @ m.w[: width + 1])

    return export(path, score, RANK2, w=vectors(WIDEST + 2, 1))


def too_wide(path: Path) -> Path:
    return bins(path, WIDEST + 1)


def in_a_branch(path: Path) -> Path:
    """The table is looked up inside a conditional."""

    def score(m: Any, a: Any, t: Any) -> Any:
        word = m.table.lookup(tf.constant("red"))
        found = tf.cond(word >= 0, lambda: tf.cast(m.table.lookup(t), tf.float32), lambda: 0 * a)
        return tf.sigmoid(a + found)

    return export(path, score, RANK2, table=lookup())


LEFT: dict[str, tuple[Build, dict[str, Any], str]] = {
    "crossed with another": (crossed, {}, "t, u"),
    "several in one tensor": (matrix_of_texts, {"texts": ["u", "t"], "a": "a"}, "texts"),
    "read by two inputs": (keras_layers, {"a": "a", "t": "t", "u": "t"}, "t, u"),
    "too wide": (too_wide, {}, "t"),
    "inside a branch": (in_a_branch, {}, "t"),
}


@pytest.mark.parametrize("name", LEFT)
def test_a_text_that_cannot_be_cut_goes_through_the_graph(tmp_path: Path, name: str) -> None:
    build, inputs, left = LEFT[name]
    found = audited(build(tmp_path / "m"), table(), tmp_path, inputs=inputs)
    agrees(found)
    assert found.logits.players.tolist() == list(range(len(found.features.columns)))
    assert found.logits.evidence.endswith(f"; texts go through the graph: {left}")


def test_a_text_that_is_read_for_the_whole_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="the same score for the same row, alone or among others"):
        audited(beside_its_batch(tmp_path / "m"), table(), tmp_path)


def test_one_text_is_cut_where_another_is_left(tmp_path: Path) -> None:
    def score(m: Any, a: Any, t: Any, u: Any) -> Any:
        one_hot = tf.one_hot(tf.strings.to_hash_bucket_fast(t[:, 0], WIDEST + 1), WIDEST + 1)
        return tf.sigmoid(tf.concat([a, one_hot], 1) @ m.w + length(u))

    model = export(tmp_path / "m", score, BOTH, w=vectors(WIDEST + 2, 1))
    found = audited(model, table(), tmp_path)
    agrees(found)
    assert found.logits.evidence.endswith("; texts go through the graph: t")


@pytest.mark.parametrize(("texts", "left"), [(8192, False), (8193, True)])
def test_a_table_of_many_texts_stays_small(tmp_path: Path, texts: int, left: bool) -> None:
    """It may hold 2**22 numbers: 8,192 texts of the greatest width."""
    frame = numbers(1, texts).assign(t=[f"text {row}" for row in range(texts)])
    found = audited(bins(tmp_path / "m", WIDEST), frame, tmp_path)
    agrees(found)
    assert ("texts go through the graph: t" in found.logits.evidence) == left


def test_codes_of_unequal_texts_are_not_mixed_up(tmp_path: Path) -> None:
    """Against the closed form, on rows that the data do not hold: every pair of a number and a text."""
    found = audited(equality(tmp_path / "m"), table(), tmp_path)
    words = found.features.columns[1].vocabulary or []
    assert words == sorted(WORDS)
    matrix = np.array([[a, code] for a in (-1.0, 2.0) for code in range(len(words))], np.float32)
    logits = values(found, matrix)
    expected = [a + (1.5 if words[int(code)] == "red" else -0.5) for a, code in matrix]
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], expected, atol=1e-6)
