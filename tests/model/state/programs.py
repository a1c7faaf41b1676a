"""Models that count their calls or read the clock, each in another way, and turn once the count exceeds a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

Count = Callable[[tf.Module, Any], Any]
"""Adds what counts to the graph, with what it needs on the module; returns a number that grows with every call."""

raw: Any = tf.raw_ops


def after(count: Any, *operations: Any) -> Any:
    with tf.control_dependencies([count, *operations]):
        return tf.cast(tf.identity(count), tf.float32)


def variable(module: Any, x: Any) -> Any:
    return module.counter.assign_add(1.0)


def generator(module: Any, x: Any) -> Any:
    """The counter of a random generator's state."""
    state = raw.RngReadAndSkip(resource=module.state.handle, alg=1, delta=tf.constant(1, tf.uint64))
    return tf.cast(state[0] // 256, tf.float32)


def stage(module: Any, x: Any) -> Any:
    put = raw.Stage(values=[tf.zeros([])], shared_name="stage")
    with tf.control_dependencies([put]):
        return tf.cast(raw.StageSize(dtypes=[tf.float32], shared_name="stage"), tf.float32)


def staging_map(module: Any, x: Any) -> Any:
    size = raw.MapSize(dtypes=[tf.float32], shared_name="map")
    with tf.control_dependencies([size]):
        key = tf.cast(size, tf.int64)
        put = raw.MapStage(
            key=key, indices=[0], values=[tf.zeros([])], dtypes=[tf.float32], shared_name="map"
        )
    return after(size, put)


def queue(module: Any, x: Any) -> Any:
    handle = raw.FIFOQueueV2(component_types=[tf.float32], shared_name="queue")
    put = raw.QueueEnqueueV2(handle=handle, components=[tf.zeros([])])
    with tf.control_dependencies([put]):
        return tf.cast(raw.QueueSizeV2(handle=handle), tf.float32)


def table(module: Any, x: Any) -> Any:
    size = module.table.size()
    with tf.control_dependencies([size]):
        return after(size, module.table.insert(size, size))


def variable_in_place(module: Any, x: Any) -> Any:
    """Write into the memory of a variable that was read, by an operation that is not registered as stateful."""
    return raw.InplaceAdd(x=module.cell.read_value(), i=tf.constant([0]), v=tf.ones([1]))[0]


def clock(module: Any, x: Any) -> Any:
    """Seconds since a day that has passed: it grows without any call."""
    return tf.cast(tf.timestamp() - 1.6e9, tf.float32)


COUNTS: dict[Count, list[str]] = {
    variable: ["AssignAddVariableOp"],
    generator: ["RngReadAndSkip"],
    stage: ["Stage", "StageSize"],
    staging_map: ["MapSize", "MapStage"],
    queue: ["FIFOQueueV2", "QueueEnqueueV2", "QueueSizeV2"],
    table: ["LookupTableInsertV2"],
    variable_in_place: ["InplaceAdd"],
    clock: ["Timestamp"],
}
"""Models and the types of operations that are refused in them."""


def in_a_branch(count: Count) -> Count:
    """Count in a branch that rows decide on."""
    return lambda module, x: tf.cond(tf.reduce_sum(x) > -1e30, lambda: count(module, x), lambda: 0.0)


def in_a_loop(count: Count) -> Count:
    def call(module: Any, x: Any) -> Any:
        return tf.while_loop(lambda i, total: i < 1, lambda i, total: (i + 1, count(module, x)), (0, 0.0))[1]

    return call


def in_a_map(count: Count) -> Count:
    return lambda module, x: tf.reduce_max(tf.map_fn(lambda row: count(module, row), x[:1]))


def in_a_function(count: Count) -> Count:
    return lambda module, x: tf.function(lambda: count(module, x))()


def without_result(count: Count) -> Count:
    """Run the operations, and use no result of theirs."""

    def call(module: Any, x: Any) -> Any:
        count(module, x)
        return tf.zeros([])

    return call


def behind_a_constant(count: Count) -> Count:
    """Count in a branch that no call takes, as layers in inference mode have them."""

    def call(module: Any, x: Any) -> Any:
        training = tf.compat.v1.placeholder_with_default(False, [])
        return tf.cond(tf.logical_and(training, True), lambda: count(module, x), lambda: 0.0)

    return call


def beside_a_closed_switch(count: Count) -> Count:
    """Count after a control dependency, with a switch of a constant in the same graph."""

    def call(module: Any, x: Any) -> Any:
        switch = tf.raw_ops.Switch(data=tf.zeros([]), pred=tf.constant(False))
        with tf.control_dependencies([tf.reduce_sum(x)]):
            return count(module, x) + 0 * switch.output_false

    return call


def write(path: Path, count: Count, turn: float = 5000.0) -> None:
    """Export a model that scores ``x``'s sigmoid until the count exceeds ``turn``, then that of its negative."""
    module = tf.Module()
    module.counter, module.state = tf.Variable(0.0), tf.Variable([0, 0, 0], dtype=tf.int64)
    module.cell = tf.Variable([0.0])
    module.table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -1)

    def score(x: Any) -> dict[str, Any]:
        return {"score": tf.sigmoid(tf.where(count(module, x) > turn, -x, x))}

    spec = tf.TensorSpec([None, 1], tf.float32, name="x")
    module.call = tf.function(score, input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})
