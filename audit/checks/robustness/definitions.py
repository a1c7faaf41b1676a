"""How to read each metric of the robustness check, its range and its ideal value."""

from audit.result import Better, MetricFacts, SampledRows

_ATTACKED = SampledRows(
    kind="attacked",
    source="raise checks.robustness.rows, as far as the data have more (a note says where an attack takes fewer)",
)
_CORRUPTED = SampledRows(kind="corrupted", source="of the data's pictures 1,000 at most are corrupted")


def _share(
    about: str, ideal: float | None = None, better: Better | None = None, sampled: SampledRows = _ATTACKED
) -> MetricFacts:
    return MetricFacts(about=about, low=0.0, high=1.0, ideal=ideal, better=better, sampled=sampled)


DEFINITIONS: dict[str, MetricFacts] = {
    "clean_accuracy": _share("Share of the attacked rows that are decided right as they are.", 1.0, "higher"),
    "adversarial_accuracy": _share(
        "Share of rows that are decided right as they are and still so after an attack that may move each numeric "
        "column by eps standard deviations. `worst`: right under every attack of that size or smaller. `typos`: after "
        "each word of a text was misspelt with probability eps, several times over. It is an upper bound: a stronger "
        "attack may find more.",
        1.0,
        "higher",
    ),
    "corruption_accuracy": _share(
        "Share of the rows whose picture is decided right after a common corruption of that severity, from 1 to 5 "
        "(Hendrycks and Dietterich 2019).",
        1.0,
        "higher",
        _CORRUPTED,
    ),
    "flip_rate": _share(
        "Share of rows whose decision an attack of that size changes, right or wrong before.", 0.0, "lower"
    ),
    "zero_gradient_share": _share(
        "Share of rows for which an attack found no gradient to follow: what it says of them is worth nothing.",
        0.0,
        "lower",
    ),
}
