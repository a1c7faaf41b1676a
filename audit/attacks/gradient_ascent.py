"""Gradient ascent away from a model's own decision, compiled once for all attacks, sizes and batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.attacks.threat_model import Norm, ThreatModel
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import graph, tensorflow

Logits = Callable[[Any], Any]
"""From a tensor ``(n, columns)`` to the logits of the classes ``(n, k >= 2)``, traceable by TensorFlow."""


class GradientAscent:
    """Steps of cleverhans' fast gradient method, repeated inside one compiled function.

    The direction of a step is that of the cross-entropy's gradient, as in cleverhans. It is taken from
    the log-odds against the decided class, ``logsumexp of the others - its own logit``, whose gradient is
    the cross-entropy's divided by ``1 - p``: the same direction (steps have a fixed length), and no
    underflow where ``p`` rounds to one. With two classes this is the margin between the logits.

    Perturbations are float32 whatever the rows are, since cleverhans knows nothing else.

    Args:
        logits: the model below its head.
        space: where to move. Columns that are not movable enter the logits unchanged.
        norm: of the ball, and of a step: ``inf`` for each column by itself, ``2`` for all movable columns together.
        dtype: of the rows.
        margin: to climb the best other logit minus the decided class's own instead (Carlini and Wagner 2017): of more
            than two classes, the rest has no part in it.
    """

    def __init__(
        self, logits: Logits, space: ThreatModel, norm: Norm, dtype: np.dtype[Any], margin: bool = False
    ) -> None:
        tf = tensorflow()
        with quiet():
            from cleverhans.tf2.utils import clip_eta, optimize_linear
        self.space, self.norm = space, norm
        self._tf, self.logits, self.dtype = tf, logits, dtype
        self._of_others = tf.reduce_max if margin else tf.reduce_logsumexp
        self._order = np.inf if norm == "inf" else 2
        self._clip_eta, self._optimize_linear = clip_eta, optimize_linear
        rows, eta = (tf.TensorSpec([None, len(space.scale)], kind) for kind in (dtype, tf.float32))
        classes, number, whole = (
            tf.TensorSpec(shape, kind)
            for shape, kind in (([None], tf.int32), ([], tf.float32), ([], tf.int32))
        )
        signature = [rows, classes, eta, eta, eta, number, number, whole]
        self._compiled = graph(self._climb, signature)

    def direction(self, x: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the step of length 1 that raises the loss most, ``(rows, columns)`` in units of the scale.

        It is zero where the model has no gradient. Of norm 2, its length is 1 to float64's precision: cleverhans'
        own unit vector is a few float32 units short or long, how many depends on the processor, and a ball that
        is only ever projected into never makes up for what is short.
        """
        far = np.broadcast_to(np.where(self.space.movable, np.inf, 0).astype(np.float32), x.shape)
        uphill = self.climb(x, classes, np.zeros_like(far), (-far, far), 1, 1, 1)[0]
        return uphill if self.norm == "inf" else _unit(uphill.astype(np.float64))

    def climb(
        self,
        x: np.ndarray,
        classes: np.ndarray,
        eta: np.ndarray,
        bounds: tuple[np.ndarray, np.ndarray],
        eps: float,
        step: float,
        steps: int,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Go on for some steps of projected gradient ascent.

        Args:
            x: the unchanged rows ``(rows, columns)``.
            classes: int ``(rows,)``, what the judge decides for them.
            eta: where to go on from, float32 ``(rows, columns)`` in units of the scale.
            bounds: least and greatest ``eta`` of each value.
            eps: radius of the ball.
            step: length of a step.
            steps: how many.

        Returns:
            ``eta``; whether the logits decided otherwise before the last step, bool ``(rows,)``; whether
            the last step moved the row. One that stands still would stand still for ever.
        """
        found = self._compiled(x, classes.astype(np.int32), eta, *bounds, eps, step, steps)
        eta, ahead, moving = (tensor.numpy() for tensor in found)
        return eta, ahead, moving

    def _climb(
        self, x: Any, classes: Any, eta: Any, low: Any, high: Any, eps: Any, step: Any, steps: Any
    ) -> tuple[Any, Any, Any]:
        tf = self._tf

        def body(i: Any, eta: Any, *_: Any) -> tuple[Any, ...]:
            gradient, ahead = self._gradient(x, classes, eta)
            there = eta + self._optimize_linear(gradient, step, self._order)
            # The ball's projection comes last: it moves towards the row, and so stays inside the range.
            there = self._clip_eta(tf.clip_by_value(there, low, high), self._order, eps)
            return i + 1, there, eta, ahead

        start = 0, eta, eta, tf.zeros_like(classes, tf.bool)
        _, eta, before, ahead = tf.while_loop(lambda i, *_: i < steps, body, start)
        return eta, ahead, tf.reduce_any(eta != before, 1)

    def _gradient(self, x: Any, classes: Any, eta: Any) -> tuple[Any, Any]:
        tf, space = self._tf, self.space
        scale, slope = (tf.constant(units, x.dtype) for units in (space.scale, space.scale * space.movable))
        with tf.GradientTape() as tape:
            moved = x + tf.cast(eta, x.dtype) * scale
            tape.watch(moved)
            logits = self.logits(moved)
            own = tf.one_hot(classes, tf.shape(logits)[1], on_value=True, off_value=False)
            others = tf.where(own, tf.constant(-np.inf, logits.dtype), logits)
            kept = tf.reduce_sum(tf.where(own, logits, 0), 1)
            loss = self._of_others(others, 1) - kept
        gradient = tape.gradient(loss, moved, unconnected_gradients=tf.UnconnectedGradients.ZERO) * slope
        gradient = tf.where(tf.math.is_finite(gradient), gradient, 0)
        return tf.cast(self._moderate(gradient), tf.float32), tf.reduce_max(others, 1) > kept

    def _moderate(self, gradient: Any) -> Any:
        """Return what has the same direction and survives 32 bits; of norm inf, only signs count."""
        tf = self._tf
        if self.norm == "inf":
            return tf.sign(gradient)
        # cleverhans' unit vector falls short of length 1 for gradients below 1e-6.
        return tf.math.divide_no_nan(gradient, tf.reduce_max(tf.abs(gradient), 1, keepdims=True))


def _unit(rows: np.ndarray) -> np.ndarray:
    """Return each row at Euclidean length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit
