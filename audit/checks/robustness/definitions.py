"""How to read each metric of the robustness check, its range and its ideal value."""

from audit.result import Better, MetricFacts, SampledRows

_ATTACKED = SampledRows(
    kind="attacked",
    source="raise checks.robustness.rows, if the data has more rows, or the budget, if a note says so",
)
_CORRUPTED = SampledRows(kind="corrupted", source="at most 1,000 of the data's images are corrupted")


def _share(
    about: str, ideal: float | None = None, better: Better | None = None, sampled: SampledRows = _ATTACKED
) -> MetricFacts:
    return MetricFacts(about=about, low=0.0, high=1.0, ideal=ideal, better=better, sampled=sampled)


DEFINITIONS: dict[str, MetricFacts] = {
    "clean_accuracy": _share(
        "Share of the attacked rows that are classified correctly without an attack.", 1.0, "higher"
    ),
    "adversarial_accuracy": _share(
        "Share of rows that are classified correctly both without an attack and under an attack that may change "
        "each numeric column by up to eps standard deviations. `worst`: correct under every attack of that size or "
        "smaller. `typos`: each word of a text is misspelt with probability eps, in several draws. It is an upper "
        "bound: a stronger attack may flip more decisions.",
        1.0,
        "higher",
    ),
    "corruption_accuracy": _share(
        "Share of rows whose image is classified correctly under a common corruption of that severity, from 1 to 5 "
        "(Hendrycks and Dietterich 2019).",
        1.0,
        "higher",
        _CORRUPTED,
    ),
    "flip_rate": _share(
        "Share of rows whose decision an attack of that size flips, whether it was correct or not.",
        0.0,
        "lower",
    ),
    "zero_gradient_share": _share(
        "Share of rows for which an attack found no gradient to follow: its result for them is no evidence "
        "of robustness.",
        0.0,
        "lower",
    ),
}

_GROUP = ("attribute", "group")
_ATTACK = ("attack", "norm", "eps")

WHERE_KEYS: dict[str, tuple[str, ...]] = {
    "clean_accuracy": _GROUP,
    "adversarial_accuracy": (*_ATTACK, *_GROUP),
    "corruption_accuracy": ("corruption", "severity", *_GROUP),
    "flip_rate": (*_ATTACK, *_GROUP),
    "zero_gradient_share": ("attack",),
}
"""Keys of ``where`` that tell a metric's measurements apart."""
