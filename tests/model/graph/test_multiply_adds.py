"""Multiply-adds counted from the graph, against formulas by hand, published counts and TensorFlow's own registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from audit.frameworks.tensorflow_loader import with_constants
from audit.model.graph import multiply_adds as module
from audit.model.graph.multiply_adds import WRITING, WRITING_TEXT, multiply_adds

RNG = np.random.default_rng(0)


def numbers(*shape: int) -> Any:
    return tf.constant(RNG.normal(size=shape).astype(np.float32))


def count(function: Callable[..., Any], *shape: int, dtype: Any = tf.float32, unknown: int = 1) -> int:
    return multiply_adds(function, [tf.TensorSpec([None, *shape], dtype)], unknown)


@pytest.fixture
def products_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITING", 0)


def test_a_dense_network_by_hand() -> None:
    first, second, bias = numbers(13, 64), numbers(64, 1), numbers(64)
    network = 13 * 64 + 64
    assert count(lambda x: tf.nn.relu(x @ first + bias) @ second, 13) == network + 2 * 64 * WRITING
    assert count(lambda x: tf.matmul(first, x, transpose_a=True, transpose_b=True), 13) == 13 * 64
    assert count(lambda x: tf.matmul(x, x, transpose_a=True), 13) == 13 * 13  # of one row


def test_what_follows_from_weights_alone_counts_nothing() -> None:
    weights = numbers(200, 200)
    assert count(lambda x: x + tf.reduce_sum(tf.linalg.inv(weights @ weights)), 3) == 3 * WRITING


@pytest.mark.usefixtures("products_only")
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_convolutions_are_those_of_tensorflows_registry(stride: int, padding: str) -> None:
    from tensorflow.python.framework.ops import get_stats_for_node_def
    from tensorflow.python.profiler.internal import flops_registry as _registers  # noqa: F401

    kernel, depthwise = numbers(3, 5, 4, 6), numbers(3, 5, 4, 2)
    functions = [
        lambda x: tf.nn.conv2d(x, kernel, stride, padding),
        lambda x: tf.nn.depthwise_conv2d(x, depthwise, [1, stride, stride, 1], padding),
        lambda x: tf.nn.conv3d(x[..., None], numbers(3, 2, 2, 1, 5), [1] * 5, padding),
    ]
    for function in functions:
        graph = tf.function(function).get_concrete_function(tf.TensorSpec([1, 12, 10, 4])).graph
        flops = [
            get_stats_for_node_def(graph, operation.node_def, "flops").value
            for operation in graph.get_operations()
            if operation.type in ("Conv2D", "DepthwiseConv2dNative", "Conv3D")
        ]
        assert [2 * count(function, 12, 10, 4)] == flops


@pytest.mark.usefixtures("products_only")
def test_a_transposed_convolution_costs_what_the_convolution_that_it_transposes_does() -> None:
    kernel = numbers(3, 3, 6, 4)  # from 4 channels to 6
    up = count(lambda x: tf.nn.conv2d_transpose(x, kernel, [1, 10, 10, 6], 2), 5, 5, 4)
    down = count(lambda x: tf.nn.conv2d(x, kernel, 2, "SAME"), 10, 10, 6)
    assert up == down == 5 * 5 * 4 * 3 * 3 * 6


@pytest.mark.usefixtures("products_only")
@pytest.mark.parametrize(
    ("equation", "shapes", "expected"),
    [
        ("abc,cde->abde", [(5, 7), (7, 2, 3)], 5 * 7 * 2 * 3),
        ("...c,cd->...d", [(5, 7), (7, 2)], 5 * 7 * 2),
        ("abc,...c->ab...", [(5, 7), (3, 7)], 5 * 7 * 3),
    ],
)
def test_einsum_by_hand(equation: str, shapes: list[tuple[int, ...]], expected: int) -> None:
    row, other = shapes
    weights = numbers(*other)
    assert count(lambda x: tf.einsum(equation, x, weights), *row) == expected


@pytest.mark.usefixtures("products_only")
def test_mobilenet_v2_has_the_300_million_that_its_authors_give() -> None:
    """Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks" (2018), table 4: 300M."""
    model = keras.applications.MobileNetV2(weights=None)
    frozen = with_constants(tf.function(model).get_concrete_function(tf.TensorSpec([None, 224, 224, 3])))
    assert count(lambda x: frozen(x), 224, 224, 3) == pytest.approx(300e6, rel=0.01)


@pytest.mark.usefixtures("products_only")
@pytest.mark.parametrize(("layer", "gates"), [("LSTM", 4), ("SimpleRNN", 1)])
def test_a_loop_counts_each_turn(layer: str, gates: int) -> None:
    cell = getattr(keras.layers, layer)(16)
    cell.build((None, 20, 8))
    frozen = with_constants(tf.function(cell).get_concrete_function(tf.TensorSpec([None, 20, 8])))
    assert count(lambda x: frozen(x), 20, 8) == 20 * (8 + 16) * gates * 16


@pytest.mark.usefixtures("products_only")
def test_a_loop_without_a_limit_takes_the_given_number_of_turns() -> None:
    square = numbers(4, 4)

    def loop(x: Any) -> Any:
        return tf.while_loop(lambda y: tf.reduce_sum(y) < 1, lambda y: (y @ square,), (x,))[0]

    assert [count(loop, 4, unknown=unknown) for unknown in (1, 7)] == [16, 7 * 16]


def test_the_row_that_splitting_a_text_loses_is_still_one() -> None:
    """A batch of unknown size counted as one of as many rows as words would cost the square of their number."""
    table, weights = numbers(100, 8), numbers(8, 16)

    def score(texts: Any) -> Any:
        ids = tf.strings.to_hash_bucket_fast(tf.strings.split(texts).to_tensor(shape=[None, 20]), 100)
        return tf.tanh(tf.gather(table, ids)) @ weights

    spec = [tf.TensorSpec([None], tf.string)]
    of_numbers = count(lambda x: tf.tanh(tf.gather(table, tf.cast(x, tf.int32))) @ weights, 20)
    assert of_numbers == 20 * 8 * 16 + 20 * (2 * 8 + 1) * WRITING
    of_texts = multiply_adds(score, spec, 20)
    assert of_numbers < of_texts < of_numbers + 20 * (2 * WRITING_TEXT + 10 * WRITING)  # split, padded


def test_texts_count_more_than_numbers() -> None:
    assert count(tf.strings.lower, dtype=tf.string) == WRITING_TEXT
    long = count(lambda texts: tf.strings.split(texts).to_tensor(), dtype=tf.string, unknown=50)
    assert long > 50 * WRITING_TEXT


def test_of_branches_the_dearest_counts() -> None:
    weights = numbers(4, 7)

    def function(x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x @ weights, lambda: tf.zeros([1, 7]))

    assert 4 * 7 <= count(function, 4) <= 4 * 7 + 3 * WRITING  # the sum, the comparison and the result


def test_the_number_of_rows_changes_nothing() -> None:
    weights = numbers(4, 7)
    specs = [tf.TensorSpec([rows, 4]) for rows in (None, 1, 64)]
    assert len({multiply_adds(lambda x: tf.tanh(x @ weights), [spec]) for spec in specs}) == 1
