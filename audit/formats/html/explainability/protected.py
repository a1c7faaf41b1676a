"""Protected attributes: the share of all attribution on the columns of each, and its proxies, the strongest first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import interval_plot, percent
from audit.formats.html.charts.measurement_table import methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, group_by, text
from audit.numbers import Estimate, count, estimate, per_cent, per_cents, with_interval
from audit.result import Measurement

SHARE = "protected_share"
AUC = "proxy_auc"
STRENGTH = "proxy_strength"
SHARE_COLUMNS = ("attribute", "column", "how")
PROXY_COLUMNS = ("attribute", "feature", "auc", "share")
MAX_OPEN_PROXIES = 8


@dataclass(frozen=True, slots=True)
class ProtectedShares:
    """Share of all attribution on each protected attribute's columns; ``counted`` are these, and why each counts."""

    caption: str
    plot: Plot
    counted: dict[str, list[tuple[str, str]]]
    methods: str


def shares(measurements: Sequence[Measurement], columns: Sequence[Record]) -> ProtectedShares | None:
    """Return the shares of attribution in ``measurements`` (each with ``where`` {attribute}); None without any."""
    if not measurements:
        return None
    rows = [Row(str(m.where["attribute"]), m) for m in measurements]
    keep = [0.0, *(m.value for m in measurements)]
    scale = axis([], [m.ci for m in measurements if m.ci], keep, low=0.0, high=1.0)
    return ProtectedShares(
        caption=_shares_caption(measurements),
        plot=interval_plot("Share of attribution by protected attribute", rows, scale, Guides()),
        counted={
            attribute: [(text(row, "column"), text(row, "how")) for row in counted]
            for attribute, counted in group_by(columns, "attribute").items()
        },
        methods=methods(measurements),
    )


def attributes_of(columns: Sequence[Record]) -> dict[str, list[str]]:
    """Return the protected attributes that each column counts for, without intersections of listed ones."""
    names = {text(row, "attribute") for row in columns}
    attributes: dict[str, list[str]] = {}
    for row in columns:
        attribute = text(row, "attribute")
        if names.isdisjoint(set(attribute.split("*")) - {attribute}):
            attributes.setdefault(text(row, "column"), []).append(attribute)
    return attributes


def _shares_caption(measurements: Sequence[Measurement]) -> str:
    known = [m for m in measurements if math.isfinite(m.value)]
    if not known:
        return ""
    largest = max(known, key=lambda m: m.value)
    name = brief(str(largest.where["attribute"]))
    share = per_cent(largest.value) + (f" ({per_cents(largest.ci)})" if largest.ci else "")
    if len(known) == 1:
        return words("reading", "protected_one", attribute=name, share=share)
    return words("reading", "protected", attribute=name, share=share)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A feature as a proxy: its AUC for the attribute and share of all attribution, as text; places in per cent."""

    feature: str
    auc: Estimate
    share: str
    bar: str | None
    whisker: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ProxyPanel:
    """Proxies of one protected attribute, strongest first, those beyond the first `MAX_OPEN_PROXIES` in ``more``."""

    attribute: str
    caption: str
    proxies: list[Proxy]
    more: list[Proxy]
    rows: str
    methods: str


def proxy_panels(measurements: Sequence[Measurement], rows: Sequence[Record]) -> list[ProxyPanel]:
    """Return the proxies of each attribute, in the order of ``measurements``, which are of `AUC` and `STRENGTH`.

    ``rows`` are the features' shares of all attribution, with `PROXY_COLUMNS`.
    """
    shares = group_by(rows, "attribute")
    aucs = {m.where["attribute"]: m for m in measurements if m.metric.endswith(f".{AUC}")}
    return [_proxy_panel(str(name), m, measurements, shares.get(str(name), [])) for name, m in aucs.items()]


def _proxy_panel(
    attribute: str, auc: Measurement, measurements: Sequence[Measurement], rows: Sequence[Record]
) -> ProxyPanel:
    share = {text(row, "feature"): figure(row, "share") for row in rows}
    strengths = [m for m in measurements if "feature" in m.where and str(m.where["attribute"]) == attribute]
    strengths.sort(key=lambda m: -math.inf if math.isnan(m.value) else m.value, reverse=True)
    proxies = [_proxy(m, share.get(str(m.where["feature"]))) for m in strengths]
    return ProxyPanel(
        attribute=attribute,
        caption=_proxy_caption(auc, proxies),
        proxies=proxies[:MAX_OPEN_PROXIES],
        more=proxies[MAX_OPEN_PROXIES:],
        rows=count(auc.n),
        methods=methods(strengths or [auc]),
    )


def _proxy(strength: Measurement, share: float | None) -> Proxy:
    ends = strength.ci if strength.ci and all(map(math.isfinite, strength.ci)) else None
    return Proxy(
        feature=str(strength.where["feature"]),
        auc=estimate(strength.value, strength.ci),
        share="" if share is None else per_cent(share),
        bar=_auc_place(strength.value) if math.isfinite(strength.value) else None,
        whisker=(_auc_place(ends[0]), _auc_place(ends[1])) if ends else None,
    )


def _auc_place(auc: float) -> str:
    """Return the place of an AUC between chance (0.5) and certainty (1)."""
    return percent(100 * min(1.0, max(0.0, 2 * auc - 1)))


def _proxy_caption(auc: Measurement, proxies: Sequence[Proxy]) -> str:
    if math.isnan(auc.value):
        return words("reading", "proxy_rows")
    value = with_interval(auc.value, auc.ci)
    text = words("reading", "proxies", value=value)
    for first in proxies[:1]:
        key = "proxy_share" if first.share else "proxy"
        text += " " + words(
            "reading", key, feature=brief(first.feature), auc=first.auc.value, share=first.share
        )
    return text
