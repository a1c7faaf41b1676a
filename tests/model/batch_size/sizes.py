"""Models whose scores turn at numbers of rows, each finding the number in another way, and models that only look so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Size = Callable[[Any], Any]
"""Returns the number of rows of ``x`` ``(rows, 4)`` as a float."""

Turn = Callable[[Any], Any]
"""Returns 1 at the sizes at which a model turns, else 0, given the size as a float."""


def flat(x: Any) -> Any:
    return tf.reshape(x, [-1])


def counted_in_a_loop(x: Any) -> Any:
    rows = tf.shape(x)[0]
    return tf.while_loop(lambda i, total: i < rows, lambda i, total: (i + 1, total + 1.0), (0, 0.0))[1]


SIZES: dict[str, Size] = {
    "shape": lambda x: tf.cast(tf.shape(x)[0], tf.float32),
    "64-bit shape": lambda x: tf.cast(tf.shape(x, tf.int64)[0], tf.float32),
    "size": lambda x: tf.cast(tf.size(x), tf.float32) / 4,
    "shape of a transpose": lambda x: tf.cast(tf.shape(tf.transpose(x))[1], tf.float32),
    "shape of a flat tensor": lambda x: tf.cast(tf.shape(flat(x))[0] // 4, tf.float32),
    "shape of a wider tensor": lambda x: tf.cast(tf.shape(tf.pad(x, [[3, 0], [0, 0]]))[0] - 3, tf.float32),
    "shape of chosen rows": lambda x: tf.cast(tf.shape(tf.where(x[:, 0] * 0 > -1.0))[0], tf.float32),
    "shape in a function": lambda x: tf.function(lambda y: tf.cast(tf.shape(y)[0], tf.float32))(x),
    "product of the shape": lambda x: tf.cast(tf.reduce_prod(tf.shape(x)), tf.float32) / 4,
    "sum of ones": lambda x: tf.reduce_sum(tf.ones_like(x[:, 0])),
    "sum of nothing and one": lambda x: tf.reduce_sum(x[:, 0] * 0 + 1),
    "sum over a transpose": lambda x: tf.reduce_sum(tf.transpose(x) * 0 + 1, 1)[0],
    "matrix product of ones": lambda x: tf.matmul(x * 0 + 1, x * 0 + 1, transpose_a=True)[0, 0],
    "einsum of ones": lambda x: tf.einsum("ij,ij->j", x * 0 + 1, x * 0 + 1)[0],
    "tensordot of ones": lambda x: tf.tensordot(x[:, 0] * 0 + 1, x[:, 0] * 0 + 1, 1),
    "running sum": lambda x: tf.cumsum(tf.ones_like(x[:, 0]))[-1],
    "last of a range": lambda x: tf.cast(tf.range(tf.shape(x)[0])[-1] + 1, tf.float32),
    "greatest of a range": lambda x: tf.cast(tf.reduce_max(tf.range(tf.shape(x)[0])) + 1, tf.float32),
    "logarithm of a sum": lambda x: tf.exp(tf.reduce_logsumexp(x[:, 0] * 0)),
    "mean of padded rows": lambda x: 1 / tf.reduce_mean(tf.pad(x[1:, 0] * 0, [[1, 0]], constant_values=1.0)),
    "squared norm of ones": lambda x: tf.norm(x[:, 0] * 0 + 1) ** 2,
    "trace of the unit matrix": lambda x: tf.reduce_sum(tf.eye(tf.shape(x)[0])),
    "turns of a loop": counted_in_a_loop,
}

TABLE = [0.0] * 5000
for _size in (8, 16, 32, 64, 4096):
    TABLE[_size] = 1.0


def table(size: Any) -> Any:
    return tf.gather(tf.constant(TABLE), tf.cast(tf.round(size), tf.int32))


def part_of_a_table(size: Any) -> Any:
    whole = tf.cast(tf.round(size), tf.int32)
    ends = tf.constant(TABLE)[: whole + 1]
    return tf.reduce_sum(ends) - tf.reduce_sum(ends[:-1])


TURNS: dict[str, Turn] = {
    "equal": lambda n: tf.cast(tf.equal(n, 4096.0), tf.float32),
    "greater": lambda n: tf.cast(n > 130.5, tf.float32),
    "among several": lambda n: tf.cast(tf.reduce_any(tf.equal(n, [8.0, 16.0, 32.0, 4096.0])), tf.float32),
    "remainder": lambda n: 1 - tf.minimum(tf.math.floormod(n, 8.0), 1.0),
    "remainder of whole numbers": lambda n: tf.cast(1 - tf.sign(tf.cast(n, tf.int32) % 8), tf.float32),
    "sign": lambda n: (tf.sign(n - 130.5) + 1) / 2,
    "rectified": lambda n: tf.nn.relu(n - 130) / (n - 129.9),
    "clipped": lambda n: tf.clip_by_value(n - 130, 0.0, 1.0),
    "floor": lambda n: tf.floor(n / 131) * 131 / n,
    "whole quotient": lambda n: tf.cast(tf.cast(n, tf.int32) // 131 > 0, tf.float32),
    "truth value": lambda n: tf.cast(tf.cast(tf.cast(n, tf.int32) // 131, tf.bool), tf.float32),
    "steep sigmoid": lambda n: tf.sigmoid(50 * (n - 130.5)),
    "cosine": lambda n: tf.cos(n * 3.141592653589793 / 4) ** 1000,
    "table": table,
    "part of a table": part_of_a_table,
    "one in several": lambda n: tf.one_hot(tf.cast(n, tf.int32), 5000)[4096],
    "branch": lambda n: tf.cond(n > 130.5, lambda: 1.0, lambda: 0.0),
    "case": lambda n: tf.switch_case(tf.cast(n, tf.int32) - 8, [lambda: 1.0, lambda: 0.0]),
    "text": lambda n: tf.cast(tf.equal(tf.as_string(tf.cast(n, tf.int32)), "4096"), tf.float32),
    "power in a loop": lambda n: tf.while_loop(
        lambda i, y: tf.cast(i, tf.float32) < n, lambda i, y: (i + 1, y * 0.5), (0, 1.0)
    )[1],
}
