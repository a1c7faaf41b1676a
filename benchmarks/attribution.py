"""Attribution of Adult rows: time per row against shap's at equal sampling error, and the model's own speed.

Both methods sample: a squared sampling error falls as the time grows. So the time that shap takes for our error is its
own time, multiplied by the ratio of the squared errors. Each error is against exact values of the function that the
method explains, enumerated by shap over the same 100 references: ours is the logit that is cut out of the graph, shap's
the log-odds of the signature's scores. Rounded scores put the latter off the former; no time reduces this bias, so it
is printed apart and is no part of the ratio. Shap, being slower, is given fewer of the same rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from adult import Adult, numbers, parser, strings
from explained import ROWS, Sample, of_codes, of_predict, of_signature, sample, true_logit
from pairs import Pairs, header, in_turn, say, seconds

from audit.frameworks.tensorflow_loader import tensorflow

COMPARED = 50  # rows whose errors are measured
BATCHES = [2**k for k in range(11, 19)]


def error(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the mean over rows of the distance from the exact values, as a share of their length."""
    return float(np.mean(np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)))


def times(given: Sample, f: Callable[[np.ndarray], np.ndarray], rows: int, pairs: int) -> Pairs:
    """Return times a row; shap explains the first ``rows`` only."""
    return in_turn(pairs, given.ours, lambda: given.shap(f, rows), our_parts=ROWS, their_parts=rows)


def at_equal_error(
    figure: str, given: Sample, f: Callable[[np.ndarray], np.ndarray], rows: int, pairs: int, bar: str
) -> None:
    """Print times a row as they are, errors, and times of shap for our sampling error."""
    exact = given.shap(true_logit(given), COMPARED, "Exact")
    exact_of_scores = given.shap(f, COMPARED, "Exact")
    ours = error(given.ours().values[:COMPARED], exact)
    theirs = error(given.shap(f, COMPARED), exact_of_scores)
    factor = (theirs / ours) ** 2
    measured = times(given, f, rows, pairs)
    say(f"{figure}: time a row, as it is", measured, "")
    print(f"| {figure}: sampling error | {factor:.2f}, squared |  | {ours:.2%} | {theirs:.2%} |  |")
    print(f"| {figure}: bias of what is explained |  |  | 0 | {error(exact_of_scores, exact):.2%} |  |")
    scaled = Pairs(measured.ours, [time * factor for time in measured.theirs])
    say(f"{figure}: time a row at equal sampling error", scaled, bar)


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
    at_equal_error("numeric, shap on the signature", given, of_signature(given), 20, pairs, "at least 80")
    predict = of_predict(keras.models.load_model(adult.keras))
    say(
        "numeric, shap on model.predict: time a row, as it is",
        times(given, predict, 1, pairs),
        "at least 1,000",
    )
    inside(given, pairs)


def texts(adult: Adult, pairs: int) -> None:
    given = sample(adult)
    at_equal_error(
        "strings, shap on codes decoded in the graph", given, of_codes(given), 10, pairs, "at least 60"
    )


def main() -> None:
    options = parser(__doc__).parse_args()
    header()
    numeric(numbers(options.data_dir), options.pairs)
    texts(strings(options.data_dir), options.pairs)


if __name__ == "__main__":
    main()
