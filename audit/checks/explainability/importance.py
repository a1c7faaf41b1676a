"""What SHAP values of sampled rows say of each feature and protected attribute."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from audit.attribution.rank_stability import settled, spearman
from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.protected_columns import Found
from audit.result import Measurement, Scalar
from audit.stats.maximum import contenders

_ROUNDING = 1e-6  # of 32-bit outputs, relative to the largest, with some room


def importance(explained: Explained) -> Iterator[Measurement]:
    """Yield size, direction and share of every feature, the most important first."""
    for feature in explained.order:
        where: dict[str, Scalar] = {"feature": explained.columns[feature].name}
        yield _mean("mean_abs_attribution", feature, explained, where)
        yield _share("attribution_share", [feature], explained, where)
        if explained.columns[feature].vocabulary is None and explained.columns[feature].shape is None:
            yield _direction(feature, explained, where)


def largest_share(found: Iterable[Measurement]) -> Measurement:
    """Return the largest ``attribution_share`` of ``found``, with limits that know that it was chosen for its size."""
    shares = [m for m in found if m.metric == "explainability.attribution_share"]
    top = max(shares, key=lambda m: -1.0 if math.isnan(m.value) else m.value)
    whole = replace(top, metric="explainability.largest_share", where={})
    if top.method != "mean-t":  # the share of one feature does not differ from row to row
        return whole
    known = [m for m in shares if m.method == "mean-t"]
    if any(m.se is None for m in known):
        return replace(whole, method="none", se=None, counts={})
    values, errors = [m.value for m in known], [m.se or 0.0 for m in known]
    places = contenders(values, errors)
    counts = {
        **top.counts,
        "number": [float(len(shares))],
        "values": [values[place] for place in places],
        "errors": [errors[place] for place in places],
    }
    return replace(whole, method="largest-t", se=None, counts=counts)


def protected(explained: Explained, found: Found) -> Iterator[Measurement]:
    """Yield the share of every protected attribute; exactly 0 where no column was found to stand for it."""
    names = [column.name for column in explained.columns]
    for attribute, columns in found.items():
        where: dict[str, Scalar] = {"attribute": attribute}
        if columns:
            own = [place for place, name in enumerate(names) if name in columns]
            yield _share("protected_share", own, explained, where)
        else:
            yield Measurement(
                metric="explainability.protected_share",
                value=0.0,
                n=len(explained.rows),
                method="exact",
                where=where,
            )


def _direction(feature: int, explained: Explained, where: dict[str, Scalar]) -> Measurement:
    # Equal effects differ in the last digit: without a look at that, ranks of a 0/1 column would be those of noise.
    noise = _ROUNDING * float(np.abs(explained.found.outputs).max())
    values = settled(explained.found.values[:, feature], noise)
    return Measurement(
        metric="explainability.attribution_direction",
        value=spearman(explained.matrix[:, feature], values, explained.weighted.weights),
        n=len(explained.rows),
        method="fisher-z",
        counts={"rows": [float(explained.weighted.effective_rows()[0])]},
        where=where,
    )


def _mean(name: str, feature: int, explained: Explained, where: dict[str, Scalar]) -> Measurement:
    values, by_reference = explained.size[:, feature], explained.found.by_reference[:, feature]
    mean = float(explained.weighted.mean(values)[0])
    return _estimate(name, mean, values - mean, by_reference, explained, where)


def _share(name: str, features: list[int], explained: Explained, where: dict[str, Scalar]) -> Measurement:
    """Return the features' part of the sum of all means, with its linearized standard error.

    Where all rows have the same share, as of a feature that the model ignores, they show no spread that an
    error could be estimated from. The interval is then that of a proportion of the rows.
    """
    part, by_reference = explained.size[:, features].sum(1), explained.found.by_reference
    mean, total = explained.weighted.mean(part)[0], explained.weighted.mean(explained.total)[0]
    share = float(mean / total) if total > 0 else float("nan")
    influence = part - share * explained.total
    if influence.any():
        chosen = (by_reference[:, features].sum(1) - share * by_reference.sum(1)) / total
        return _estimate(name, share, influence / total, chosen, explained, where)
    trials = float(explained.weighted.effective_rows()[0])
    return Measurement(
        metric=f"explainability.{name}",
        value=share,
        n=len(explained.rows),
        method="clopper-pearson",
        counts={"rate": [share * trials, trials]},
        where=where,
    )


def _estimate(
    name: str,
    value: float,
    influence: np.ndarray,
    by_reference: np.ndarray,
    explained: Explained,
    where: dict[str, Scalar],
) -> Measurement:
    """Return an estimate whose error is that of two draws: of the rows, and of the references they are held against."""
    rows = float(explained.weighted.standard_error(influence)[0])
    references = float(by_reference.std(ddof=1)) / len(by_reference) ** 0.5  # NaN for a single one
    error = (rows**2 + references**2) ** 0.5
    return Measurement(
        metric=f"explainability.{name}",
        value=value,
        n=len(explained.rows),
        method="mean-t",
        se=error if np.isfinite(error) else None,
        counts={"rows": [float(explained.weighted.effective_rows()[0])]},
        where=where,
    )
