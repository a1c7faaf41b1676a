"""Loads policies and resolves them against the installed checks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.check import entry_points
from audit.check.base import Check
from audit.policy.load import parse_policy, read_policy
from audit.policy.model import Policy, ResolvedPolicy
from audit.policy.resolution import Offer, resolve


def load_policy(path: str | Path, overrides: Sequence[str] = ()) -> ResolvedPolicy:
    """Read, override (by ``key.path=value`` with YAML values), validate and resolve the policy at ``path``.

    Raises:
        AuditError: the file cannot be read, or is no policy that the installed checks can measure.
    """
    return resolve_policy(read_policy(path, overrides))


def policy_from(content: Mapping[str, object], overrides: Sequence[str] = ()) -> ResolvedPolicy:
    """Build a resolved policy from plain data, for example ``report["policy"]["effective"]``.

    Raises:
        AuditError: the content is not a policy that the installed checks can measure.
    """
    return resolve_policy(parse_policy(content, overrides))


def resolve_policy(policy: Policy) -> ResolvedPolicy:
    """Return the effective policy: check options, gate, rules and ids written out, and all of it validated.

    Raises:
        AuditError: as `audit.policy.resolution.resolve`; a check is not installed, or an option is wrong.
    """
    return resolve(policy, offers_of(policy))


def offers_of(policy: Policy) -> dict[str, Offer | None]:
    """Return the offer of each installed check under the options of ``policy``; None if turned off.

    Raises:
        AuditError: as `build_checks`.
    """
    checks = build_checks(policy).items()
    offers = {
        name: Offer(check.model_dump(mode="json"), check.metrics, entry_points.is_plug_in(name))
        for name, check in checks
    }
    return {name: offers.get(name) for name in entry_points.installed()}


def build_checks(policy: Policy) -> dict[str, Check]:
    """Create every installed check that the policy does not turn off, by name.

    Raises:
        AuditError: the policy names a check that is not installed, or an option is wrong.
    """
    for name in policy.checks:
        entry_points.check_class(name)
    enabled = {name: policy.checks.get(name, {}) for name in entry_points.installed()}
    return {
        name: entry_points.build(name, options) for name, options in enabled.items() if options is not False
    }
