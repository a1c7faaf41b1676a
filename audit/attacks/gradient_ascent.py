"""Gradient ascent away from a model's own decision, compiled once for all attacks, sizes and batches."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from audit.attacks.threat_model import Norm, Range, ThreatModel
from audit.execution.plan import call_ranges
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import graph, tensorflow

Logits = Callable[[Any], Any]
"""From a tensor ``(n, columns)`` to the logits of the classes ``(n, k >= 2)``, traceable by TensorFlow."""


@runtime_checkable
class LogitsNearRows(Protocol):
    """Logits that take less time for rows of which some columns rest."""

    def near(self, rows: Any, movable: np.ndarray) -> Logits:
        """Return the logits as a function of rows that are ``rows`` but for movable columns, bool ``(columns,)``."""


def logits_near(logits: Logits, rows: Any, movable: np.ndarray) -> Logits:
    """Return logits as a function of rows that are ``rows`` but for movable columns: the faster ones, if there are."""
    return logits.near(rows, movable) if isinstance(logits, LogitsNearRows) else logits


class Ascent(NamedTuple):
    """The state after some steps of `GradientAscent`.

    Attributes:
        eta: perturbation of each row, float32 ``(rows, columns)`` in units of the scale.
        crossed: whether the logits decided otherwise before the last step, bool ``(rows,)``.
        moving: whether the last step moved the row, bool ``(rows,)``. One that did not move never will again.
    """

    eta: np.ndarray
    crossed: np.ndarray
    moving: np.ndarray


class GradientAscent:
    """Steps of cleverhans' fast gradient method, repeated inside one compiled function.

    The direction of a step is that of the cross-entropy's gradient, as in cleverhans. It is taken from
    the log-odds against the decided class, ``logsumexp of the others - its own logit``, whose gradient is
    the cross-entropy's divided by ``1 - p``: the same direction (steps have a fixed length), and no
    underflow where ``p`` rounds to one. With two classes this is the margin between the logits.

    Perturbations are float32 whatever the rows are, since cleverhans knows nothing else.

    Args:
        logits: the model below its head.
        threat_model: values that may move. Columns that are not movable enter the logits unchanged.
        norm: norm of the ball and of a step: ``inf`` for each column alone, ``2`` for all movable columns together.
        dtype: dtype of the rows.
        margin: whether to climb the best other logit minus the decided class's own instead (Carlini and Wagner 2017),
            which ignores all further classes.
        rows_of_call: most rows whose gradients are computed at once; all if None.
    """

    def __init__(
        self,
        logits: Logits,
        threat_model: ThreatModel,
        norm: Norm,
        dtype: np.dtype[Any],
        margin: bool = False,
        rows_of_call: int | None = None,
    ) -> None:
        tf = tensorflow()
        with quiet():
            from cleverhans.tf2.utils import clip_eta, optimize_linear
        self.threat_model = threat_model
        self.norm = norm
        self.logits = logits
        self.dtype = dtype
        self.rows_of_call = rows_of_call
        self._tf = tf
        self._score_of_others = tf.reduce_max if margin else tf.reduce_logsumexp
        self._margin = margin
        self._order = np.inf if norm == "inf" else 2
        self._clip_eta = clip_eta
        self._optimize_linear = optimize_linear
        shape = [None, len(threat_model.scale)]
        eta = tf.TensorSpec(shape, tf.float32)
        number = tf.TensorSpec([], tf.float32)
        classes = tf.TensorSpec([None], tf.int32)
        steps = tf.TensorSpec([], tf.int32)
        signature = [tf.TensorSpec(shape, dtype), classes, eta, eta, eta, number, number, steps]
        self._compiled = graph(self._climb, signature)

    def __reduce__(self) -> "tuple[type[GradientAscent], tuple[Any, ...]]":
        arguments = self.logits, self.threat_model, self.norm, self.dtype, self._margin, self.rows_of_call
        return type(self), arguments

    def direction(self, x: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the step of length 1 that raises the loss most, ``(rows, columns)`` in units of the scale.

        It is zero where the model has no gradient. Of norm 2, its length is 1 to float64's precision: cleverhans'
        own unit vector is a few float32 units short or long, how many depends on the processor, and a ball that
        is only ever projected into never makes up for what is short.
        """
        unbounded = np.where(self.threat_model.movable, np.inf, 0).astype(np.float32)
        high = np.broadcast_to(unbounded, x.shape)
        uphill = self.climb(x, classes, np.zeros_like(high), Range(-high, high), 1, 1, 1).eta
        return uphill if self.norm == "inf" else _unit(uphill.astype(np.float64))

    def climb(
        self,
        x: np.ndarray,
        classes: np.ndarray,
        eta: np.ndarray,
        bounds: Range,
        eps: float,
        step_length: float,
        steps: int,
    ) -> Ascent:
        """Make some more steps of projected gradient ascent.

        Args:
            x: the unchanged rows ``(rows, columns)``.
            classes: classes that the model decides for them, int ``(rows,)``.
            eta: the perturbation so far, float32 ``(rows, columns)`` in units of the scale.
            bounds: range of each value's ``eta``.
            eps: radius of the ball.
            step_length: length of a step.
            steps: number of steps.
        """
        arrays = x, classes.astype(np.int32), eta, *bounds
        ascents = [
            self._compiled(*(array[part.slice] for array in arrays), eps, step_length, steps)
            for part in call_ranges(len(x), self.rows_of_call)
        ]
        return Ascent(*map(np.concatenate, zip(*ascents, strict=True)))

    def _climb(
        self, x: Any, classes: Any, eta: Any, low: Any, high: Any, eps: Any, step_length: Any, steps: Any
    ) -> tuple[Any, Any, Any]:
        tf = self._tf
        logits = logits_near(self.logits, x, self.threat_model.movable)

        def body(i: Any, eta: Any, *_: Any) -> tuple[Any, ...]:
            gradient, crossed = self._gradient(logits, x, classes, eta)
            stepped = eta + self._optimize_linear(gradient, step_length, self._order)
            # The ball's projection comes last: it moves towards the row, and so stays inside the range.
            stepped = self._clip_eta(tf.clip_by_value(stepped, low, high), self._order, eps)
            return i + 1, stepped, eta, crossed

        start = 0, eta, eta, tf.zeros_like(classes, tf.bool)
        _, eta, before, crossed = tf.while_loop(lambda i, *_: i < steps, body, start)
        return eta, crossed, tf.reduce_any(eta != before, 1)

    def _gradient(self, logits_of: Logits, x: Any, classes: Any, eta: Any) -> tuple[Any, Any]:
        tf = self._tf
        scale = self.threat_model.scale
        slope = tf.constant(scale * self.threat_model.movable, x.dtype)
        with tf.GradientTape() as tape:
            adversarial = x + tf.cast(eta, x.dtype) * tf.constant(scale, x.dtype)
            tape.watch(adversarial)
            logits = logits_of(adversarial)
            is_original = tf.one_hot(classes, tf.shape(logits)[1], on_value=True, off_value=False)
            others = tf.where(is_original, tf.constant(-np.inf, logits.dtype), logits)
            original = tf.reduce_sum(tf.where(is_original, logits, 0), 1)
            loss = self._score_of_others(others, 1) - original
        gradient = (
            tape.gradient(loss, adversarial, unconnected_gradients=tf.UnconnectedGradients.ZERO) * slope
        )
        gradient = tf.where(tf.math.is_finite(gradient), gradient, 0)
        return tf.cast(self._rescale(gradient), tf.float32), tf.reduce_max(others, 1) > original

    def _rescale(self, gradient: Any) -> Any:
        """Return a vector of the same direction that survives 32 bits; of norm inf, only signs count."""
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
