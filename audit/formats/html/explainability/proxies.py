"""What the other features tell of each protected attribute, the most telling first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.charts.measurement_table import methods
from audit.formats.html.text.numbers import count, interval, number, per_cent
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, by, figure, text
from audit.result import Measurement

TOGETHER, ALONE = "proxy_auc", "proxy_strength"
COLUMNS = ("attribute", "feature", "auc", "share")
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Proxy:
    """One feature: its AUC with the interval, and its share of all attribution, as text; places are in per cent."""

    feature: str
    auc: tuple[str, str]
    share: str
    bar: str | None
    whisker: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Told:
    """One attribute; features beyond the first `SHOWN` are in ``more``."""

    attribute: str
    sentence: str
    proxies: list[Proxy]
    more: list[Proxy]
    rows: str
    methods: str


def told(found: Sequence[Measurement], rows: Sequence[Record]) -> list[Told]:
    """Return each attribute of ``found`` (with ``where`` {attribute} or {attribute, feature}) in its order.

    Args:
        found: measurements of the metrics `TOGETHER` and `ALONE`.
        rows: the table of shares, with `COLUMNS`.
    """
    shares = by(rows, "attribute")
    together = {m.where["attribute"]: m for m in found if m.metric.endswith(f".{TOGETHER}")}
    return [_told(str(name), m, found, shares.get(str(name), [])) for name, m in together.items()]


def _told(
    attribute: str, together: Measurement, found: Sequence[Measurement], rows: Sequence[Record]
) -> Told:
    share = {text(row, "feature"): figure(row, "share") for row in rows}
    alone = [m for m in found if "feature" in m.where and str(m.where["attribute"]) == attribute]
    alone.sort(key=lambda m: -math.inf if math.isnan(m.value) else m.value, reverse=True)
    shown = [_proxy(m, share.get(str(m.where["feature"]))) for m in alone]
    return Told(
        attribute=attribute,
        sentence=_sentence(together, shown),
        proxies=shown[:SHOWN],
        more=shown[SHOWN:],
        rows=count(together.n),
        methods=methods(alone or [together]),
    )


def _proxy(found: Measurement, share: float | None) -> Proxy:
    ends = found.ci if found.ci and all(map(math.isfinite, found.ci)) else None
    return Proxy(
        feature=str(found.where["feature"]),
        auc=(number(found.value), interval(found.ci) if found.ci else ""),
        share="" if share is None else per_cent(share),
        bar=_place(found.value) if math.isfinite(found.value) else None,
        whisker=(_place(ends[0]), _place(ends[1])) if ends else None,
    )


def _place(auc: float) -> str:
    """Return where an AUC lies between chance and certainty."""
    return percent(100 * min(1.0, max(0.0, 2 * auc - 1)))


def _sentence(together: Measurement, alone: Sequence[Proxy]) -> str:
    if math.isnan(together.value):
        return "Too few rows on one side to tell what the features tell of it."
    ends = f" ({interval(together.ci)})" if together.ci else ""
    text = (
        f"Together, the other features tell it with an AUC of {number(together.value)}{ends}; 0.5 is chance."
    )
    if alone:
        first = alone[0]
        text += f" By itself, {brief(first.feature)} tells most: {first.auc[0]}"
        text += f", and carries {first.share} of all attribution." if first.share else "."
    return text
