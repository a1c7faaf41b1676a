"""Tags of a batch's numbers in TensorBoard: what each is called, and which can be written."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from audit.formats.text.safe_text import elide
from audit.formats.text.where_labels import describe
from audit.monitoring.outcome import BatchOutcome, DriftOutcome, EValue, IntervalEstimate, RuleOutcome

_MAX_FLOAT32 = 3.4028234e38
_MAX_COLUMNS = 120
_BRACKETS = str.maketrans("()", "[]")


def evidence_scalars(outcome: BatchOutcome) -> Iterator[tuple[str, float]]:
    """Yield tag and value of each e-value and its alarm line.

    An e-value is cut off at twice the line: after an alarm it grows beyond all bounds, and nobody would see the line.
    """
    for tag, evidence in evidence_tags(outcome).items():
        yield f"{tag}/log10 e-value", min(evidence.log_e, 2.0 * evidence.log_line) / math.log(10)
        yield f"{tag}/alarm line", evidence.log_line / math.log(10)


def scalars(outcome: BatchOutcome) -> Iterator[tuple[str, float]]:
    """Yield tag and value of each scalar of a batch but its evidence; they may be infinite or NaN."""
    yield "batch/rows", outcome.rows
    yield "batch/labelled", outcome.labelled
    for tag, rule in rule_tags(outcome).items():
        yield from _estimate(tag, rule.estimate)
        yield f"{tag}/limit low", rule.low
        yield f"{tag}/limit high", rule.high
    for tag, drift in drift_tags(outcome).items():
        for name in ("psi", "js", "ks"):
            yield from _estimate(f"{tag}/{name}", getattr(drift, name))


def _estimate(tag: str, estimate: IntervalEstimate) -> Iterator[tuple[str, float]]:
    # A margin chart shows nothing at all if one of its three series lacks a step.
    if is_complete(estimate):
        yield f"{tag}/value", estimate.value
        yield f"{tag}/low", estimate.low
        yield f"{tag}/high", estimate.high


def is_complete(estimate: IntervalEstimate) -> bool:
    """Return whether value and interval can be written."""
    return all(map(is_float32, (estimate.value, estimate.low, estimate.high)))


def is_float32(value: float) -> bool:
    """Return whether a value is neither NaN nor infinite, also as the 32 bits in which it is written."""
    return abs(value) <= _MAX_FLOAT32


def rule_tags(outcome: BatchOutcome) -> dict[str, RuleOutcome]:
    """Return the rules' measurements by the beginning of their tags."""
    names = _names([(rule.rule, describe(rule.where)) for rule in outcome.rules])
    return {f"rules/{name}": rule for name, rule in zip(names, outcome.rules, strict=True)}


def drift_tags(outcome: BatchOutcome) -> dict[str, DriftOutcome]:
    """Return the shifts of variables by the beginning of their tags."""
    names = _names([(drift.title, drift.group) for drift in outcome.drift])
    return {f"drift/{name}": drift for name, drift in zip(names, outcome.drift, strict=True)}


def evidence_tags(outcome: BatchOutcome) -> dict[str, EValue]:
    """Return all evidence by the beginning of its tags: overall, of rules, of drift."""
    rules = _names([(stream.rule, "") for stream in outcome.streams])
    return {
        "evidence/all": outcome.evidence,
        **{f"evidence/rules/{n}": s.evidence for n, s in zip(rules, outcome.streams, strict=True)},
        **{f"evidence/{tag}": drift.evidence for tag, drift in drift_tags(outcome).items()},
    }


def _names(keys: Sequence[tuple[str, str]]) -> list[str]:
    """Return a short printable name of each name and group; a digest separates those that would read the same."""
    # TensorBoard takes what follows the first "(" of a legend for the run, and draws no line if there is none of it.
    texts = [" ".join(filter(None, key)).translate(_BRACKETS) for key in keys]
    names = [elide(" ".join(text.split()), _MAX_COLUMNS) for text in texts]
    counts = Counter(names)
    return [
        name if name == text and counts[name] == 1 else f"{name} #{_digest(key)}".lstrip()
        for key, text, name in zip(keys, texts, names, strict=True)
    ]


def _digest(key: tuple[str, str]) -> str:
    return sha256(json.dumps(key).encode()).hexdigest()[:8]
