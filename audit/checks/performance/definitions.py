"""Definition of each performance metric, its range and its ideal value."""

import math

from audit.result import Better, MetricFacts
from audit.subject.predictions import LEAST_PROBABILITY

CALIBRATION_BINS = 10


def _share(about: str, ideal: float | None = None, better: Better | None = None) -> MetricFacts:
    return MetricFacts(about=about, low=0.0, high=1.0, ideal=ideal, better=better)


def _loss(about: str, high: float | None = None) -> MetricFacts:
    return MetricFacts(about=f"{about} Lower is better.", low=0.0, high=high, ideal=0.0, better="lower")


DEFINITIONS: dict[str, MetricFacts] = {
    "rows": MetricFacts(about="Number of rows.", low=0.0, of_data=True),
    "accuracy": _share("Share of rows whose predicted label is correct. Higher is better.", 1.0, "higher"),
    "balanced_accuracy": _share(
        "Mean recall over the label values (share of each value's rows predicted correctly). Higher is better.",
        1.0,
        "higher",
    ),
    "auc": _share(
        "Probability that a row with a favourable label scores higher than one with an unfavourable label. "
        "0.5 is chance level, 1 a perfect ranking.",
        1.0,
        "higher",
    ),
    "macro_auc": _share(
        "Mean one-vs-rest AUC over the classes: the probability that a row of a class gets a higher score for that "
        "class than a row of another class. 0.5 is chance level, 1 a perfect ranking.",
        1.0,
        "higher",
    ),
    "log_loss": _loss("Mean of -ln P(true label).", high=-math.log(LEAST_PROBABILITY)),
    "brier": _loss("Mean squared error of the probabilities."),
    "calibration_error": _share(
        f"Mean distance between predicted and observed share of favourable labels over {CALIBRATION_BINS} "
        "equal-width bins of P(favourable). 0 means that they agree in every bin.",
        0.0,
        "lower",
    ),
    "selection_rate": _share("Share of rows predicted favourable."),
    "true_positive_rate": _share(
        "Share predicted favourable among rows whose label is favourable.", 1.0, "higher"
    ),
    "false_positive_rate": _share(
        "Share predicted favourable among rows whose label is unfavourable.", 0.0, "lower"
    ),
    "mae": _loss("Mean absolute error, in the label's unit."),
    "rmse": _loss("Root of the mean squared error, in the label's unit."),
    "r2": MetricFacts(
        about="Share of the label's variance that the predictions explain; 1 is all.",
        high=1.0,
        ideal=1.0,
        better="higher",
    ),
}
