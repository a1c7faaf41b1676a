"""Definition of each metric of the explainability check, its range and its ideal value."""

from dataclasses import replace

from audit.result import Better, MetricFacts, SampledRows

_HELD_OUT = "half of the data's rows are held out, of 10,000 at most"
_EXPLAINED = SampledRows(
    kind="explained",
    source="raise checks.explainability.rows, as far as the data have more, to 20,000 at most",
)
_SAMPLED = {
    "proxy_auc": SampledRows(kind="held-out", source=_HELD_OUT),
    "proxy_strength": SampledRows(kind="judged", source=f"of texts and bins {_HELD_OUT}"),
}


def _share(
    about: str, ideal: float | None = None, better: Better | None = None, exact_zero: str | None = None
) -> MetricFacts:
    return MetricFacts(about=about, low=0.0, high=1.0, ideal=ideal, better=better, exact_zero=exact_zero)


_FACTS: dict[str, MetricFacts] = {
    "mean_abs_attribution": MetricFacts(
        about="Mean absolute SHAP value of a feature over the explained rows, in the unit of the explained "
        "output (log-odds, or the score if the policy asks for it, of the favourable outcome; of the class decided on "
        "where data.favorable names none).",
        low=0.0,
    ),
    "attribution_direction": MetricFacts(
        about="Spearman's rank correlation between a numeric feature's value and its SHAP value: near 1, higher "
        "values raise the favourable outcome; near -1, they lower it; near 0, neither throughout.",
        low=-1.0,
        high=1.0,
    ),
    "attribution_share": _share(
        "A feature's mean absolute SHAP value as a share of the sum over all features."
    ),
    "largest_share": _share(
        "The largest attribution_share of all features: near 1, the decisions rest on one of them, such as a "
        "column that holds the label. Its interval knows that it was chosen for its size.",
        better="lower",
    ),
    "protected_share": _share(
        "Share of the mean absolute SHAP values that falls on the columns of a protected attribute: named "
        "after it, or parting the rows as it does. 0 where the model reads none; what other columns tell of it is "
        "not counted.",
        ideal=0.0,
        better="lower",
        exact_zero="no column that the model reads stands for it, so this rule cannot break by it; "
        "explainability.proxy_auc says what other columns tell",
    ),
    "proxy_auc": _share(
        "How well the model's other features, all together, tell the rows of unprivileged groups from those of "
        "privileged ones: the AUC of boosted trees on rows that they were not grown on. 0.5, and what lies below it by "
        "chance: they tell nothing; 1: they tell every row.",
        ideal=0.5,
        better="lower",
    ),
    "proxy_strength": MetricFacts(
        about="How well one feature alone tells the rows of unprivileged groups from those of privileged ones: the AUC "
        "of its values in the better direction or of the groups' rates among other rows with the same text, or values "
        "nearby, whichever tells more. 0.5: it tells nothing; 1: it tells every row.",
        low=0.5,
        high=1.0,
        ideal=0.5,
    ),
    "additivity_error": MetricFacts(
        about="Largest distance, over the explained rows, between the output and the base value plus all SHAP "
        "values, relative to the largest output (or 1). Rounding alone leaves some 0.000001, sampled gradients of "
        "pictures some 0.01 to 0.2.",
        low=0.0,
        ideal=0.0,
        better="lower",
    ),
    "rank_stability": MetricFacts(
        about="Spearman's rank correlation between the features' mean absolute SHAP values in two random halves of "
        "the explained rows (or clusters), averaged over 50 splits. 1: both halves rank the features alike.",
        low=-1.0,
        high=1.0,
        ideal=1.0,
        better="higher",
    ),
    "faithfulness": _share(
        "Share of rows whose output falls back further towards the base value when the features that push it "
        "away most by their SHAP values (a quarter of them, at least one) are replaced by those of reference rows "
        "than when as many random ones are; a tie counts half. 0.5 is chance level.",
        ideal=1.0,
        better="higher",
    ),
}

DEFINITIONS: dict[str, MetricFacts] = {
    name: replace(facts, sampled=_SAMPLED.get(name, _EXPLAINED)) for name, facts in _FACTS.items()
}
