"""Resolves a policy: writes out check options and default rules, and gives every rule an id."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from audit.errors import AuditError, did_you_mean, quote_list
from audit.policy.gate_spec import DEFAULT_DIFFERENCE, DEFAULT_RATIO, GateSpec, Rule
from audit.policy.group_spellings import with_groups_as_read
from audit.policy.model import Policy, ResolvedPolicy
from audit.policy.reachable_rules import require_known_attribute, require_reachable_limits
from audit.result import MAX_AUDITS, MetricFacts, Scalar

DEFAULT_MIN_ROWS = 200
"""``gate.min_rows`` where the policy has no ``gate``."""


@dataclass(frozen=True)
class Offer:
    """An enabled check as a policy sees it: its ``options`` written out, and its ``metrics`` by name.

    A plug-in may measure by attributes of its own.
    """

    options: dict[str, object]
    metrics: Mapping[str, MetricFacts]
    is_plug_in: bool = False


Offers = Mapping[str, Offer | None]
"""Offer of every installed check by name; None if the policy turns the check off."""


def resolve(policy: Policy, offers: Offers) -> ResolvedPolicy:
    """Return the effective policy: check options, gate, rules and ids written out, and all of it validated.

    Args:
        policy: policy as its author wrote it, or already resolved.
        offers: offers of the installed checks, under this policy's options.

    Raises:
        AuditError: a rule names a metric that no enabled check offers, an attribute that is not protected, or a limit
            that no value meets; an id is not unique, or a waiver names an unknown rule.
    """
    without_rules = policy.gate is None or policy.gate.rules is None
    defaults = default_rules(policy, offers)
    rules = defaults if without_rules else policy.rules
    for rule in rules:
        _require_metric(rule, offers)
        require_reachable_limits(rule, metric_facts(offers)[rule.metric])
        if not _is_of_plug_in(rule, offers):
            require_known_attribute(rule, policy.data)
    rules = with_ids(rules)
    for waiver in policy.waivers:
        _require_rule(waiver.rule, rules, policy.gate)
    rules_as_read = [with_groups_as_read(rule, policy.data) for rule in rules]
    gate = (policy.gate or GateSpec(min_rows=DEFAULT_MIN_ROWS)).model_copy(update={"rules": rules_as_read})
    if gate.approvals:
        gate = gate.model_copy(update={"approvals": gate.approvals.with_keys_read(policy.folder or Path())})
    options = {name: offer.options if offer else False for name, offer in offers.items()}
    resolved = ResolvedPolicy.model_construct(**{**dict(policy), "gate": gate, "checks": options})
    # a policy that is resolved once more has its default rules written out
    resolved._default_rules = without_rules or (policy._default_rules and rules == with_ids(defaults))
    resolved._path = policy._path
    resolved._lines = policy._lines
    return resolved


def default_rules(policy: Policy, offers: Offers) -> list[Rule]:
    """Return the default rules whose metrics the enabled checks can measure."""
    regression = policy.model.output.kind == "regression"
    outcomes = not regression or policy.data.favorable is not None
    metric = (
        Rule(metric="performance.r2", at_least=0.1)
        if regression
        else Rule(metric="performance.auc", at_least=0.6)
    )
    rules = [metric]
    lowest, highest = DEFAULT_RATIO
    for attribute in policy.data.protected:
        where: dict[str, Scalar] = {"attribute": attribute}
        if regression:
            mean_gap = "fairness.mean_prediction_difference"
            rules.append(Rule(metric=mean_gap, where=where, within=DEFAULT_DIFFERENCE))
        if not outcomes:
            continue
        rules += [
            Rule(metric="fairness.disparate_impact", where=where, at_least=lowest, at_most=highest),
            Rule(metric="fairness.equal_opportunity_difference", where=where, within=DEFAULT_DIFFERENCE),
        ]
    if policy.data.protected and not regression:
        rules.append(Rule(metric="explainability.protected_share", at_most=0.2))
    if outcomes:
        worst: dict[str, Scalar] = {"attack": "worst", "eps": 0.1}
        rules.append(Rule(metric="robustness.adversarial_accuracy", where=worst, at_least=0.5))
    offered = metric_facts(offers)
    return [rule for rule in rules if rule.metric in offered]


def for_several_classes(policy: ResolvedPolicy) -> ResolvedPolicy:
    """Return the policy with the default rule on several classes, if it has the default rules.

    Without ``data.favorable`` it takes the place of the rule on the AUC, which is that of the favourable outcome. How
    many classes there are is known with the data only.
    """
    if not policy.default_rules or policy.checks.get("performance") is False:
        return policy
    rule = Rule(metric="performance.macro_auc", at_least=0.6)
    if any(other.metric == rule.metric for other in policy.rules):
        return policy
    others = [r for r in policy.rules if policy.data.favorable is not None or r.metric != "performance.auc"]
    gate = policy.gate.model_copy(update={"rules": with_ids([rule, *others])})
    return policy.model_copy(update={"gate": gate})


def metric_facts(offers: Offers) -> dict[str, MetricFacts]:
    """Return the facts of each metric that an enabled check offers, by ``check.metric``."""
    return {
        f"{name}.{metric}": facts
        for name, offer in offers.items()
        if offer
        for metric, facts in offer.metrics.items()
    }


def with_ids(rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules with ids: a missing one is made from metric and ``where``, with ``#2`` for a second.

    Raises:
        AuditError: two rules have the same id, or one has that of the limit on audits.
    """
    rules = list(rules)
    id_counts = Counter(rule.id for rule in rules if rule.id)
    if MAX_AUDITS in id_counts:
        raise AuditError(
            where="gate.rules",
            expected="an id that is free",
            found=f"{MAX_AUDITS!r}, that of the bound on audits",
        )
    for name, times in id_counts.items():
        if times > 1:
            raise AuditError(
                where="gate.rules", expected="ids that stand once", found=f"{name!r} {times} times"
            )
    return [
        rule if rule.id else rule.model_copy(update={"id": _unused_id(rule, id_counts)}) for rule in rules
    ]


def _unused_id(rule: Rule, id_counts: Counter[str]) -> str:
    """Return an id that ``id_counts`` does not have, and count it there."""
    where = ",".join(f"{key}={value}" for key, value in sorted(rule.where.items()))
    base = f"{rule.metric}[{where}]" if where else rule.metric
    candidates = chain([base], (f"{base}#{number}" for number in count(2)))
    name = next(name for name in candidates if not id_counts[name])
    id_counts[name] += 1
    return name


def _require_metric(rule: Rule, offers: Offers) -> None:
    """Require that the rule's metric is offered, and has a better direction if compared with a baseline."""
    metric = rule.metric
    where = f"gate.rules: {metric}"
    check = rule.check
    offered = metric_facts(offers)
    if check in offers and offers[check] is None:
        raise AuditError(
            where=where,
            expected="rules only on checks that are enabled",
            found=f"checks.{check} is turned off",
            fix="turn the check on or remove the rule",
        )
    if metric not in offered:
        raise AuditError(
            where=where,
            expected="a metric that an installed check offers ('audit checks' lists them)",
            found=f"{metric!r}{did_you_mean(metric, offered)}",
        )
    if rule.least_improvement is not None and offered[metric].better is None:
        raise AuditError(
            where=where,
            expected="a metric that knows which way is better, to compare it with a baseline",
            found=f"{metric!r}, of which neither is",
            fix="limit the value itself with at_least, at_most or within",
        )


def _is_of_plug_in(rule: Rule, offers: Offers) -> bool:
    offer = offers.get(rule.check)
    return offer is not None and offer.is_plug_in


def _require_rule(name: str, rules: Iterable[Rule], gate: GateSpec | None) -> None:
    ids = [rule.id for rule in rules] + [MAX_AUDITS] * bool(gate and gate.max_audits)
    if name not in ids:
        raise AuditError(
            where=f"waivers: {name}",
            expected=f"the id of a rule: {quote_list(ids)}",
            found=f"{name!r}{did_you_mean(name, ids)}",
        )
