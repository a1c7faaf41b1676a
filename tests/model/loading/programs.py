"""Models that do more than compute, and models whose files and checkpoints are their own.

Nothing here is executed: an operation stands in a graph that is traced and saved.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

Effect = Callable[[Any], Any]
"""Adds an operation to the graph, given the input; returns its output or the operation."""

Write = Callable[[Path, Path], object]
"""Saves a model to the first path, with words from the second."""


def abort(x: Any) -> Any:
    """Were it executed, the tests would end here: with an error, which `exit_without_error` would hide."""
    return tf.raw_ops.Abort(error_msg="", exit_without_error=False)


def prints(x: Any) -> Any:
    return tf.raw_ops.PrintV2(input="3 rules hold", output_stream="stdout")


def saves(x: Any) -> Any:
    return tf.raw_ops.SaveV2(prefix="elsewhere", tensor_names=["w"], shape_and_slices=[""], tensors=[x])


def restores(x: Any) -> Any:
    (read,) = tf.raw_ops.RestoreV2(
        prefix="elsewhere", tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    return read


def memory(x: Any) -> Any:
    return tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name="elsewhere")


def caches(x: Any) -> Any:
    rows = tf.data.Dataset.from_tensors(tf.zeros([1])).cache("elsewhere")
    return rows.reduce(tf.zeros([1]), lambda total, row: total + row)


def graph_in_a_text(x: Any) -> Any:
    """Run a graph that stands in a constant, where no scan of operations can see what it does."""
    return tf.raw_ops.DatasetFromGraph(graph_def=tf.constant(b"a serialized graph"))


def looks_up(x: Any, name: Any = "elsewhere") -> Any:
    table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    return tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=table, filename=name, key_index=-2, value_index=-1
    )


def after(effect: Effect) -> Effect:
    """Return the identity, which is computed after ``effect``."""

    def score(x: Any) -> Any:
        with tf.control_dependencies([effect(x)]):
            return tf.identity(x)

    return score


def branch(effect: Effect) -> Effect:
    """Hide ``effect`` in a branch that no row takes, two functions deep."""
    inner = tf.function(after(effect))
    return lambda x: tf.cond(tf.reduce_sum(x) > 1e30, lambda: inner(x), lambda: x)


def signature(path: Path, value: Effect, module: Any = None) -> None:
    """Save a model that scores the sigmoid of ``value``; ``module`` holds what it needs besides."""
    module = module or tf.Module()
    spec = tf.TensorSpec([None, 1], tf.float32, name="x")
    module.call = tf.function(lambda x: {"score": tf.sigmoid(value(x))}, input_signature=[spec])
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})


def initializer(path: Path, value: Effect) -> None:
    """Save a model with a resource that computes ``value`` when it is loaded, and a harmless signature."""
    module = tf.Module()
    module.resource = _Resource(value)

    def score(x: Any) -> Any:
        return x * tf.raw_ops.ReadVariableOp(resource=module.resource.resource_handle, dtype=tf.float32)

    signature(path, score, module)


def vocabulary(path: Path, words: Path, value: Effect = tf.identity) -> None:
    """Save a model with a variable and a table that is filled from the asset ``words``."""
    module = tf.Module()
    module.weight, module.table = tf.Variable(2.0), table(words)

    def score(x: Any) -> Any:
        found = module.table.lookup(tf.strings.as_string(x, precision=0))
        return value(x) * module.weight + tf.cast(found, tf.float32)

    signature(path, score, module)


def table(words: Path) -> Any:
    index = tf.lookup.TextFileIndex
    rows = tf.lookup.TextFileInitializer(str(words), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER)
    return tf.lookup.StaticVocabularyTable(rows, 1)


def again(path: Path, source: Path) -> None:
    """Load a model and save it: its functions are then called by new ones."""
    loaded = tf.saved_model.load(str(source))
    tf.saved_model.save(
        loaded, str(path), signatures={"serving_default": loaded.signatures["serving_default"]}
    )


def first_generation(path: Path, words: Path | None = None) -> None:
    """Save a graph and a session as TensorFlow 1 does: the saver's nodes stand beside the model's."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        score = x * v1.get_variable("weight", initializer=[[2.0]])
        if words:
            score += tf.cast(table(words).lookup(tf.strings.as_string(x, precision=0)), tf.float32)
        tables = v1.tables_initializer()
        session.run([v1.global_variables_initializer(), tables])
        score = tf.sigmoid(score)
        v1.saved_model.simple_save(session, str(path), {"x": x}, {"score": score}, legacy_init_op=tables)


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Apply ``change`` to the meta graph of the model at ``path``, as somebody with an editor could."""
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    change(proto.meta_graphs[0])
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())


class _Resource(tf.saved_model.experimental.TrackableResource):
    def __init__(self, value: Effect) -> None:
        super().__init__()
        self._value = value

    def _create_resource(self) -> Any:
        return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name="resource")

    def _initialize(self) -> None:
        tf.raw_ops.AssignVariableOp(resource=self.resource_handle, value=self._value(tf.ones([])))
