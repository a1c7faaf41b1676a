"""Of how many rows logits say nothing to an attack: there is no gradient to follow, or the value is that of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow


def silent(logits: Callable[[Any], Any], rows: np.ndarray) -> float:
    """Return the share of the rows without a gradient, or with the very logits of another row: a plateau's.

    Args:
        logits: class logits, or a regression's value, of a matrix; traceable by TensorFlow.
        rows: a matrix ``(rows, columns)``.

    Returns:
        From 0 to 1; 1 where an operation has no gradient at all.
    """
    tf = tensorflow()

    def computed(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = logits(x)
            best = tf.math.top_k(found, min(2, found.shape[1])).values
            margin = best[:, 0] - best[:, 1] if found.shape[1] > 1 else best[:, 0]
        return found, tape.gradient(margin, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    try:
        found, gradient = (tensor.numpy() for tensor in graph(computed)(tf.constant(rows)))
    except (LookupError, NotImplementedError, tf.errors.OpError):  # an operation has none
        return 1.0
    _, place, count = np.unique(found, axis=0, return_inverse=True, return_counts=True)
    without = ~(np.isfinite(gradient) & (gradient != 0)).any(1)
    return float((without | (count[place.reshape(-1)] > 1)).mean())
