"""Imports TensorFlow once, on the command line without its start-up noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from audit.frameworks.output_silencing import is_enabled, quiet


@cache
def tensorflow() -> Any:
    """Return the tensorflow module. Its settings are left alone: other kernels give other scores."""
    with quiet():
        import tensorflow as tf

        if is_enabled():
            tf.get_logger().setLevel("ERROR")
        tf.config.list_logical_devices()  # starts the runtime, so that its noise is over here
    return tf


def graph(function: Callable[..., Any], signature: Sequence[Any] | None = None) -> Any:
    """Return ``function`` as a `tf.function`: traced once for all numbers of rows, and as it is written."""
    tf = tensorflow()
    return tf.function(
        function, input_signature=signature, reduce_retracing=signature is None, autograph=False
    )
