"""One check on one model: its measurements with their intervals and traces, or the reason why there are none."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import TypeAdapter

from audit.check.base import Check
from audit.errors import AuditError, Skip
from audit.frameworks.op_errors import trace_without_values, without_values
from audit.result import (
    CheckResult,
    CheckStatus,
    Evidence,
    Measurement,
    MetricFacts,
    Note,
    Scalar,
    Table,
    Unasked,
)
from audit.stats import intervals, is_known
from audit.stats.influence import Trace, Traced, TracedEvidence, untraced

if TYPE_CHECKING:
    from audit.subject.subject import Subject

Crash = Callable[[str, str], None]
"""Called with a check's name and its traceback when it crashes."""
Key = tuple[str, frozenset[tuple[str, Scalar]]]
TraceOf = Callable[[], Trace | None]
_FIELDS: dict[type, TypeAdapter[object]] = {kind: TypeAdapter(kind) for kind in (Measurement, Note)}


@dataclass(frozen=True)
class TracedResult:
    """Result of a check on one model, with the trace of each measurement that has one, by `Measurement.key`."""

    result: CheckResult
    traces: Mapping[Key, TraceOf]

    def trace(self, measurement: Measurement) -> TraceOf:
        """Return the function that computes the trace of a measurement."""
        return self.traces.get(measurement.key, lambda: None)


def run_check(name: str, check: Check, subject: "Subject", confidence: float, crash: Crash) -> TracedResult:
    """Return the result of one check; if it crashes (a library's ``sys.exit`` included), the status says so."""
    try:
        with np.errstate(all="ignore"):  # what is undefined is NaN in the report, not a warning on a terminal
            return _measured(name, check, list(check.measure(subject)), confidence)
    except Skip as skip:
        return _unmeasured(name, check, "skipped", str(skip))
    except AuditError:
        raise  # policy or data cannot be audited, as when a background row has no value
    except (Exception, SystemExit) as error:
        crash(name, trace_without_values(error))
        return _unmeasured(name, check, "crashed", without_values(error))


def _unmeasured(name: str, check: Check, status: CheckStatus, reason: str) -> TracedResult:
    return TracedResult(CheckResult(name=name, status=status, reason=reason, summary=check.summary), {})


def _measured(name: str, check: Check, evidence: list[TracedEvidence], confidence: float) -> TracedResult:
    traces = {item.measurement.key: item.trace for item in evidence if isinstance(item, Traced)}
    untraced_evidence = untraced(evidence)
    _require_valid(untraced_evidence)
    return TracedResult(_result(name, check, untraced_evidence, confidence), traces)


def _require_valid(evidence: list[Evidence]) -> None:
    """Raise an error for evidence that a report cannot hold, or that is there twice: nothing is dropped silently."""
    for item in (item.measurement if isinstance(item, Unasked) else item for item in evidence):
        if not isinstance(item, Measurement | Table | Note):
            raise TypeError(f"the check yielded {type(item).__name__}, not a Measurement, Table or Note")
        if not isinstance(item, Table):  # which looks at its cells itself
            json.dumps(fields := asdict(item))  # numpy's numbers are no plain ones
            _FIELDS[Note if isinstance(item, Note) else Measurement].validate_python(fields)
    keys = [item.key for item in evidence if isinstance(item, Measurement)]
    if len(set(keys)) < len(keys):
        raise ValueError("the check measured a metric twice for the same 'where'")


def _result(name: str, check: Check, evidence: list[Evidence], confidence: float) -> CheckResult:
    """Sort a check's evidence by kind; of its metrics, those that it measured are described."""
    metrics = {f"{name}.{metric}": facts for metric, facts in check.metrics.items()}
    measurements = [item for item in evidence if isinstance(item, Measurement)]
    notes = [item for item in evidence if isinstance(item, Note)]
    measured = {measurement.metric for measurement in measurements}
    return CheckResult(
        name=name,
        status="measured",
        summary=check.summary,
        metrics={metric: facts for metric, facts in metrics.items() if metric in measured},
        measurements=_complete(measurements, metrics, confidence),
        notes=[note.text for note in notes if not note.warning],
        warnings=[note.text for note in notes if note.warning],
        reasons=[note for note in notes if note.about],
        tables=[item for item in evidence if isinstance(item, Table)],
        unasked=_complete(
            [item.measurement for item in evidence if isinstance(item, Unasked)], metrics, confidence
        ),
    )


def _complete(
    measurements: list[Measurement], metrics: dict[str, MetricFacts], confidence: float
) -> list[Measurement]:
    """Add the intervals at the run's confidence, where the method is known and the check gave none."""
    for item in measurements:
        if item.metric not in metrics:
            raise ValueError(f"the check returned {item.metric!r}, which it does not declare in 'metrics'")
    pairs = zip(measurements, intervals(measurements, confidence), strict=True)
    return [replace(item, ci=interval) if is_known(item.method) else item for item, interval in pairs]
