"""A network that learns from FGSM examples of its own weakness (Goodfellow, Shlens and Szegedy, 2015)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow

with quiet():
    from cleverhans.tf2.attacks.fast_gradient_method import fast_gradient_method

EPS = 0.1
"""Size of the examples, in standard deviations of each column: the size that the demo's policy asks about."""


class Hardened(keras.Sequential):  # type: ignore[misc]  # keras has no types
    """Layers from standardized columns, shape (rows, columns), to a logit, shape (rows, 1).

    Every batch is learned twice: as it is, and as FGSM moves it against the labels in each column by `EPS`.
    The first layer is a `keras.Input`: cleverhans compiles its gradient, inside which no weights can be made.
    """

    def train_step(self, data: tuple[Any, Any, Any]) -> Any:
        """Learn from one batch: columns, labels 0 or 1 of shape (rows, 1), and weights."""
        tf = tensorflow()
        rows, labels, weights = data
        moved = fast_gradient_method(self._class_logits, rows, EPS, np.inf, y=tf.cast(labels[:, 0], tf.int32))
        twice = (tf.concat([part, part], 0) for part in (labels, weights))
        return super().train_step((tf.concat([rows, tf.stop_gradient(moved)], 0), *twice))

    def _class_logits(self, rows: Any) -> Any:
        """Return two log-odds columns: cleverhans attacks the logits of classes, not one sigmoid."""
        logit = self(rows, training=True)
        return tensorflow().concat([-logit / 2, logit / 2], 1)
