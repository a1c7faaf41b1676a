"""Cost of attribution by number of features: model rows and time per explained row of a dense network."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pairs import seconds

from audit.attribution import Attributions, attribute
from audit.frameworks.tensorflow_loader import tensorflow

ROWS = {13: 400, 50: 100, 200: 25, 1000: 5}  # by features: about as many model rows for each
REFERENCES, UNITS = 100, (64, 32, 1)
TIMES = 5


def network(features: int) -> Callable[[Any], Any]:
    """Return a network of two layers of rectified units, with random weights of the usual sizes."""
    tf, rng = tensorflow(), np.random.default_rng(0)
    sizes = [features, *UNITS]
    weights = [
        tf.constant(rng.normal(0, (2 / a) ** 0.5, (a, b)).astype(np.float32))
        for a, b in zip(sizes, UNITS, strict=False)
    ]

    def value(x: Any) -> Any:
        first, second, last = weights
        return (tf.nn.relu(tf.nn.relu(x @ first) @ second) @ last)[:, 0]

    return value


def explained(features: int, rows: int) -> Attributions:
    rng = np.random.default_rng(1)
    x, references = (rng.normal(size=(n, features)).astype(np.float32) for n in (rows, REFERENCES))
    return attribute(
        network(features),
        x,
        references,
        seed=0,
        tolerance=0.1,
        memory_bytes=64 * 2**20,
        floats_per_row=max(features, *UNITS),
    )


def main() -> None:
    print(
        "| features | model rows for an explained row | for each feature | time an explained row | a model row |"
    )
    print("|---|---|---|---|---|")
    for features, rows in ROWS.items():
        asked = explained(features, rows).evaluations
        took = statistics.median(seconds(partial(explained, features, rows)) for _ in range(TIMES))
        print(
            f"| {features:,} | {asked / rows:,.0f} | {asked / rows / features:.0f} "
            f"| {took / rows * 1e3:,.2f} ms | {took / asked * 1e9:,.0f} ns |"
        )


if __name__ == "__main__":
    main()
