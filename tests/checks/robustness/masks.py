"""Small trained networks, and masks that hide how their scores change: from gradients, from scores, or from both."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...models import save

NAMES = [f"x{i}" for i in range(24)]
MANY = [f"x{i}" for i in range(100)]
ROWS = 400
Graph = Callable[[Any], Any]
Head = Callable[[Any], Any]
Mask = Callable[[Graph, Head, Any], Any]
"""From a network's logits, its head and rows ``(n, columns)`` to scores ``(n, 1)``, or ``(n, 3)`` of three classes."""


def names(kind: str) -> list[str]:
    """Return the columns of a kind in `HEADS`."""
    return MANY if kind == "sigmoid, 100 columns" else NAMES


def table(kind: str, rows: int = ROWS, seed: int = 1) -> pd.DataFrame:
    """Return rows of two or three classes that curved borders part, one row in twelve of a class drawn by chance."""
    columns, classes = names(kind), _classes(kind)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(columns))).astype(np.float32)
    ways = np.random.default_rng(4).normal(size=(len(columns), 3))
    height = x @ ways + 0.8 * np.abs(x @ ways[:, ::-1])
    label = height.argmax(1) if classes == 3 else (height[:, 0] > height[:, 1]).astype(int)
    label = np.where(rng.random(rows) < 1 / 12, rng.integers(0, classes, rows), label)
    return pd.DataFrame(x, columns=columns).assign(label=label)


def _classes(kind: str) -> int:
    return 3 if kind == "softmax" else 2


@cache
def network(kind: str) -> Graph:
    """Return the trained logits of a kind in `HEADS` as a function of rows."""
    import tensorflow as tf

    classes, relu = _classes(kind), kind == "deep relu"
    sizes = [len(names(kind)), *([16] * 3 if relu else [12]), 3 if classes == 3 else 1]
    rng = np.random.default_rng(0)
    pairs = list(pairwise(sizes))
    weights = [tf.Variable((rng.normal(size=p) * np.sqrt(2 / p[0])).astype(np.float32)) for p in pairs]
    biases = [tf.Variable(np.zeros(p[1], np.float32)) for p in pairs]
    bend = tf.nn.relu if relu else tf.tanh

    def logits(x: Any) -> Any:
        for weight, bias in list(zip(weights, biases, strict=True))[:-1]:
            x = bend(tf.matmul(x, weight) + bias)
        return tf.matmul(x, weights[-1]) + biases[-1]

    data = table(kind, 2000, seed=0)
    x, y = tf.constant(data[names(kind)].to_numpy()), data["label"].to_numpy()
    parameters = [*weights, *biases]
    means = [tf.Variable(tf.zeros_like(p)) for p in parameters]

    def loss() -> Any:
        if classes == 3:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits(x))
        return tf.nn.sigmoid_cross_entropy_with_logits(y[:, None].astype(np.float32), logits(x))

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss())
        for p, slope, mean in zip(parameters, tape.gradient(value, parameters), means, strict=True):
            mean.assign(0.9 * mean + 0.1 * slope**2)
            p.assign_sub(0.01 * slope / (tf.sqrt(mean) + 1e-8))

    for _ in range(150):
        step()
    fixed = [(tf.constant(w.numpy()), tf.constant(b.numpy())) for w, b in zip(weights, biases, strict=True)]

    def trained(x: Any) -> Any:
        for weight, bias in fixed[:-1]:
            x = bend(tf.matmul(x, weight) + bias)
        return tf.matmul(x, fixed[-1][0]) + fixed[-1][1]

    return trained


def _sums_to_one(p: Any) -> Any:
    import tensorflow as tf

    return p if p.shape[1] == 1 else p / tf.reduce_sum(p, 1, keepdims=True)


def _rounded(digits: int) -> Mask:
    def mask(logits: Graph, head: Head, x: Any) -> Any:
        import tensorflow as tf

        parts = 10.0**digits
        return _sums_to_one(tf.round(head(logits(x)) * parts) / parts)

    return mask


def _floored(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    p = head(logits(x))
    floor = tf.floor(p * 20) / 20
    return floor if p.shape[1] == 1 else _sums_to_one(floor + 1e-3)


def _steep(factor: float) -> Mask:
    return lambda logits, head, x: head(logits(x) * factor)


def _clipped(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    return _sums_to_one(tf.clip_by_value(head(logits(x)), 0.3, 0.7))


def _label(logits: Graph, head: Head, x: Any) -> Any:
    """The label alone, by a comparison of logits or as the largest of them: no sigmoid or softmax is left."""
    import tensorflow as tf

    z = logits(x)
    return tf.cast(z > 0, tf.float32) if z.shape[1] == 1 else tf.one_hot(tf.argmax(z, 1), 3)


def _label_of_score(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    p = head(logits(x))
    return tf.cast(p >= 0.5, tf.float32) if p.shape[1] == 1 else tf.one_hot(tf.argmax(p, 1), 3)


def _sign(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    z = logits(x)
    if z.shape[1] == 1:
        return (tf.sign(z) + 1) / 2
    return _sums_to_one((tf.sign(z - tf.reduce_max(z, 1, keepdims=True)) + 1) / 2)


def _chosen(logits: Graph, head: Head, x: Any) -> Any:
    """`tf.where` between two constants, or of three columns between each and its largest."""
    import tensorflow as tf

    z = logits(x)
    if z.shape[1] == 1:
        return tf.where(z > 0, 0.9, 0.1)
    return tf.where(z >= tf.reduce_max(z, 1, keepdims=True), 0.8, 0.1)


def _looked_up(logits: Graph, head: Head, x: Any) -> Any:
    """A list of scores, looked up by a whole number made of the score."""
    import tensorflow as tf

    listed = tf.constant(np.linspace(0.005, 0.995, 100), tf.float32)
    return _sums_to_one(tf.gather(listed, tf.cast(head(logits(x)) * 99.99, tf.int32)))


def _stopped(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    return head(tf.stop_gradient(logits(x)))


def _stopped_inputs(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    return head(logits(tf.stop_gradient(x)))


def _zero_gradient(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    return head(tf.custom_gradient(lambda z: (tf.identity(z), tf.zeros_like))(logits(x)))


def _rounded_inputs(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    return head(logits(tf.round(x * 16) / 16))


def _whole_inputs(logits: Graph, head: Head, x: Any) -> Any:
    """Inputs become whole numbers, whose values are looked up in a list."""
    import tensorflow as tf

    listed = tf.constant((np.arange(201) - 100) / 20, tf.float32)
    place = tf.cast(tf.clip_by_value(tf.round(x * 20) + 100, 0, 200), tf.int32)
    return head(logits(tf.gather(listed, place)))


def _bucketed_inputs(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    edges = [float(edge) for edge in np.linspace(-3, 3, 121)]
    places = tf.cast(tf.raw_ops.Bucketize(input=x, boundaries=edges), tf.float32)
    return head(logits((places - 60.5) / 20))


def _signs_of_inputs(logits: Graph, head: Head, x: Any) -> Any:
    """Each input as a count of the thresholds that it exceeds."""
    import tensorflow as tf

    edges = tf.constant(np.linspace(-3, 3, 121), tf.float32)
    return head(logits((tf.reduce_sum(tf.sign(x[:, :, None] - edges), 2) / 2) / 20))


def _rounded_twice(logits: Graph, head: Head, x: Any) -> Any:
    """Neither gradients nor scores tell anything: inputs are rounded, and labels are all that is left."""
    return _label(lambda rows: logits(_halves(rows)), head, x)


def _halves(x: Any) -> Any:
    import tensorflow as tf

    return tf.round(x * 16) / 16


def _rippled(height: float, pace: float) -> Mask:
    def mask(logits: Graph, head: Head, x: Any) -> Any:
        import tensorflow as tf

        z = logits(x)
        return head(z + height * tf.sin(pace * z))

    return mask


def _rippled_inputs(logits: Graph, head: Head, x: Any) -> Any:
    import tensorflow as tf

    return head(logits(x + 0.02 * tf.sin(300 * x)))


def _through_text(logits: Graph, head: Head, x: Any) -> Any:
    """Numbers are written as texts and read again: no gradient at all."""
    import tensorflow as tf

    read = tf.strings.to_number(tf.strings.as_string(x, precision=2))
    return head(logits(tf.reshape(read, [-1, x.shape[1]])))


def _above(logits: Graph, x: Any) -> Any:
    """Return the decision as 1 or 0, of three classes one-hot."""
    import tensorflow as tf

    z = logits(x)
    return tf.where(z > 0, 1.0, 0.0) if z.shape[1] == 1 else tf.one_hot(tf.argmax(z, 1), 3)


def _confident(label: Any, confidence: Any) -> Any:
    """Return scores of a label: from barely it to all but certain, as ``confidence`` ``(n, 1)`` in [0, 1] says."""
    even = 1 / (label.shape[1] if label.shape[1] > 1 else 2)
    return even + (label - even) * (0.02 + 0.96 * confidence)


def _of_another(logits: Graph, head: Head, x: Any) -> Any:
    """The label of the network, with the confidence that another function of the inputs gives."""
    import tensorflow as tf

    way = np.random.default_rng(7).normal(size=(x.shape[1], 1)) / np.sqrt(x.shape[1])
    return _confident(_above(logits, x), tf.sigmoid(2 * tf.matmul(x, tf.constant(way, tf.float32))))


def _hashed(logits: Graph, head: Head, x: Any) -> Any:
    """The label, with a confidence that is a hash of the inputs: it changes with every move, and says nothing."""
    import tensorflow as tf

    written = tf.strings.reduce_join(tf.strings.as_string(x), 1, keepdims=True)
    number = tf.cast(tf.strings.to_hash_bucket_fast(written, 1000), tf.float32)
    return _confident(_above(logits, x), number / 1000)


def _saturated(logits: Graph, head: Head, x: Any) -> Any:
    """Logits through a steep hyperbolic tangent: flat nearly everywhere, and below a head as ever."""
    import tensorflow as tf

    z = logits(x)
    if z.shape[1] > 1:  # by how much each leads the best other: only one is above zero
        best = tf.math.top_k(z, 2).values
        z = z - tf.where(z >= best[:, :1], best[:, 1:], best[:, :1])
    return head(3 * tf.tanh(30 * z))


def sign_as_text(logits: Graph, head: Head, x: Any) -> Any:
    """The label, by the first sign of the logit written as text: nothing in the graph says how near it is."""
    import tensorflow as tf

    z = logits(x)
    if z.shape[1] > 1:  # of several classes: those whose logit is written as the largest one is
        written = tf.strings.as_string(z)
        return _sums_to_one(
            tf.cast(written == tf.strings.as_string(tf.reduce_max(z, 1, keepdims=True)), tf.float32)
        )
    return tf.cast(tf.strings.substr(tf.strings.as_string(z), 0, 1) != "-", tf.float32)


def plain(logits: Graph, head: Head, x: Any) -> Any:
    return head(logits(x))


MASKS: dict[str, Mask] = {
    "rounded to 1 decimal": _rounded(1),
    "rounded to 2 decimals": _rounded(2),
    "rounded to 3 decimals": _rounded(3),
    "rounded down": _floored,
    "logits x 50": _steep(50),
    "logits x 1000": _steep(1000),
    "temperature 1000": _steep(1e-3),
    "clipped probabilities": _clipped,
    "label by comparison or argmax": _label,
    "label of the score": _label_of_score,
    "sign": _sign,
    "tf.where of constants": _chosen,
    "lookup of the score": _looked_up,
    "stopped gradient": _stopped,
    "stopped gradient of inputs": _stopped_inputs,
    "custom gradient of zero": _zero_gradient,
    "inputs rounded": _rounded_inputs,
    "inputs looked up": _whole_inputs,
    "inputs in buckets": _bucketed_inputs,
    "inputs by signs": _signs_of_inputs,
    "inputs rounded, label only": _rounded_twice,
    "ripple on logits": _rippled(0.3, 60),
    "ripple on inputs": _rippled_inputs,
    "inputs through text": _through_text,
    "label by the sign as text": sign_as_text,
    "label by one net, confidence by another": _of_another,
    "hash confidence": _hashed,
    "tanh30": _saturated,
}
HEADS = ("sigmoid", "softmax", "deep relu", "sigmoid, 100 columns")


def write(kind: str, mask: Mask, path: Path) -> Path:
    """Export the network of a kind in `HEADS` behind ``mask``."""
    import tensorflow as tf

    logits, head = network(kind), (tf.nn.softmax if kind == "softmax" else tf.sigmoid)
    save(path, lambda x: mask(logits, head, x), x=([None, len(names(kind))], tf.float32))
    return path
