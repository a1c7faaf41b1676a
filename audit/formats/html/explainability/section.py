"""The section on attribution: importance, protected shares, proxies, dependence, telling rows, pictures and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from audit.formats.html.explainability import (
    beeswarm,
    dependence,
    protected_shares,
    proxies,
    saliency_maps,
    text_highlights,
    waterfall,
)
from audit.formats.html.explainability.dependence import Dependence
from audit.formats.html.explainability.importance import DIRECTION, SHARE, SIZE, Importance, importance
from audit.formats.html.explainability.protected_shares import PROTECTED, Shares
from audit.formats.html.explainability.proxies import Told
from audit.formats.html.explainability.saliency_maps import Overlay, PictureMap
from audit.formats.html.explainability.text_highlights import Marked, Vocabulary
from audit.formats.html.explainability.waterfall import Case
from audit.formats.html.text.table_records import records
from audit.result import CheckResult, Measurement

_KEYS = {
    SIZE: {"feature"},
    SHARE: {"feature"},
    DIRECTION: {"feature"},
    PROTECTED: {"attribute"},
    proxies.TOGETHER: {"attribute"},
    proxies.ALONE: {"attribute", "feature"},
}
CASES = 6


@dataclass(frozen=True, slots=True)
class Explainability:
    """What the section shows; every part is empty or None where it was not measured."""

    template: ClassVar[str] = "explainability.html.j2"
    tables: ClassVar[dict[str, tuple[str, ...]]] = {
        "beeswarm": beeswarm.COLUMNS,
        "dependence": dependence.COLUMNS,
        "local": waterfall.COLUMNS,
        "picture_map": saliency_maps.MAP,
        "pictures": saliency_maps.COLUMNS,
        "protected": protected_shares.COLUMNS,
        "proxies": proxies.COLUMNS,
        "texts": text_highlights.TEXTS,
        "words": text_highlights.WORDS,
    }

    importance: Importance | None
    shares: Shares | None
    proxies: list[Told]
    dependence: list[Dependence]
    cases: list[Case]
    folded: list[Case]
    maps: list[PictureMap]
    overlays: list[Overlay]
    vocabularies: list[Vocabulary]
    marked: list[Marked]
    marked_folded: list[Marked]

    @staticmethod
    def covers(found: Measurement) -> bool:
        """Whether the section shows ``found``: it is about one feature, one attribute, or one of each."""
        return _KEYS.get(_name(found)) == found.where.keys()

    @classmethod
    def of(cls, check: CheckResult) -> Explainability:
        """Gather the section from the measurements and tables of ``check``."""
        rows = {name: records(check, name, columns) for name, columns in cls.tables.items()}
        found = [m for m in check.measurements if cls.covers(m)]
        ranked = importance(
            [m for m in found if m.where.keys() == {"feature"}],
            rows["beeswarm"],
            protected_shares.attributes_of(rows["protected"]),
        )
        names = [feature.name for feature in ranked.features] if ranked else []
        told, texts = waterfall.cases(rows["local"]), text_highlights.marked(rows["texts"])
        return cls(
            importance=ranked,
            shares=protected_shares.shares([m for m in found if _name(m) == PROTECTED], rows["protected"]),
            proxies=proxies.told([m for m in found if _name(m).startswith("proxy_")], rows["proxies"]),
            dependence=dependence.dependences(rows["dependence"], names),
            cases=told[:CASES],
            folded=told[CASES:],
            maps=saliency_maps.picture_maps(rows["picture_map"]),
            overlays=saliency_maps.overlays(rows["pictures"]),
            vocabularies=text_highlights.vocabularies(rows["words"]),
            marked=texts[: text_highlights.CASES],
            marked_folded=texts[text_highlights.CASES :],
        )


def _name(found: Measurement) -> str:
    return found.metric.removeprefix("explainability.")
