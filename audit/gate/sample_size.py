"""How many more rows would decide an open claim, if they came at the rates seen."""

from __future__ import annotations

import math
from dataclasses import replace

from audit.gate.claims import Claim
from audit.gate.scaled_counts import GrowableRows, growable_rows
from audit.result import GROUP_KEYS, Measurement
from audit.stats import interval, paired_interval
from audit.stats.methods import method_named

MOST = 1_000_000
"""More rows than this are not asked for: the value lies too near the limit."""

_PRECISION = 0.01  # the rows are searched to 1 % of themselves, and told to two digits
_AMONG = {
    "equal_opportunity": "with a favourable label",
    "true_positive": "with a favourable label",
    "false_negative": "with a favourable label",
    "false_positive": "with an unfavourable label",
    "false_discovery": "predicted favourable",
    "false_omission": "predicted unfavourable",
}
"""Which rows stand in a metric's denominator, by the beginning of its name; all of them elsewhere."""

_PROXIES = "half of the data's rows are held out, of 10,000 at most"
_SAMPLED = {
    "explainability.proxy_auc": (" held-out", _PROXIES),
    "explainability.proxy_strength": (" judged", f"of texts and bins {_PROXIES}"),
    "explainability": (
        " explained",
        "raise checks.explainability.rows, as far as the data have more, to 20,000 at most",
    ),
    "robustness.corruption_accuracy": (" corrupted", "of the data's pictures 1,000 at most are corrupted"),
    "robustness": (
        " attacked",
        "raise checks.robustness.rows, as far as the data have more (a note says where an attack takes fewer)",
    ),
}
"""What the rows are called of metrics, or checks, that measure a part of the data's, and where more come from.

The checks know it, and yet it stands here: a report is decided again whatever checks are installed by then, and has no
place for it.
"""


def needed(claim: Claim, confidence: float, error: float) -> list[str]:
    """Return a sentence on how many more rows would decide ``claim``; none where that cannot be told.

    The counts are multiplied, first those of the thinner side of a comparison and then those of both, until the
    whole interval lies on one side of the limit.

    Args:
        claim: one that is not decided.
        confidence: of the two-sided interval that shows that a limit holds.
        error: of the one that shows that it is broken, in (0, 1): what Holm's correction leaves to this claim.
    """
    if not _grows(claim) or not math.isfinite(claim.value) or claim.measurement.n <= 0:
        return []
    holds = claim.low <= claim.value <= claim.high
    level = confidence if holds else 1.0 - error
    if _at(claim, claim.measurement, level).span is None:
        return []
    if claim.value in (claim.low, claim.high):
        return [f"{_of(claim)}no number of rows decides it at the rates seen: the value lies on the limit"]
    for part in growable_rows(claim.measurement):
        factor = _factor(claim, part, level)
        if factor is not None:
            end = "the limit holds" if holds else "the limit is broken"
            rows, source = _rows(part, factor), _sampled(part.measurement.metric)[1]
            words = f"{_of(claim)}about {rows} at the rates seen would show that {end}"
            return [f"{words}: {source}" if source else words]
    if method_named(claim.measurement.method).open_side:
        return []
    return [
        f"{_of(claim)}{MOST:,} more rows at the rates seen would not decide it: the value lies too near the limit"
    ]


def _grows(claim: Claim) -> bool:
    baseline = claim.measurement.baseline
    methods = [claim.measurement.method, *([baseline.method] if claim.paired and baseline else [])]
    return all(method_named(method).counts.growth is not None for method in methods)


def _at(claim: Claim, measured: Measurement, level: float) -> Claim:
    """Return the claim about ``measured``, with the interval that it is decided on at a confidence of ``level``."""
    if claim.paired and measured.baseline:
        found = replace(measured.baseline, improvement_ci=paired_interval(measured, level))
        return replace(claim, measurement=replace(measured, baseline=found))
    return replace(claim, measurement=replace(measured, ci=interval(measured, level)))


def _factor(claim: Claim, part: GrowableRows, level: float) -> float | None:
    """Return by how much the rows have to grow, to 1 %; None where it takes more than `MOST` more rows."""

    def decided(factor: float) -> bool:
        return _at(claim, part.grown(factor), level).finding != "undecided"

    rows = part.total
    few, many = 0.0, float(MOST)
    if not decided(1.0 + many / rows):
        return None
    while many - few > max(1.0, many * _PRECISION):
        middle = math.sqrt(max(few, 0.5) * many)
        few, many = (few, middle) if decided(1.0 + middle / rows) else (middle, many)
    return 1.0 + many / rows


def _rows(part: GrowableRows, factor: float) -> str:
    where, among = part.measurement.where, _among(part.measurement.metric)
    if part.sides:
        return " and ".join(
            f"{_more(part.rows(side), factor)} of {where.get(side, side)}{among} ({part.rows(side):,.0f} now)"
            for side in part.sides
        )
    group = f" of {where['group']}" if "group" in where else ""
    kind = _sampled(part.measurement.metric)[0]
    return f"{_more(part.rows(), factor, kind)}{group}{among} ({part.rows():,.0f} now)"


def _sampled(metric: str) -> tuple[str, str]:
    return _SAMPLED.get(metric) or _SAMPLED.get(metric.partition(".")[0]) or ("", "")


def _more(rows: float, factor: float, kind: str = "") -> str:
    """Return how many rows (of a ``kind``) come to ``rows``, rounded up to two digits."""
    more = math.ceil(rows * (factor - 1.0))
    step = 10 ** max(0, len(str(more)) - 2)
    more = -(-more // step) * step
    return f"{more:,} more{kind} row{'s' * (more != 1)}"


def _of(claim: Claim) -> str:
    """Return what else tells this claim from others of its rule: an attack and its size, a feature."""
    rest = [f"{key} {value}" for key, value in claim.measurement.where.items() if key not in GROUP_KEYS] + [
        "against the baseline"
    ] * claim.paired
    return f"{', '.join(rest)}: " if rest else ""


def _among(metric: str) -> str:
    name = metric.rpartition(".")[2]
    return next((f" {words}" for start, words in _AMONG.items() if name.startswith(start)), "")
