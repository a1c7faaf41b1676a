"""Rows of which different outputs are explained get the values that each output has by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attribution import attribute
from audit.attribution.expected_gradients import expected_gradients
from audit.attribution.faithfulness import faithfulness
from audit.frameworks.tensorflow_loader import tensorflow

from .functions import FEATURES, MEMORY, network, normal, products, steep

OUTPUTS = (network, steep, products)
TARGETS = np.array([2, 0, 0, 1, 2, 2, 0], np.int32)  # not in the order of the outputs
ROWS, REFERENCES = normal(7, seed=3), normal(12, seed=4)
OPTIONS: dict[str, Any] = {"seed": 0, "tolerance": 0.5, "memory_bytes": MEMORY}


def chosen(x: Any, target: Any) -> Any:
    tf = tensorflow()
    return tf.gather(tf.stack([output(x) for output in OUTPUTS], 1), target, batch_dims=1)


def of_three(x: Any, target: Any) -> Any:
    """The same of few features, which are enumerated."""
    tf = tensorflow()
    x = tf.pad(x, [[0, 0], [0, FEATURES - 3]], constant_values=0.3)
    return chosen(x, target)


@pytest.mark.parametrize(("features", "method"), [(FEATURES, "permutation"), (3, "exact")])
@pytest.mark.parametrize("memory", [MEMORY, 1])
def test_shap_values(features: int, method: str, memory: int) -> None:
    f = chosen if features == FEATURES else of_three
    rows, references = ROWS[:, :features], REFERENCES[:, :features]
    together = attribute(f, rows, references, targets=TARGETS, **OPTIONS | {"memory_bytes": memory})
    assert together.method == method
    for target in range(3):
        alone = attribute(f, rows, references, targets=np.full(7, target, np.int32), **OPTIONS)
        own = target == TARGETS
        for name in ("values", "base", "outputs"):
            np.testing.assert_allclose(
                getattr(together, name)[own], getattr(alone, name)[own], rtol=1e-4, atol=1e-5
            )
    np.testing.assert_allclose(together.base + together.values.sum(1), together.outputs, atol=1e-5)
    if method == "permutation":  # the outputs by themselves, without targets
        for target, output in enumerate(OUTPUTS):
            alone = attribute(output, rows, references, **OPTIONS)
            own = target == TARGETS
            np.testing.assert_allclose(together.values[own], alone.values[own], rtol=1e-4, atol=1e-5)


def test_expected_gradients() -> None:
    together = expected_gradients(chosen, ROWS, REFERENCES, targets=TARGETS, **OPTIONS)
    for target, output in enumerate(OUTPUTS):
        alone = expected_gradients(output, ROWS, REFERENCES, **OPTIONS)
        own = target == TARGETS
        for name in ("values", "base", "outputs", "gaps"):
            np.testing.assert_allclose(
                getattr(together, name)[own], getattr(alone, name)[own], rtol=1e-4, atol=1e-5
            )


def test_faithfulness() -> None:
    values = attribute(chosen, ROWS, REFERENCES, targets=TARGETS, **OPTIONS).values
    calls = [lambda x, output=output: np.asarray(output(x)) for output in OUTPUTS]
    together = faithfulness(lambda x, t: np.asarray(chosen(x, t)), ROWS, REFERENCES, values, 0, None, TARGETS)
    for target, output in enumerate(calls):
        alone = faithfulness(output, ROWS, REFERENCES, values, 0)
        own = target == TARGETS
        np.testing.assert_array_equal(together[own], alone[own])


def test_a_reference_that_is_not_finite_for_one_target_is_named() -> None:
    def f(x: Any, target: Any) -> Any:
        tf = tensorflow()
        return tf.where((target == 1) & (x[:, 0] == REFERENCES[5, 0]), np.float32(np.inf), x[:, 1])

    with pytest.raises(ValueError, match="is inf at reference 5"):
        attribute(f, ROWS, REFERENCES, targets=TARGETS, **OPTIONS)
    attribute(f, ROWS[:3], REFERENCES, targets=TARGETS[:3], **OPTIONS)
