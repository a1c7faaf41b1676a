"""Definition of each metric of the slices check, its range and its ideal value."""

from audit.result import MetricFacts, SampledRows

_HELD_OUT = SampledRows(
    kind="held-out",
    source="half of the rows are held out; raise checks.slices.rows if the data has more rows than that",
)
_CHOICE = (
    "The slice is the worst of up to two features or protected attributes, chosen on one half of the rows; the value "
    "is measured on the other half. With a baseline, each model's own worst slice is measured. 0: no gap."
)

DEFINITIONS: dict[str, MetricFacts] = {
    "worst_gap": MetricFacts(
        about=f"Accuracy on all other rows minus accuracy on the worst slice. {_CHOICE}",
        low=-1.0,
        high=1.0,
        ideal=0.0,
        better="lower",
        sampled=_HELD_OUT,
    ),
    "worst_error_gap": MetricFacts(
        about="Mean absolute error of a regression on the worst slice minus that on all other rows, in standard "
        f"deviations of the label. {_CHOICE}",
        ideal=0.0,
        better="lower",
        sampled=_HELD_OUT,
    ),
}
