"""The evaluations that an attribution is announced to take contain those that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attribution.shapley import attribute, evaluation_range


@pytest.mark.parametrize(("rows", "references", "features"), [(5, 3, 2), (4, 1, 8), (6, 20, 9), (3, 100, 12)])
def test_it_contains_what_is_taken(rows: int, references: int, features: int) -> None:
    import tensorflow as tf

    def product(x: Any) -> Any:
        return tf.reduce_prod(1.0 + x, axis=1)

    draw = np.random.default_rng(0)
    taken = attribute(
        product,
        draw.normal(size=(rows, features)).astype(np.float32),
        draw.normal(size=(references, features)).astype(np.float32),
        seed=0,
        tolerance=0.3,
        memory_bytes=2**20,
    )
    least, most = evaluation_range(rows, references, features)
    assert least <= taken.evaluations <= most
    assert (taken.evaluations == most) == (taken.method == "exact")  # all features differ
