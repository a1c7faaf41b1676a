"""The decision after a batch: a pure function of the state before it and of what was measured on it.

The evidence of a run is the weighted mean of the e-values of all streams: drift has half the weight, and the rules
share the other half. An alarm is raised when it reaches 1 / alpha; by Ville's inequality that happens with a
probability of alpha at most in a life without drift and without a broken rule, however often anybody looks.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.monitoring.changes import changes
from audit.monitoring.drift_evidence import DriftTest
from audit.monitoring.measured import BatchMeasurement, RuleMeasurement
from audit.monitoring.monitored_rules import MonitoredRules
from audit.monitoring.outcome import (
    EVERYONE,
    BatchOutcome,
    DriftOutcome,
    EValue,
    IntervalEstimate,
    RuleOutcome,
    RuleStream,
)
from audit.monitoring.reference import Reference
from audit.monitoring.rule_evidence import LimitState, Side, after
from audit.monitoring.run_state import RuleState, RunState
from audit.policy.gate_spec import Rule
from audit.policy.model import ResolvedPolicy
from audit.result import GROUP_KEYS
from audit.stats.effect_sizes import effect_sizes
from audit.stats.eprocess import log_mean
from audit.stats.proportions import Reals

_REFERENCE_SHARE = 0.1
"""Share of a run's alpha for the reference's confidence intervals; the tests have the rest."""


_TOO_FEW = "fewer rows than gate.min_rows, none of its groups, or no interval"


@dataclass(frozen=True)
class Arrival:
    """When a batch arrived, and what time it is about, as ISO 8601 in UTC; ``waived`` are the waived rules' ids."""

    as_of: str
    recorded: str
    waived: frozenset[str] = frozenset()


def run_alpha(false_alarms: float, run: int) -> float:
    """Return the share of ``false_alarms`` for the run of this number, from 1; the shares of all runs sum to it."""
    return false_alarms / (run * (run + 1))


class Decider:
    """Decides on the batches of a run.

    Args:
        policy: its rules are tested.
        reference: of the monitored model.
        alpha: greatest probability of a false alarm in this run.
    """

    def __init__(self, policy: ResolvedPolicy, reference: Reference, alpha: float) -> None:
        self._reference = reference
        self._rules = {str(rule.id): rule for rule in policy.rules if rule.is_absolute}
        self._label_free = {rule.metric for rule in MonitoredRules.of(policy).label_free}
        self._min_rows = policy.gate.min_rows
        self._test = DriftTest(reference, _REFERENCE_SHARE * alpha)
        self._log_line = -math.log((1.0 - _REFERENCE_SHARE) * alpha)
        has_drift, has_rules = bool(reference.variables), bool(self._rules)
        self._drift_weight = (0.5 if has_rules else 1.0) if has_drift else 0.0
        self._rule_weight = (1.0 - self._drift_weight) / max(1, len(self._rules))

    def initial(self) -> RunState:
        """Return the state before the first batch."""
        return RunState(self._test.initial(), {name: RuleState() for name in self._rules})

    def decide(
        self, state: RunState, measurement: BatchMeasurement, arrival: Arrival
    ) -> tuple[RunState, BatchOutcome]:
        """Return the state after a batch, and what is to be stored and shown of it."""
        new, log_drift, log_rules = self._advanced(state, measurement, arrival)
        overall = self._overall(log_drift, log_rules)
        new = replace(new, alarm=state.alarm or overall >= self._log_line)
        drift = list(self._drift_outcomes(new, log_drift, measurement)) if measurement.counts else []
        outcome = BatchOutcome(
            sequence=new.sequence,
            as_of=arrival.as_of,
            recorded=arrival.recorded,
            digest=measurement.digest,
            rows=measurement.rows,
            labelled=measurement.labelled,
            state="alarm" if new.alarm else "quiet",
            evidence=EValue(log_e=overall, log_line=self._log_line, alarm=new.alarm),
            rules=[rule_outcome(one) for one in measurement.rules],
            streams=[
                self._stream(name, state.rules[name], new.rules[name], log_rules[name], measurement)
                for name in self._rules
            ],
            drift=drift,
            notes=measurement.notes,
        )
        return new, replace(outcome, events=list(changes(state, new, outcome)))

    def _advanced(
        self, state: RunState, measurement: BatchMeasurement, arrival: Arrival
    ) -> tuple[RunState, Reals, dict[str, float]]:
        """Return the state after a batch, and the logarithms of all e-values.

        That of a waived rule is cut off at 0: it raises no alarm, and replaces no evidence that was below 0.
        """
        drift = self._test.after(state.drift, measurement.counts) if measurement.counts else state.drift
        log_drift = self._test.log_e_values(drift)
        rules = {name: self._after_rule(name, rule, measurement) for name, rule in state.rules.items()}
        log_rules = {
            name: min(0.0, rule.log_e) if name in arrival.waived else rule.log_e
            for name, rule in rules.items()
        }
        for name, rule in rules.items():
            alarm = rule.alarm or log_rules[name] >= self._line(self._rule_weight)
            measured = [one for one in measurement.rules if one.rule == name]
            rules[name] = _with_failures(
                replace(rule, alarm=alarm), measured, measurement.digest, name in arrival.waived
            )
        each = self._line(self._drift_weight / max(1, len(log_drift)))
        before = state.drift_alarms or [False] * len(log_drift)
        new = replace(
            state,
            drift=drift,
            rules=rules,
            sequence=state.sequence + 1,
            drift_alarm=state.drift_alarm or _log_mean(log_drift) >= self._line(self._drift_weight),
            drift_alarms=[alarm or bool(e >= each) for alarm, e in zip(before, log_drift, strict=True)],
        )
        return new, log_drift, log_rules

    def _stream(
        self, name: str, before: RuleState, state: RuleState, log_e: float, measurement: BatchMeasurement
    ) -> RuleStream:
        reason = ""
        crashed = name in measurement.crashed
        if crashed or state.measured == before.measured:
            reason = measurement.reasons.get(name) or self._unmeasured(name, measurement)
        evidence = EValue(log_e=log_e, log_line=self._line(self._rule_weight), alarm=state.alarm)
        return RuleStream(
            rule=name,
            evidence=evidence,
            measured=state.measured,
            failing=len(state.failing),
            reason=reason,
            crashed=crashed,
        )

    def _unmeasured(self, name: str, measurement: BatchMeasurement) -> str:
        if self._rules[name].metric in self._label_free:
            return (
                _TOO_FEW if measurement.is_new else "it needs no labels, and was when the rows were counted"
            )
        return _TOO_FEW if measurement.labelled else "the batch has no labels yet"

    def _drift_outcomes(
        self, state: RunState, log_drift: Reals, measurement: BatchMeasurement
    ) -> Iterator[DriftOutcome]:
        line = self._line(self._drift_weight / max(1, len(log_drift)))
        names = [EVERYONE, *(f"{attribute}={group}" for attribute, group in self._reference.groups)]
        seed = int(measurement.digest[-8:], 16) if measurement.digest else 0
        for place, (variable, group) in enumerate(self._test.streams):
            described = self._reference.variables[variable]
            batch, reference = (
                np.asarray(table[variable][group], np.float64)
                for table in (measurement.counts, self._reference.counts)
            )
            sizes = effect_sizes(batch, reference, bool(described.edges), seed + place)
            yield DriftOutcome(
                kind=described.kind,
                variable=described.name,
                group=names[group],
                rows=int(batch.sum()),
                **{name: IntervalEstimate(**size._asdict()) for name, size in sizes.items()},
                evidence=EValue(
                    log_e=float(log_drift[place]), log_line=line, alarm=state.drift_alarms[place]
                ),
            )

    def _line(self, weight: float) -> float:
        return self._log_line - math.log(weight) if weight else math.inf

    def _overall(self, log_drift: Reals, log_rules: dict[str, float]) -> float:
        parts = [(self._drift_weight, _log_mean(log_drift))]
        parts += [(self._rule_weight, value) for value in log_rules.values()]
        return float(np.logaddexp.reduce([math.log(weight) + value for weight, value in parts if weight]))

    def _after_rule(self, name: str, state: RuleState, measurement: BatchMeasurement) -> RuleState:
        measured = [one for one in measurement.rules if one.rule == name]
        if not measured:
            return state
        places = state.places or self._expected(self._rules[name], measured)
        limits = dict(state.limits)
        for one in measured:
            for side in sides(one):
                key = json.dumps(
                    [side, sorted((k, v) for k, v in one.first.where.items() if k != "privileged")]
                )
                if key in limits or len(limits) < places:
                    limits[key] = after(limits.get(key, LimitState()), one, side, self._min_rows)
        has_evidence = any(limit.batches > _batches(state, key) for key, limit in limits.items())
        return replace(state, limits=limits, places=places, measured=state.measured + has_evidence)

    def _expected(self, rule: Rule, measured: Sequence[RuleMeasurement]) -> int:
        """Return how many limits a rule has at most, by the reference's groups: a batch may lack some of them."""
        named = rule.where.get("attribute", "*" if rule.metric.startswith("fairness.") else None)
        groups = 1
        if named is not None and {"group", "unprivileged"}.isdisjoint(rule.where):
            groups = sum(len(g.values) for g in self._reference.attributes if named in ("*", g.attribute))
        others = {
            json.dumps(sorted((k, v) for k, v in one.first.where.items() if k not in GROUP_KEYS))
            for one in measured
        }
        return len(sides(measured[0])) * max(len(measured), len(others) * groups)


def _log_mean(log_values: Reals) -> float:
    return float(log_mean(log_values)) if len(log_values) else 0.0


def _batches(state: RuleState, key: str) -> int:
    return state.limits[key].batches if key in state.limits else 0


def sides(measurement: RuleMeasurement) -> list[Side]:
    """Return the sides on which a rule limits a measurement."""
    low: list[Side] = ["low"] if math.isfinite(measurement.low) else []
    return [*low, "high"] if math.isfinite(measurement.high) else low


def _with_failures(
    state: RuleState, measured: Sequence[RuleMeasurement], digest: str, is_waived: bool
) -> RuleState:
    """Return the state with the consecutive batches on which the rule fails: labels in several files are one batch."""
    if not measured:
        return state
    fails = state.alarm and not is_waived and any(rule_outcome(one).breaks for one in measured)
    others = [batch for batch in state.failing if batch != digest]
    return replace(state, failing=[*others, digest] if fails else [])


def rule_outcome(measurement: RuleMeasurement) -> RuleOutcome:
    """Return a rule's measurement as it is stored and shown."""
    return RuleOutcome(
        rule=measurement.rule,
        metric=measurement.first.metric,
        where=dict(measurement.first.where),
        estimate=measurement.estimate(),
        low=measurement.low,
        high=measurement.high,
        rows=measurement.rows,
    )
