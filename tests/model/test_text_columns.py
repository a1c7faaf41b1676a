"""Which text columns are prose is read off the graph: texts that it takes apart before it looks them up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.model.graph.freeze import FreezeFailure
from audit.model.text_columns import free_text_columns
from audit.subject.subject import Subject

from .logits.surgery import ROWS, audited, export

Score = Callable[..., Any]
FLAT, WIDE = ([None], tf.string), ([None, 1], tf.string)
TEXTS = ["green tea|black tea", "red", "green tea, black tea", ""]


def table() -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame({"t": random.choice(TEXTS, ROWS), "u": random.choice(TEXTS, ROWS)})


def lookup() -> Any:
    keys = tf.lookup.KeyValueTensorInitializer(TEXTS, tf.range(len(TEXTS), dtype=tf.int64))
    return tf.lookup.StaticHashTable(keys, -1)


def number(x: Any) -> Any:
    return tf.cast(x, tf.float32)[:, None]


def lengths(words: Any) -> Any:
    return number(tf.reduce_sum(tf.strings.length(words), 1))


def by_row(t: Any) -> Any:
    """Count words row by row, inside a loop."""
    return tf.map_fn(lambda one: tf.size(tf.strings.split(one)), t, fn_output_signature=tf.int32)


def in_a_branch(m: Any, t: Any) -> Any:
    return tf.cond(
        m.table.lookup(tf.constant("red")) >= 0,
        lambda: lengths(tf.strings.split(t)),
        lambda: lengths(tf.strings.split(t)),
    )


def looked_up(m: Any, words: Any) -> Any:
    return tf.ragged.map_flat_values(m.table.lookup, words)


APART: dict[str, Score] = {
    "words": lambda m, t: lengths(tf.strings.split(t)),
    "words between bars": lambda m, t: lengths(tf.strings.split(t, "|")),
    "cleaned words": lambda m, t: lengths(
        tf.strings.split(tf.strings.regex_replace(tf.strings.lower(t), "[|,]", " "))
    ),
    "characters": lambda m, t: lengths(tf.strings.unicode_split(t, "UTF-8")),
    "code points": lambda m, t: number(tf.reduce_sum(tf.strings.unicode_decode(t, "UTF-8"), 1)),
    "bytes": lambda m, t: lengths(tf.strings.bytes_split(t)),
    "looked up words": lambda m, t: number(tf.reduce_sum(looked_up(m, tf.strings.split(t)), 1)),
    "row by row": lambda m, t: number(by_row(t)),
    "in a branch": lambda m, t: in_a_branch(m, t),
}
WHOLE: dict[str, Score] = {
    "looked up": lambda m, t: number(m.table.lookup(t)),
    "cleaned and looked up": lambda m, t: number(m.table.lookup(tf.strings.regex_replace(t, "[|,]", " "))),
    "hashed": lambda m, t: number(tf.strings.to_hash_bucket_fast(t, 9)),
    "compared": lambda m, t: number(t == "red"),
    "its length": lambda m, t: number(tf.strings.length(t)),
    "a prefix": lambda m, t: number(m.table.lookup(tf.strings.substr(t, 0, 3))),
    "looked up, and its name split": lambda m, t: lengths(tf.strings.split(m.names.lookup(t))),
    # The words of another text, which are known when the model is exported, and not the column's.
    "beside split words": lambda m, t: number(m.table.lookup(t)) + lengths(tf.strings.split(m.held)),
}


def found(subject: Subject) -> list[str]:
    return free_text_columns(subject.model, subject.feeds)


def scored(path: Path, score: Score) -> Path:
    keys = tf.lookup.KeyValueTensorInitializer(TEXTS, ["one", "two words", "three", "four"])
    names = tf.lookup.StaticHashTable(keys, "")
    held = {"table": lookup(), "names": names, "held": tf.Variable(["a b"])}
    return export(path, lambda m, t: tf.sigmoid(score(m, t) / 100), {"t": FLAT}, **held)


@pytest.mark.parametrize("name", APART)
def test_texts_that_are_taken_apart_are_prose(tmp_path: Path, name: str) -> None:
    assert found(audited(scored(tmp_path / "m", APART[name]), table(), tmp_path)) == ["t"]


@pytest.mark.parametrize("name", WHOLE)
def test_texts_that_are_read_whole_are_not(tmp_path: Path, name: str) -> None:
    assert found(audited(scored(tmp_path / "m", WHOLE[name]), table(), tmp_path)) == []


@pytest.mark.parametrize("split", ["whitespace", "character", None])
def test_keras_layer_for_texts(tmp_path: Path, split: str | None) -> None:
    text = keras.Input((1,), name="t", dtype="string")
    other = keras.Input((1,), name="u", dtype="string")
    layer = keras.layers.TextVectorization(vocabulary=["red", "tea"], output_mode="multi_hot", split=split)
    code = keras.layers.StringLookup(vocabulary=["red"], output_mode="one_hot")(other)
    both = keras.layers.Concatenate()([keras.layers.Flatten()(layer(text)), code])
    model = keras.Model([text, other], keras.layers.Dense(1, activation="sigmoid")(both))
    model.export(tmp_path / "m", verbose=False)
    assert found(audited(tmp_path / "m", table(), tmp_path)) == ([] if split is None else ["t"])


def test_one_column_of_two_is_prose_and_both_where_the_graph_cannot_be_told_apart(tmp_path: Path) -> None:
    def score(m: Any, t: Any, u: Any) -> Any:
        return tf.sigmoid(number(m.table.lookup(t[:, 0])) - lengths(tf.strings.split(u[:, 0])) / 9)

    subject = audited(
        export(tmp_path / "m", score, {"t": WIDE, "u": WIDE}, table=lookup()), table(), tmp_path
    )
    assert found(subject) == ["u"]
    vars(subject.model)["freeze_result"] = FreezeFailure("no such graph")
    assert found(subject) == ["t", "u"]


def test_without_any_split_nothing_is_prose_in_a_graph_that_cannot_be_frozen(tmp_path: Path) -> None:
    subject = audited(scored(tmp_path / "m", WHOLE["looked up"]), table(), tmp_path)
    vars(subject.model)["freeze_result"] = FreezeFailure("no such graph")
    assert found(subject) == []


def test_numbers_are_no_prose(tmp_path: Path) -> None:
    def score(m: Any, a: Any) -> Any:
        return tf.sigmoid(a + lengths(tf.strings.split(tf.strings.as_string(a[:, 0]))))

    model = export(tmp_path / "m", score, {"a": ([None, 1], tf.float32)})
    assert found(audited(model, table().assign(a=0.5), tmp_path)) == []
