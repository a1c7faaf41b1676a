"""Adversarial training with FGSM examples (Goodfellow, Shlens and Szegedy, 2015)."""

from typing import Any

import keras
import numpy as np

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow

with quiet():
    from cleverhans.tf2.attacks.fast_gradient_method import fast_gradient_method

EPS = 0.1
"""Perturbation size in standard deviations of each column: the ``eps`` of the demo's policy."""


class Hardened(keras.Sequential):  # type: ignore[misc]  # keras has no types
    """Network from standardized columns, shape (rows, columns), to a logit, shape (rows, 1).

    Every batch is used twice: unchanged, and with each column perturbed by `EPS` by FGSM against the labels.
    The first layer is a `keras.Input`: cleverhans compiles its gradient, inside which no weights can be made.
    """

    def train_step(self, data: tuple[Any, Any, Any]) -> Any:
        """Train on one batch: columns, labels 0 or 1 of shape (rows, 1), and weights."""
        tf = tensorflow()
        rows, labels, weights = data
        adversarial = fast_gradient_method(
            self._class_logits, rows, EPS, np.inf, y=tf.cast(labels[:, 0], tf.int32)
        )
        twice = (tf.concat([targets, targets], 0) for targets in (labels, weights))
        return super().train_step((tf.concat([rows, tf.stop_gradient(adversarial)], 0), *twice))

    def _class_logits(self, rows: Any) -> Any:
        """Return the logits of both classes, shape (rows, 2): cleverhans takes those, not one log-odds."""
        logit = self(rows, training=True)
        return tensorflow().concat([-logit / 2, logit / 2], 1)
