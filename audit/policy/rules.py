"""Completes a policy: builds the checks, supplies the default rules, gives every rule its id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from audit import registry
from audit.check import Check
from audit.errors import AuditError, nearest, some
from audit.policy.model import MAX_AUDITS, GateSpec, Policy, Rule
from audit.result import MetricFacts, Scalar

DEFAULT_MIN_ROWS = 200
"""``gate.min_rows`` where the policy has no ``gate``."""


def build_checks(policy: Policy) -> dict[str, Check]:
    """Build every installed check that the policy does not turn off, by name.

    Raises:
        AuditError: the policy names a check that is not installed, or an option is wrong.
    """
    for name in policy.checks:
        registry.check_class(name)
    options = {name: policy.checks.get(name, {}) for name in registry.installed()}
    return {name: registry.build(name, given) for name, given in options.items() if given is not False}


def resolve(policy: Policy) -> Policy:
    """Return the effective policy: check options, gate, rules and ids written out, and all of it validated.

    Raises:
        AuditError: a rule names a metric that no enabled check offers, an id stands twice, or a waiver
            names an unknown rule.
    """
    checks = build_checks(policy)
    default = policy.gate is None or policy.gate.rules is None
    starting = default_rules(policy, checks)
    rules = starting if default else policy.rules
    for rule in rules:
        _require_metric(rule.metric, checks)
        if rule.least_improvement is not None:
            _require_direction(rule.metric, checks)
    rules = with_ids(rules)
    for waiver in policy.waivers:
        _require_rule(waiver.rule, rules, policy.gate)
    gate = (policy.gate or GateSpec(min_rows=DEFAULT_MIN_ROWS)).model_copy(update={"rules": rules})
    options = {name: _options(checks, name) for name in registry.installed()}
    resolved = policy.model_copy(update={"gate": gate, "checks": options})
    # a policy that is resolved once more has its default rules written out
    resolved._default_rules = default or (policy._default_rules and rules == with_ids(starting))
    resolved._path = policy._path
    return resolved


def default_rules(policy: Policy, checks: Mapping[str, Check]) -> list[Rule]:
    """Return the starting points of the interface, as far as the enabled checks can measure them."""
    regression = policy.model.output.kind == "regression"
    outcomes = not regression or policy.data.favorable is not None
    rules = [] if regression else [Rule(metric="performance.auc", at_least=0.6)]
    for attribute in policy.data.protected if outcomes else ():
        where: dict[str, Scalar] = {"attribute": attribute}
        rules += [
            Rule(metric="fairness.disparate_impact", where=where, at_least=0.8, at_most=1.25),
            Rule(metric="fairness.equal_opportunity_difference", where=where, within=0.1),
        ]
    if policy.data.protected:
        rules.append(Rule(metric="explainability.protected_share", at_most=0.2))
    if outcomes:
        worst: dict[str, Scalar] = {"attack": "worst", "eps": 0.1}
        rules.append(Rule(metric="robustness.adversarial_accuracy", where=worst, at_least=0.5))
    offered = set(metric_names(checks))
    return [rule for rule in rules if rule.metric in offered]


def metric_names(checks: Mapping[str, Check]) -> list[str]:
    """Return ``check.metric`` for everything that ``checks`` can measure."""
    return [f"{name}.{metric}" for name, check in checks.items() for metric in check.metrics]


def metric_facts(checks: Mapping[str, Check]) -> dict[str, MetricFacts]:
    """Return the facts of everything that ``checks`` can measure, by ``check.metric``."""
    return {
        f"{name}.{metric}": facts for name, check in checks.items() for metric, facts in check.metrics.items()
    }


def with_ids(rules: Iterable[Rule]) -> list[Rule]:
    """Give every rule an id: its own, else metric and ``where``, with ``#2`` for a second one.

    Raises:
        AuditError: two rules carry the same id, or one that of the bound on audits.
    """
    rules = list(rules)
    taken: Counter[str] = Counter(rule.id for rule in rules if rule.id)
    if MAX_AUDITS in taken:
        raise AuditError(
            where="gate.rules",
            expected="an id that is free",
            found=f"{MAX_AUDITS!r}, that of the bound on audits",
        )
    for name, times in taken.items():
        if times > 1:
            raise AuditError(
                where="gate.rules", expected="ids that stand once", found=f"{name!r} {times} times"
            )
    return [rule if rule.id else rule.model_copy(update={"id": _free_id(rule, taken)}) for rule in rules]


def _free_id(rule: Rule, taken: Counter[str]) -> str:
    where = ",".join(f"{key}={value}" for key, value in sorted(rule.where.items()))
    base = f"{rule.metric}[{where}]" if where else rule.metric
    name, number = base, 1
    while taken[name]:
        number += 1
        name = f"{base}#{number}"
    taken[name] += 1
    return name


def _options(checks: Mapping[str, Check], name: str) -> dict[str, object] | bool:
    return checks[name].model_dump(mode="json") if name in checks else False


def _require_metric(metric: str, checks: Mapping[str, Check]) -> None:
    offered = metric_names(checks)
    if metric in offered:
        return
    check = metric.partition(".")[0]
    if check in registry.installed() and check not in checks:
        raise AuditError(
            where=f"gate.rules: {metric}",
            expected="rules only on checks that are enabled",
            found=f"checks.{check} is turned off",
            fix="turn the check on or remove the rule",
        )
    raise AuditError(
        where=f"gate.rules: {metric}",
        expected="a metric that an installed check offers ('audit checks' lists them)",
        found=f"{metric!r}{nearest(metric, offered)}",
    )


def _require_direction(metric: str, checks: Mapping[str, Check]) -> None:
    check, _, name = metric.partition(".")
    if checks[check].metrics[name].better is None:
        raise AuditError(
            where=f"gate.rules: {metric}",
            expected="a metric that knows which way is better, to compare it with a baseline",
            found=f"{metric!r}, of which neither is",
            fix="limit the value itself with at_least, at_most or within",
        )


def _require_rule(name: str, rules: Iterable[Rule], gate: GateSpec | None) -> None:
    ids = [rule.id for rule in rules] + [MAX_AUDITS] * bool(gate and gate.max_audits)
    if name not in ids:
        raise AuditError(
            where=f"waivers: {name}",
            expected=f"the id of a rule: {some(ids)}",
            found=f"{name!r}{nearest(name, ids)}",
        )
