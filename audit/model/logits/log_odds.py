"""Class logits from one column of log-odds, or from scores."""

from collections.abc import Sequence
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow

_LOSS = "where a score is 0 or 1 to the last digit, no gradient is left and differences are lost"
LOST = f"computed from the scores, since no sigmoid or softmax was found in the graph from which they follow: {_LOSS}"

_MIN_SCORE = 1e-7  # 32-bit floats do not resolve scores nearer to 0 or 1


def lost(undefined: Sequence[str]) -> str:
    """Return why logits are computed from scores; ``undefined`` are places of candidates that are not finite."""
    if not undefined:
        return LOST
    reason = f"{undefined[0]} is not finite in most of the rows on which it would be compared with them"
    return f"computed from the scores, since {reason}: {_LOSS}"


def as_columns(tensor: Any, width: int) -> Any:
    """Return the tensor as ``(rows, width)``, float32 or float64."""
    tf = tensorflow()
    exact = tensor if tensor.dtype in (tf.float32, tf.float64) else tf.cast(tensor, tf.float32)
    return tf.reshape(exact, [-1, width])


def by_class(logits: Any, sign: int) -> Any:
    """Return logits in the order of the classes, ``(rows, classes)``.

    One column becomes two, each with half of the log-odds: the gradient of either is kept as long as possible.

    Args:
        logits: ``(rows, classes)``, or ``(rows, 1)`` for the log-odds of the second of two classes.
        sign: -1 if they are those of two classes in reverse order, else 1.
    """
    if logits.shape[1] == 1:
        half = sign * logits / 2
        return tensorflow().concat([-half, half], axis=1)
    return logits if sign > 0 else logits[:, ::-1]


def from_scores(scores: Any) -> Any:
    """Return log-odds ``(rows, 1)`` of one column of scores in [0, 1], of several their logarithms."""
    tf = tensorflow()
    inside = tf.clip_by_value(scores, _MIN_SCORE, 1 - _MIN_SCORE)
    return tf.math.log(inside) - tf.math.log1p(-inside) if scores.shape[1] == 1 else tf.math.log(inside)
