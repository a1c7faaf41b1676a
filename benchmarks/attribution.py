"""Attribution of Adult rows: time per row against shap's at equal or lower error, and the model's own speed.

Errors are against exact values: every coalition with each of the same 100 references, enumerated by shap on
the logit that is cut out of the graph. Explained are the same rows; shap, being slower, is given fewer of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from adult import Adult, numbers, parser, strings
from explained import ROWS, Sample, of_codes, of_predict, of_signature, sample, true_logit
from pairs import header, in_turn, say, seconds

from audit.frameworks.tensorflow_loader import tensorflow

COMPARED = 50  # rows whose errors are measured
BATCHES = [2**k for k in range(11, 19)]


def error(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the mean over rows of the distance from the exact values, as a share of their length."""
    return float(np.mean(np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)))


def against_shap(
    figure: str, given: Sample, f: Callable[[np.ndarray], np.ndarray], rows: int, pairs: int, bar: str
) -> None:
    """Compare times a row; shap explains the first ``rows`` only."""
    found = in_turn(pairs, given.ours, lambda: given.shap(f, rows), our_parts=ROWS, their_parts=rows)
    say(f"{figure}, time a row", found, bar)


def errors(figure: str, given: Sample, f: Callable[[np.ndarray], np.ndarray]) -> None:
    """Print how far both are from the exact values."""
    exact = given.shap(true_logit(given), COMPARED, "Exact")
    ours, theirs = error(given.ours().values[:COMPARED], exact), error(given.shap(f, COMPARED), exact)
    print(
        f"| {figure}, error against exact values |  | equal or lower | {ours:.2%} | {theirs:.2%} |  |",
        flush=True,
    )


def inside(given: Sample, pairs: int) -> None:
    """Compare model rows a second inside attribution with the signature's own, in a loop on a resident batch."""
    evaluations = given.ours().evaluations
    loops = {size: _loop(given, size, evaluations) for size in BATCHES}
    times = {size: seconds(loop) for size, loop in loops.items() for _ in range(2)}  # the first one traces
    best = min(times, key=times.__getitem__)
    found = in_turn(pairs, given.ours, loops[best], our_parts=evaluations, their_parts=evaluations)
    figure = f"model rows a second inside attribution, against batches of {best:,}"
    say(figure, found, "at least 0.8", (1e9, "ns"))


def _loop(given: Sample, size: int, rows: int) -> Callable[[], None]:
    tf, model = tensorflow(), given.subject.model
    (name,) = model.signature.inputs
    batch = tf.constant(np.resize(given.x, (size, given.x.shape[1])))

    def work() -> None:
        for _ in range(-(-rows // size)):
            model.signature.function(**{name: batch})

    return work


def numeric(adult: Adult, pairs: int) -> None:
    import keras

    given = sample(adult)
    against_shap("numeric, shap on the signature", given, of_signature(given), 20, pairs, "at least 35")
    errors("numeric", given, of_signature(given))
    predict = of_predict(keras.models.load_model(adult.keras))
    against_shap("numeric, shap on model.predict", given, predict, 1, pairs, "at least 1,000")
    inside(given, pairs)


def texts(adult: Adult, pairs: int) -> None:
    given = sample(adult)
    against_shap(
        "strings, shap on codes decoded in the graph",
        given,
        of_codes(given),
        10,
        pairs,
        "at least 15, aim 25",
    )
    errors("strings", given, of_codes(given))


def main() -> None:
    options = parser(__doc__).parse_args()
    header()
    numeric(numbers(options.data_dir), options.pairs)
    texts(strings(options.data_dir), options.pairs)


if __name__ == "__main__":
    main()
