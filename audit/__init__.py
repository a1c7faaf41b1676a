"""savedmodel-audit: a governance gate for TensorFlow models.

The command line's functions for Python: `run` measures and decides, `decide` decides again from a report, and
`selftest` audits broken variants. Nothing here prints or exits, and importing it imports no framework. File
descriptors, streams, log levels and the environment are not changed: TensorFlow's start-up output is left to the
calling program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import AuditError
from audit.version import __version__

if TYPE_CHECKING:
    from audit.mutants.result import Selftest
    from audit.policy import Policy
    from audit.policy.model import ResolvedPolicy
    from audit.result import Decision, Report

__all__ = ["AuditError", "__version__", "decide", "run", "selftest"]


def run(
    policy: Policy | Mapping[str, object] | str | Path,
    *,
    seed: int = 0,
    on: date | None = None,
    only: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
    crash: Callable[[str, str], None] | None = None,
) -> Report:
    """Audit the model that ``policy`` names on the data that it names.

    The audit is counted in the user's history (`audit.audit_log.ledger`); with ``AUDIT_HISTORY=`` it is not.

    Args:
        policy: policy, path of an `audit.yaml`, or its content as plain data.
        seed: seed of everything that is drawn at random.
        on: date that waivers are judged by; today in UTC if None.
        only: names of the checks to run (rules of the others are then inconclusive); empty means all.
        progress: called with the current step, the rows done and the rows in total.
        crash: called with the name and the traceback of a check that crashes.

    Raises:
        AuditError: the audit cannot be made; the message states what was expected and found.
    """
    from audit.audit_log.ledger import find_history
    from audit.conclusion.observers import Observers, ignore
    from audit.policy.gate_spec import today
    from audit.runner import AuditRequest, run_audit

    request = AuditRequest(policy=_policy(policy), seed=seed, on=on or today(), only=only)
    observers = Observers(progress=progress or ignore, crash=crash or ignore)
    return run_audit(request, observers, find_history())


def decide(
    report: Report,
    policy: Policy | Mapping[str, object] | str | Path | None = None,
    *,
    on: date | None = None,
) -> Decision:
    """Decide again from the measurements of ``report``, ignoring its verdict.

    Args:
        report: report with the measurements.
        policy: policy whose gate and waivers decide; the report's own if None.
        on: date that waivers are judged by; today in UTC if None.

    Raises:
        AuditError: the policy is invalid or describes another audit (other labels, groups or check
            options), or the report's own policy was edited.
    """
    from audit.conclusion.stored import decide_under
    from audit.policy.gate_spec import today

    return decide_under(report, None if policy is None else _policy(policy), on or today())


def selftest(
    policy: Policy | Mapping[str, object] | str | Path,
    *,
    seed: int = 0,
    on: date | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    crash: Callable[[str, str], None] | None = None,
) -> Selftest:
    """Audit deliberately broken variants of the model that ``policy`` names, and report which rules catch each.

    Only temporary files are written, and the user's history counts nothing.

    Args:
        policy: policy, path of an `audit.yaml`, or its content as plain data.
        seed: seed of everything that is drawn at random.
        on: date that waivers are judged by; today in UTC if None.
        progress: called with the variant being audited, and 0 or 1 of 1.
        crash: called with the name and the traceback of a check that crashes.

    Raises:
        AuditError: the policy has no rules, or the model itself cannot be audited under it.
    """
    from audit.conclusion.observers import Observers, ignore
    from audit.mutants.run import run_selftest
    from audit.policy.gate_spec import today
    from audit.runner import AuditRequest

    request = AuditRequest(policy=_policy(policy), seed=seed, on=on or today())
    return run_selftest(request, Observers(progress=progress or ignore, crash=crash or ignore))


def _policy(policy: Policy | Mapping[str, object] | str | Path) -> ResolvedPolicy:
    from audit.check import load_policy, policy_from, resolve_policy
    from audit.policy import Policy

    if isinstance(policy, Policy):
        return resolve_policy(policy)
    return load_policy(policy) if isinstance(policy, str | Path) else policy_from(policy)
