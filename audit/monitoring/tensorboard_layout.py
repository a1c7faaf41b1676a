"""Layout of TensorBoard's Custom Scalars page: which charts there are, and which tags each shows."""

import re
from collections.abc import Iterable
from typing import Any

from audit.monitoring.outcome import EVERYONE, BatchOutcome, DriftOutcome
from audit.monitoring.tensorboard_tags import drift_tags, evidence_tags, is_complete, rule_tags

Charts = dict[str, list[str]]
"""Tags' beginnings by category of the layout, one a measurement, stream or variable."""


def charts_of(outcome: BatchOutcome) -> Charts:
    """Return what the layout shows of a batch."""
    drift = {tag: shift for tag, shift in drift_tags(outcome).items() if _is_charted(shift)}
    rules = [tag for tag in evidence_tags(outcome) if not tag.startswith("evidence/drift/")]
    alarmed = [f"evidence/{tag}" for tag, shift in drift.items() if shift.evidence.alarm]
    return {
        "Rules": [tag for tag, rule in rule_tags(outcome).items() if is_complete(rule.estimate)],
        "Drift": [tag for tag, shift in drift.items() if is_complete(shift.ks)],
        "Evidence": [*rules, *alarmed],
    }


def _is_charted(shift: DriftOutcome) -> bool:
    """Return whether a shift has a chart: of all rows, or of a group in which there is an alarm."""
    return shift.group == EVERYONE or shift.evidence.alarm


def merged(several: Iterable[Charts]) -> Charts:
    """Return the charts of all, each once: a batch without labels lacks rules, which stay in the layout."""
    tags: dict[str, dict[str, None]] = {}
    for charts in several:
        for category, new in charts.items():
            tags.setdefault(category, {}).update(dict.fromkeys(new))
    return {category: list(unique) for category, unique in tags.items()}


def layout_value(charts: Charts) -> Any:
    """Return the layout of the Custom Scalars page as a value of a summary.

    The charts of a rule do not depend on its limits: TensorBoard merges equal charts of several runs.
    """
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.custom_scalar import layout_pb2, metadata
    from tensorboard.util import tensor_util

    add = {"Rules": _add_rule, "Evidence": _add_evidence, "Drift": _add_drift}
    layout = layout_pb2.Layout()
    for title, tags in charts.items():
        if not tags:
            continue
        category = layout.category.add(title=title)
        for tag in reversed(tags) if title == "Drift" else tags:  # TensorBoard draws margin charts in reverse
            add[title](category, tag, tag.partition("/")[2])
    return summary_pb2.Summary.Value(
        tag=metadata.CONFIG_SUMMARY_TAG,
        metadata=metadata.create_summary_metadata(),
        tensor=tensor_util.make_tensor_proto(layout.SerializeToString()),
    )


def _add_rule(category: Any, tag: str, name: str) -> None:
    _add_margin(category, f"{name}: value, 95 % interval", tag)
    _add_lines(category, f"{name}: value, limits", tag, ("value", "limit low", "limit high"))


def _add_evidence(category: Any, tag: str, name: str) -> None:
    _add_lines(
        category, f"{name}: log10 e-value, cut off at twice the line", tag, ("log10 e-value", "alarm line")
    )


def _add_drift(category: Any, tag: str, name: str) -> None:
    _add_margin(category, f"{name}: ks, 95 % interval", f"{tag}/ks")


def _add_margin(category: Any, title: str, tag: str) -> None:
    series = category.chart.add(title=title).margin.series
    series.add(value=f"{tag}/value", lower=f"{tag}/low", upper=f"{tag}/high")


def _add_lines(category: Any, title: str, tag: str, names: Iterable[str]) -> None:
    category.chart.add(title=title).multiline.tag.extend(f"^{re.escape(f'{tag}/{name}')}$" for name in names)
