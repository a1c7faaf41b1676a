"""savedmodel-audit: a governance gate for TensorFlow models.

The command line's functions for Python: `run` measures and decides, `load` reads a report again, `decide` decides
again from a report, and `selftest` audits broken variants. Nothing here prints or exits, and importing it imports
no framework. File descriptors, streams, log levels and the environment are not changed: TensorFlow's start-up output is
left to the calling program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import AuditError
from audit.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from audit.mutants.result import Selftest
    from audit.notebook import AuditReport
    from audit.policy import Policy
    from audit.policy.model import ResolvedPolicy
    from audit.result import Decision, Report

__all__ = ["AuditError", "__version__", "decide", "load", "run", "selftest"]


def run(
    policy: Policy | Mapping[str, object] | str | Path | None = None,
    *,
    model: str | Path | None = None,
    data: pd.DataFrame | str | Path | None = None,
    label: str | None = None,
    protected: Mapping[str, object] | None = None,
    favorable: object = None,
    threshold: float | None = None,
    background: pd.DataFrame | str | Path | None = None,
    rules: Sequence[Mapping[str, object]] | None = None,
    checks: Mapping[str, object] | None = None,
    seed: int = 0,
    on: date | None = None,
    only: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
    crash: Callable[[str, str], None] | None = None,
    **unknown: object,
) -> AuditReport:
    """Audit a model on data: those that ``policy`` names, or those of the keywords, for a simple policy.

    The audit is counted in the user's history (`audit.audit_log.ledger`); with ``AUDIT_HISTORY=`` it is not.

    ``audit.run(model="models/income/3", data=frame, label="income", protected={"sex": "Male"})`` audits under the
    default rules. A DataFrame is written to a Parquet file in the user's cache (`audit.notebook.stored_frame`), and
    that file is audited.

    Args:
        policy: policy, path of an `audit.yaml`, or its content as plain data; None with ``model``, ``data`` and
            ``label``.
        model: path of an exported model, or its address in a registry (``model.path`` of a policy).
        data: path of the table, or a DataFrame with a row for each audited row (``data.path``).
        label: name of its column of labels (``data.label``).
        protected: the privileged value, or a list of them, by protected attribute; or what ``data.protected`` of a
            policy holds, such as ``{"age": {"bins": [25], "privileged": ">=25"}}``.
        favorable: label value or values of the favourable outcome (``data.favorable``).
        threshold: a row is predicted favourable if P(favourable) is at least this, in (0, 1) (``data.threshold``).
        background: path of the reference rows, or a DataFrame of them (``data.background``).
        rules: rules as in ``gate.rules`` of a policy; the default rules if None.
        checks: options by check, False to turn one off (``checks``).
        seed: seed of everything that is drawn at random.
        on: date that waivers are judged by; today in UTC if None.
        only: names of the checks to run (rules of the others are then inconclusive); empty means all.
        progress: called with the current step, the rows done and the rows in total.
        crash: called with the name and the traceback of a check that crashes.
        unknown: any other keyword is an error that names the nearest one.

    Raises:
        AuditError: the audit cannot be made; the message states what was expected and found.
    """
    from audit.audit_log.ledger import find_history
    from audit.conclusion.observers import Observers, ignore
    from audit.notebook import AuditReport
    from audit.notebook.keyword_policy import policy_of
    from audit.policy.arguments import audit_date, audit_seed
    from audit.runner import AuditRequest, run_audit

    keywords = {
        "model": model,
        "data": data,
        "label": label,
        "protected": protected,
        "favorable": favorable,
        "threshold": threshold,
        "background": background,
        "rules": rules,
        "checks": checks,
    }
    names = [only] if isinstance(only, str) else only
    seed = audit_seed(seed)
    on = audit_date(on)
    resolved = _policy(policy_of(policy, keywords, unknown))
    request = AuditRequest(policy=resolved, seed=seed, on=on, only=names)
    observers = Observers(progress=progress or ignore, crash=crash or ignore)
    return AuditReport.of(run_audit(request, observers, find_history()))


def load(path: str | Path) -> AuditReport:
    """Return the report in the file at ``path``, or in the `report.json` of the directory there.

    Raises:
        AuditError: there is none, it is damaged, or its verdict does not follow from its measurements.
    """
    from audit.notebook import AuditReport

    return AuditReport.load(path)


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
    from audit.policy.arguments import audit_date

    return decide_under(report, None if policy is None else _policy(policy), audit_date(on))


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
    from audit.policy.arguments import audit_date, audit_seed
    from audit.runner import AuditRequest

    seed = audit_seed(seed)
    on = audit_date(on)
    request = AuditRequest(policy=_policy(policy), seed=seed, on=on)
    return run_selftest(request, Observers(progress=progress or ignore, crash=crash or ignore))


def _policy(policy: Policy | Mapping[str, object] | str | Path) -> ResolvedPolicy:
    from audit.check import load_policy, policy_from, resolve_policy
    from audit.policy import Policy

    if isinstance(policy, Policy):
        return resolve_policy(policy)
    return load_policy(policy) if isinstance(policy, str | Path) else policy_from(policy)
