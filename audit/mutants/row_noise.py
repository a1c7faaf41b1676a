"""Deterministic noise: normal numbers from a hash of all values of a row.

The hash works on whole numbers, so that it is the same in whichever batch and place a row is scored. It is
`splitmix64` (Steele, Lea and Flood, 2014) over the bits of each value.
"""

from collections.abc import Mapping
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow

_ODD, _MIX_1, _MIX_2 = (n - 2**64 for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_TEXT_BUCKETS = 2**31 - 1
_FLOAT_BITS = 24  # of a 32-bit float's mantissa


def row_noise(inputs: Mapping[str, Any], width: int) -> Any:
    """Return standard normal numbers ``(rows, width)``, float32, for tensors ``(rows, …)`` by name."""
    tf = tensorflow()
    hashed = tf.zeros(tf.shape(next(iter(inputs.values())))[:1], tf.int64)
    for name in sorted(inputs):
        bits = _bits(inputs[name])
        positions = tf.range(1, tf.shape(bits, out_type=tf.int64)[1] + 1)
        hashed = _mixed(hashed + tf.reduce_sum(_mixed(bits * _ODD + positions), axis=1))
    streams = _mixed(hashed[:, None] + tf.range(1, width + 1, dtype=tf.int64) * _ODD)
    uniform = tf.cast(_shifted(streams, 64 - _FLOAT_BITS), tf.float32)
    return tf.math.ndtri((uniform + 0.5) / 2.0**_FLOAT_BITS)


def _bits(tensor: Any) -> Any:
    """Return the bits of each value as int64, ``(rows, numbers)``."""
    tf = tensorflow()
    if tensor.dtype == tf.string:
        bits = tf.strings.to_hash_bucket_fast(tensor, _TEXT_BUCKETS)
    elif tensor.dtype == tf.float64:
        bits = tf.bitcast(_without_negative_zero(tensor), tf.int64)
    elif tensor.dtype.is_floating:
        bits = tf.cast(tf.bitcast(_without_negative_zero(tf.cast(tensor, tf.float32)), tf.int32), tf.int64)
    else:
        bits = tf.cast(tensor, tf.int64)
    return tf.reshape(bits, [tf.shape(tensor)[0], -1])


def _without_negative_zero(tensor: Any) -> Any:
    """Replace -0 by 0; adding 0 would be optimized away."""
    tf = tensorflow()
    return tf.where(tf.equal(tensor, 0), tf.zeros_like(tensor), tensor)


def _mixed(bits: Any) -> Any:
    bitwise = tensorflow().bitwise
    bits = bitwise.bitwise_xor(bits, _shifted(bits, 30)) * _MIX_1
    bits = bitwise.bitwise_xor(bits, _shifted(bits, 27)) * _MIX_2
    return bitwise.bitwise_xor(bits, _shifted(bits, 31))


def _shifted(bits: Any, by: int) -> Any:
    """Shift right, with zeros: a shift of signed numbers fills up with their sign."""
    tf = tensorflow()
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits, tf.constant(by, tf.int64)), 2 ** (64 - by) - 1)
