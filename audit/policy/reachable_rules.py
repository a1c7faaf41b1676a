"""Rules that nothing could ever satisfy or be covered by, refused before anything is measured."""

from audit.errors import AuditError, did_you_mean, quote_list
from audit.policy.gate_spec import Rule
from audit.policy.model import DataSpec
from audit.result import MetricFacts

_EVERY = "*"


def require_reachable_limits(rule: Rule, facts: MetricFacts) -> None:
    """Require that some value of the metric holds, and that some improvement does.

    Raises:
        AuditError: the limits leave no value in the metric's range.
    """
    low, high = rule.bounds
    beyond = "at_most" if facts.low is not None and high < facts.low else ""
    beyond = "at_least" if facts.high is not None and low > facts.high else beyond
    gain = rule.least_improvement
    most = _greatest_improvement(facts)
    if gain is not None and most is not None and gain > most:
        beyond = "better_than_baseline_by"
    if beyond:
        raise AuditError(
            where=f"gate.rules: {rule.metric}",
            expected=f"a limit that some value can meet: {_range(facts)}",
            found=f"{beyond}: {rule.limit[beyond]:g}",
            fix=_as_share(rule.limit[beyond], facts),
        )


def require_known_attribute(rule: Rule, data: DataSpec) -> None:
    """Require that the attribute in the rule's ``where`` is a protected one, or an intersection of the policy.

    Raises:
        AuditError: nothing is measured by it.
    """
    attribute = rule.where.get("attribute")
    known = [*data.protected, *data.named_intersections]
    if attribute is None or attribute == _EVERY or str(attribute) in known:
        return
    raise AuditError(
        where=f"gate.rules: {rule.metric}: where.attribute",
        expected=f"a protected attribute or an intersection of the policy: {quote_list(known)}",
        found=f"{attribute!r}{did_you_mean(attribute, known)}",
        fix="name one of them, or define it under data.protected or data.intersections",
    )


def _greatest_improvement(facts: MetricFacts) -> float | None:
    """Return by how much a model can be better than its baseline at most; None if that is not bounded."""
    if facts.low is None or facts.high is None:
        return None
    if facts.better != "ideal":
        return facts.high - facts.low
    ideal = facts.ideal or 0.0
    return max(abs(facts.low - ideal), abs(facts.high - ideal))


def _range(facts: MetricFacts) -> str:
    if facts.low is None:
        return f"at most {facts.high:g}"
    return f"at least {facts.low:g}" if facts.high is None else f"between {facts.low:g} and {facts.high:g}"


def _as_share(limit: float, facts: MetricFacts) -> str:
    """Return the advice for a percentage where a share is expected; empty if it would not help."""
    if facts.high == 1.0 and 1.0 < limit <= 100.0:
        return f"write {limit:g} % as {limit / 100:g}"
    return "correct the limit, or remove the rule"
