"""Proxies of each protected attribute: how well other features predict it, the strongest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.charts.measurement_table import methods
from audit.formats.html.text.numbers import Estimate, count, estimate, per_cent, with_interval
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, by, figure, text
from audit.result import Measurement

AUC = "proxy_auc"
STRENGTH = "proxy_strength"
COLUMNS = ("attribute", "feature", "auc", "share")
MAX_OPEN = 8


@dataclass(frozen=True, slots=True)
class Proxy:
    """One feature: its AUC with interval, and its share of all attribution, as text; places are in per cent."""

    feature: str
    auc: Estimate
    share: str
    bar: str | None
    whisker: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ProxyPanel:
    """One attribute; features beyond the first `MAX_OPEN` are in ``more``."""

    attribute: str
    caption: str
    proxies: list[Proxy]
    more: list[Proxy]
    rows: str
    methods: str


def proxy_panels(measurements: Sequence[Measurement], rows: Sequence[Record]) -> list[ProxyPanel]:
    """Return a panel for each attribute, in the order of ``measurements``, which are of `AUC` and `STRENGTH`.

    ``rows`` are the features' shares of all attribution, with `COLUMNS`.
    """
    shares = by(rows, "attribute")
    aucs = {m.where["attribute"]: m for m in measurements if m.metric.endswith(f".{AUC}")}
    return [_panel(str(name), m, measurements, shares.get(str(name), [])) for name, m in aucs.items()]


def _panel(
    attribute: str, auc: Measurement, measurements: Sequence[Measurement], rows: Sequence[Record]
) -> ProxyPanel:
    share = {text(row, "feature"): figure(row, "share") for row in rows}
    strengths = [m for m in measurements if "feature" in m.where and str(m.where["attribute"]) == attribute]
    strengths.sort(key=lambda m: -math.inf if math.isnan(m.value) else m.value, reverse=True)
    proxies = [_proxy(m, share.get(str(m.where["feature"]))) for m in strengths]
    return ProxyPanel(
        attribute=attribute,
        caption=_caption(auc, proxies),
        proxies=proxies[:MAX_OPEN],
        more=proxies[MAX_OPEN:],
        rows=count(auc.n),
        methods=methods(strengths or [auc]),
    )


def _proxy(strength: Measurement, share: float | None) -> Proxy:
    ends = strength.ci if strength.ci and all(map(math.isfinite, strength.ci)) else None
    return Proxy(
        feature=str(strength.where["feature"]),
        auc=estimate(strength.value, strength.ci),
        share="" if share is None else per_cent(share),
        bar=_place(strength.value) if math.isfinite(strength.value) else None,
        whisker=(_place(ends[0]), _place(ends[1])) if ends else None,
    )


def _place(auc: float) -> str:
    """Return the place of an AUC between chance (0.5) and certainty (1)."""
    return percent(100 * min(1.0, max(0.0, 2 * auc - 1)))


def _caption(auc: Measurement, proxies: Sequence[Proxy]) -> str:
    if math.isnan(auc.value):
        return "Too few rows on one side to tell what the features tell of it."
    value = with_interval(auc.value, auc.ci)
    text = f"Together, the other features tell it with an AUC of {value}; 0.5 is chance."
    for first in proxies[:1]:
        text += f" By itself, {brief(first.feature)} tells most: {first.auc.value}"
        text += f", and carries {first.share} of all attribution." if first.share else "."
    return text
