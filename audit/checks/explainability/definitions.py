"""Definition of each metric of the explainability check, its range and its ideal value."""

from dataclasses import replace

from audit.result import Better, MetricFacts, SampledRows

_HELD_OUT = "half of the data's rows are held out, from at most 10,000"
_EXPLAINED = SampledRows(
    kind="explained",
    source="raise checks.explainability.rows, to at most 20,000, if the data has more rows, "
    "or the budget, if a note says so",
)
_SAMPLED = {
    "counterfactual_flip_rate": SampledRows(
        kind="rescored", source="at most 20,000 rows of the data are rescored, fewer if a note says so"
    ),
    "proxy_auc": SampledRows(kind="held-out", source=_HELD_OUT),
    "proxy_strength": SampledRows(kind="judged", source=f"for texts and bins, {_HELD_OUT}"),
}


def _share(
    about: str, ideal: float | None = None, better: Better | None = None, exact_zero: str | None = None
) -> MetricFacts:
    return MetricFacts(about=about, low=0.0, high=1.0, ideal=ideal, better=better, exact_zero=exact_zero)


_FACTS: dict[str, MetricFacts] = {
    "mean_abs_attribution": MetricFacts(
        about="Mean absolute SHAP value of a feature over the explained rows, in the unit of the explained "
        "output (log-odds, or the score if the policy asks for it, of the favourable outcome, or of the "
        "predicted class if data.favorable is not set).",
        low=0.0,
    ),
    "attribution_direction": MetricFacts(
        about="Spearman's rank correlation between a numeric feature's value and its SHAP value: near 1, higher "
        "values raise the favourable outcome; near -1, they lower it; near 0, there is no consistent direction.",
        low=-1.0,
        high=1.0,
    ),
    "attribution_share": _share(
        "A feature's mean absolute SHAP value as a share of the sum over all features."
    ),
    "largest_share": _share(
        "The largest attribution_share of all features: near 1, a single feature drives the decisions, such as a "
        "column that leaks the label. The interval accounts for taking the maximum.",
        better="lower",
    ),
    "protected_share": _share(
        "Share of the mean absolute SHAP values that falls on the columns of a protected attribute: those "
        "named after it or with the same groups. 0 if the model reads none; proxies among other columns are "
        "not counted.",
        ideal=0.0,
        better="lower",
        exact_zero="the model reads no column of this attribute, so the rule cannot fail on it; "
        "explainability.proxy_auc measures what other columns reveal of it",
    ),
    "counterfactual_flip_rate": _share(
        "Share of rows whose decision changes if the columns of a protected attribute, and nothing else, take the "
        "values of at least one other group. Columns that follow from the attribute stay as they are: 0 does not "
        "show that decisions are independent of it. Not measured if the model reads no column of the attribute.",
        ideal=0.0,
        better="lower",
    ),
    "proxy_auc": _share(
        "How well the model's other features together predict whether a row is of an unprivileged or a "
        "privileged group: the AUC of boosted trees on held-out rows. 0.5 or, by chance, less: not at all; 1: for "
        "every row.",
        ideal=0.5,
        better="lower",
    ),
    "proxy_strength": MetricFacts(
        about="How well one feature alone predicts whether a row is of an unprivileged or a privileged group: the "
        "larger of two AUCs, that of its values in the better direction and that of the groups' rates among other rows "
        "with the same text or nearby values. 0.5: not at all; 1: for every row.",
        low=0.5,
        high=1.0,
        ideal=0.5,
    ),
    "additivity_error": MetricFacts(
        about="Largest distance, over the explained rows, between the output and the base value plus all SHAP "
        "values, relative to the largest output (or 1). Rounding alone gives about 0.000001, sampled gradients of "
        "images about 0.01 to 0.2.",
        low=0.0,
        ideal=0.0,
        better="lower",
    ),
    "rank_stability": MetricFacts(
        about="Spearman's rank correlation between the features' mean absolute SHAP values in two random halves of "
        "the explained rows (or clusters), averaged over 50 splits. 1: both halves rank the features identically.",
        low=-1.0,
        high=1.0,
        ideal=1.0,
        better="higher",
    ),
    "faithfulness": _share(
        "Share of rows whose output moves closer to the base value when the features with the largest SHAP values "
        "away from it (a quarter of them, at least one) are replaced by those of reference rows than when as many "
        "random features are; a tie counts half. 0.5 is chance level.",
        ideal=1.0,
        better="higher",
    ),
}

_OF_DATA = ("proxy_auc", "proxy_strength")

DEFINITIONS: dict[str, MetricFacts] = {
    name: replace(facts, sampled=_SAMPLED.get(name, _EXPLAINED), of_data=name in _OF_DATA)
    for name, facts in _FACTS.items()
}

WHERE_KEYS: dict[str, tuple[str, ...]] = {
    "mean_abs_attribution": ("feature",),
    "attribution_direction": ("feature",),
    "attribution_share": ("feature",),
    "protected_share": ("attribute",),
    "counterfactual_flip_rate": ("attribute",),
    "proxy_auc": ("attribute",),
    "proxy_strength": ("attribute", "feature"),
}
"""Keys of ``where`` that tell a metric's measurements apart; the others have one measurement."""
