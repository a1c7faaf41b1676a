"""The model card of a CycloneDX document: what the model takes, what was measured, and what to consider."""

from collections.abc import Iterator
from itertools import islice

from audit.formats.model_card.fairness import fairness_assessments
from audit.formats.model_card.fields import Record, name, present, properties, text
from audit.formats.rule_outcome import outcome
from audit.formats.rule_text import SEVERITY
from audit.formats.text.metric_facts import level
from audit.formats.text.where_labels import Where, describe
from audit.result import Measurement, Report, TensorFacts
from audit.result.small_groups import where_in_words

_MAX_LIMITATIONS = 20
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class SliceLabels:
    """Labels of slices, each made once: hundreds of metrics share them."""

    def __init__(self) -> None:
        self._labels: dict[object, str] = {}

    def __getitem__(self, where: Where) -> str:
        key = (*where, *where.values(), *map(type, where.values()))  # 1, 1.0 and True are equal
        if key not in self._labels:
            self._labels[key] = name(describe(where))
        return self._labels[key]


def model_card(report: Report) -> Record:
    """Return the card; its metrics are all measurements of the report, whatever the rules are about."""
    return present(
        {
            "modelParameters": _parameters(report),
            "quantitativeAnalysis": {"performanceMetrics": _metrics(report)},
            "considerations": _considerations(report),
            "properties": properties([("confidence", level(report)), *_rules(report)]),
        }
    )


def _parameters(report: Report) -> Record:
    output = report.model.output
    classes = ", ".join(map(str, output.classes))
    formatted = f"{output.name}: {output.kind}" + (f" of the classes {classes}" if classes else "")
    datasets = ["data", *(["background"] if report.data.background else [])]
    return {
        "task": _task(report),
        "datasets": [{"ref": ref} for ref in datasets],
        "inputs": [{"format": name(_tensor(tensor))} for tensor in report.model.inputs],
        "outputs": [{"format": text(formatted)}],
    }


def _task(report: Report) -> str:
    if report.model.output.kind == "regression":
        return "regression"
    return "binary classification" if len(report.model.output.classes) == 2 else "multiclass classification"


def _tensor(tensor: TensorFacts) -> str:
    sizes = None if tensor.shape is None else ["?" if size is None else str(size) for size in tensor.shape]
    return f"{tensor.name}: {tensor.dtype}" + ("" if sizes is None else f" [{', '.join(sizes)}]")


def _metrics(report: Report) -> list[Record]:
    labels = SliceLabels()
    return [_metric(m, labels) for check in report.checks for m in check.measurements]


def _metric(measurement: Measurement, labels: SliceLabels) -> Record:
    metric: Record = {"type": name(measurement.metric), "value": _number(measurement.value)}
    if measurement.where:
        metric["slice"] = labels[where_in_words(measurement)]
    if measurement.ci:
        low, high = measurement.ci
        metric["confidenceInterval"] = {"lowerBound": _number(low), "upperBound": _number(high)}
    return metric


def _number(value: float) -> str:
    """Return a number as in `report.json`."""
    written = repr(value)
    return _NOT_FINITE.get(written, written)


def _considerations(report: Report) -> Record:
    words = report.about
    stated = [words["limitations"]] if "limitations" in words else []
    return present(
        {
            "useCases": [text(words["intended_use"])] if "intended_use" in words else [],
            "technicalLimitations": [text(sentence) for sentence in (*stated, *_limitations(report))],
            "fairnessAssessments": fairness_assessments(report),
        }
    )


def _limitations(report: Report) -> Iterator[str]:
    """Yield the outcome of the rules that do not hold, the failed ones first."""
    open_rules = (
        rule for status in SEVERITY if status != "pass" for rule in report.rules if rule.status == status
    )
    yield from (f"{rule.id}: {outcome(rule, report)}" for rule in islice(open_rules, _MAX_LIMITATIONS))


def _rules(report: Report) -> Iterator[tuple[str, str]]:
    yield from (("rule", f"{rule.status}: {rule.id}") for rule in report.rules)
