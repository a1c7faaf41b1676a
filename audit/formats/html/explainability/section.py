"""The section on attribution: importance, protected attributes, dependence, explained rows, images and texts."""

from dataclasses import dataclass
from typing import ClassVar

from audit.formats.html.explainability import (
    beeswarm,
    changed_groups,
    dependence,
    protected,
    saliency_maps,
    text_highlights,
    waterfall,
)
from audit.formats.html.explainability.dependence import Dependence
from audit.formats.html.explainability.importance import DIRECTION, SHARE, SIZE, Importance, importance
from audit.formats.text.table_records import records
from audit.result import CheckResult, Measurement

_KEYS = {
    SIZE: {"feature"},
    SHARE: {"feature"},
    DIRECTION: {"feature"},
    protected.SHARE: {"attribute"},
    protected.AUC: {"attribute"},
    protected.STRENGTH: {"attribute", "feature"},
}


@dataclass(frozen=True, slots=True)
class ExplainabilitySection:
    """The page's section on attribution, by its parts; each is empty or None if it was not measured."""

    template: ClassVar[str] = "explainability.html.j2"
    tables: ClassVar[dict[str, tuple[str, ...]]] = {
        "beeswarm": beeswarm.COLUMNS,
        "counterfactual": changed_groups.COLUMNS,
        "dependence": dependence.COLUMNS,
        "explained": (),  # row by row, for shap's plots: the page draws its summaries and the example rows
        "local": waterfall.COLUMNS,
        "picture_map": saliency_maps.MAP,
        "pictures": saliency_maps.COLUMNS,
        "protected": protected.SHARE_COLUMNS,
        "proxies": protected.PROXY_COLUMNS,
        "texts": text_highlights.TEXTS,
        "words": text_highlights.WORDS,
    }

    importance: Importance | None
    shares: protected.ProtectedShares | None
    changed: list[changed_groups.ChangedAttribute]
    proxies: list[protected.ProxyPanel]
    dependence: list[Dependence]
    cases: list[waterfall.WaterfallCase]
    maps: list[saliency_maps.SaliencyMap]
    overlays: list[saliency_maps.SaliencyMap]
    vocabularies: list[text_highlights.TextVocabulary]
    texts: list[text_highlights.HighlightedText]

    @staticmethod
    def covers(measurement: Measurement) -> bool:
        """Return whether the section shows ``measurement``: of one feature, one attribute, or one of each."""
        return _KEYS.get(_name(measurement)) == measurement.where.keys()

    @classmethod
    def of(cls, check: CheckResult) -> "ExplainabilitySection":
        """Return the section of ``check``, made from its measurements and tables."""
        rows = {name: records(check, name, columns) for name, columns in cls.tables.items() if columns}
        measurements = [m for m in check.measurements if cls.covers(m)]
        ranked = importance(
            [m for m in measurements if m.where.keys() == {"feature"}],
            rows["beeswarm"],
            protected.attributes_of(rows["protected"]),
        )
        names = [feature.name for feature in ranked.features] if ranked else []
        return cls(
            importance=ranked,
            shares=protected.shares(
                [m for m in measurements if _name(m) == protected.SHARE], rows["protected"]
            ),
            changed=changed_groups.changed_attributes(rows["counterfactual"], check.measurements),
            proxies=protected.proxy_panels(
                [m for m in measurements if _name(m) in (protected.AUC, protected.STRENGTH)], rows["proxies"]
            ),
            dependence=dependence.dependences(rows["dependence"], names),
            cases=waterfall.cases(rows["local"]),
            maps=saliency_maps.mean_maps(rows["picture_map"]),
            overlays=saliency_maps.overlays(rows["pictures"]),
            vocabularies=text_highlights.vocabularies(rows["words"]),
            texts=text_highlights.highlighted_texts(rows["texts"]),
        )


def _name(measurement: Measurement) -> str:
    return measurement.metric.removeprefix("explainability.")
