"""An audit in the process of another program, by a policy with that program's model and data in place of its own."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.audit_log.ledger import find_history
from audit.check import load_policy, policy_from
from audit.conclusion.observers import Observers
from audit.conclusion.stored import verified
from audit.formats.writing import set_aside, write_and_read
from audit.result import Report
from audit.runner import AuditRequest, run_audit

PolicySource = str | Path | Mapping[str, object]
"""A policy's file, or its content as plain data."""


def setting(key: str, value: str | Path) -> str:
    """Return the text that ``--set`` takes, for a dotted key of the policy and a text."""
    return f"{key}={json.dumps(str(value))}"


def audit_hosted(policy: PolicySource, overrides: Sequence[str], out: Path) -> Report:
    """Audit, count the audit as `audit run` does, and write the reports into ``out``; an older one is set aside.

    Args:
        policy: policy.
        overrides: values that replace those of the policy, as `setting` writes them.
        out: directory of the reports.

    Raises:
        AuditError: the audit cannot be made, or ``out`` cannot be written.
    """
    resolved = (
        load_policy(policy, overrides) if isinstance(policy, str | Path) else policy_from(policy, overrides)
    )
    request = AuditRequest(policy=resolved, overrides=overrides)
    report = run_audit(request, Observers(opened=lambda: set_aside(out)), find_history())
    return write_and_read(report, out, verified, resolved.report.formats)[0]
