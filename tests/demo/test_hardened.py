"""One step of training on FGSM examples, against the same step worked out by hand."""

import numpy as np

from audit.demo.hardened import EPS, Hardened
from audit.frameworks.tensorflow_loader import tensorflow

RATE = 0.5


def test_a_step_of_a_linear_network_is_the_one_worked_out_by_hand() -> None:
    """FGSM moves a row by eps against the sign of each coefficient, so the gradient has a closed form."""
    tensorflow()
    import keras

    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((50, 4)), rng.integers(0, 2, 50).astype(float)
    weights, start = rng.uniform(0.2, 3, 50), np.array([1.5, -0.7, 0.3, -2.0])
    network = Hardened([keras.Input((4,)), keras.layers.Dense(1, use_bias=False)])
    network.set_weights([start[:, None]])
    network.compile(keras.optimizers.SGD(RATE), keras.losses.BinaryCrossentropy(from_logits=True))
    network.fit(
        rows.astype("float32"), labels[:, None].astype("float32"), sample_weight=weights,
        batch_size=50, shuffle=False, verbose=0,
    )  # fmt: skip

    harmful = rows - EPS * np.sign(start) * np.where(labels == 1, 1, -1)[:, None]
    seen, truth, weight = np.vstack([rows, harmful]), np.tile(labels, 2), np.tile(weights, 2)
    error = weight * (1 / (1 + np.exp(-seen @ start)) - truth)
    expected = start - RATE * (error @ seen) / len(seen)
    np.testing.assert_allclose(network.get_weights()[0][:, 0], expected, atol=1e-6)
