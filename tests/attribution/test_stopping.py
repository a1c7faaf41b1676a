"""When sampling ends, small inputs, outputs that are no numbers, and what shap is handed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attribution import Attributions, attribute
from audit.frameworks.tensorflow_loader import tensorflow

from . import functions
from .functions import FEATURES, MEMORY, normal

ROWS, REFERENCES = normal(20, seed=8), normal(40, seed=9)


def run(error: float, rows: np.ndarray = ROWS, references: np.ndarray = REFERENCES) -> Attributions:
    return attribute(functions.products, rows, references, seed=0, tolerance=error, memory_bytes=MEMORY)


def share(found: Attributions) -> np.ndarray:
    return np.asarray(np.linalg.norm(found.errors, axis=1) / np.linalg.norm(found.values, axis=1))


def test_a_looser_error_stops_earlier() -> None:
    loose, strict = run(0.2), run(0.05)
    assert loose.evaluations < strict.evaluations
    assert (loose.rounds <= strict.rounds).all()
    assert len(set(strict.rounds)) > 1  # each row on its own
    assert (share(loose) <= 0.2).all()


def test_ends_at_the_wished_error_or_at_the_bound() -> None:
    found, most = run(0.05), run(0.0).rounds
    assert len(set(most)) == 1
    assert ((share(found) <= 0.05) | (found.rounds == most)).all()
    assert (found.rounds < most).any()


def test_rounding_is_no_reason_to_go_on() -> None:
    """A small effect on a great constant: float32 has nothing below its spacing, whatever is wished."""
    tf = tensorflow()
    found = attribute(
        lambda x: 1e5 + 1e-3 * tf.reduce_prod(x, 1),
        ROWS,
        REFERENCES,
        seed=0,
        tolerance=0.0,
        memory_bytes=MEMORY,
    )
    assert found.rounds.max() < run(0.0).rounds.max()


@pytest.mark.parametrize("features", [1, 2, FEATURES])
@pytest.mark.parametrize("references", [1, 40])
@pytest.mark.parametrize("rows", [1, 20])
def test_the_smallest_inputs(rows: int, references: int, features: int) -> None:
    x, others = ROWS[:rows, :features], REFERENCES[:references, :features]
    tf = tensorflow()
    found = attribute(lambda z: tf.reduce_prod(z, 1), x, others, seed=0, tolerance=0.1, memory_bytes=MEMORY)
    assert found.values.shape == found.errors.shape == (rows, features)
    assert found.outputs.shape == found.rounds.shape == (rows,)
    np.testing.assert_allclose(
        found.values.sum(axis=1), x.prod(axis=1) - others.prod(axis=1).mean(), atol=1e-5
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("features", [2, FEATURES])
def test_outputs_that_are_no_numbers(features: int, bad: float) -> None:
    """At a row, at a reference, and between the two only."""
    tf = tensorflow()
    rows, references = np.abs(ROWS[:, :features]) + 1, -np.abs(REFERENCES[:, :features]) - 1
    rows[3, 0], references[5, 1] = 77, -99

    def where(wrong: Any) -> Any:
        return lambda x: attribute(
            lambda z: tf.where(wrong(z), bad, tf.reduce_sum(z, 1)),
            x,
            references,
            seed=0,
            tolerance=0.1,
            memory_bytes=MEMORY,
        )

    with pytest.raises(ValueError, match="at row 3,"):
        where(lambda z: (z[:, 0] == 77) & (z[:, 1] > 0))(rows)
    with pytest.raises(ValueError, match="at reference 5,"):
        where(lambda z: (z[:, 1] == -99) & (z[:, 0] < 0))(rows)
    with pytest.raises(ValueError, match="row 3 is mixed with reference 5"):
        where(lambda z: (z[:, 0] == 77) & (z[:, 1] == -99))(rows)


def test_the_explanation_is_what_shap_takes() -> None:
    found, names = run(0.2), [f"f{i}" for i in range(FEATURES)]
    explanation = found.explanation(ROWS, names)
    import shap

    assert isinstance(explanation, shap.Explanation)
    np.testing.assert_array_equal(explanation.values, found.values)
    np.testing.assert_array_equal(explanation.base_values, np.full(len(ROWS), found.base))
    np.testing.assert_array_equal(explanation.data, ROWS)
    assert explanation.feature_names == names
    np.testing.assert_array_equal(explanation[3].values, found.values[3])  # as plots slice it
    np.testing.assert_allclose(explanation.abs.mean(0).values, np.abs(found.values).mean(axis=0))
