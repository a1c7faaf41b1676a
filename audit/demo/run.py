"""Runs the demo: writes its files and audits both candidates under one policy."""

from dataclasses import dataclass
from pathlib import Path

from audit.audit_log.ledger import History
from audit.check import load_policy
from audit.conclusion.observers import Observers
from audit.conclusion.stored import verified
from audit.demo.prepare import CANDIDATES, SEEDS, Seeds, prepare_demo
from audit.formats.writing import set_aside, write_and_read
from audit.result import Report, Verdict
from audit.runner import AuditRequest, run_audit
from audit.subject.scoring import Progress

EXPECTED: dict[int, Verdict] = {1: "fail", 2: "pass"}
"""Verdict on each candidate, by number, if the audit detects what was planted."""


@dataclass(frozen=True)
class CandidateAudit:
    """Audit of a candidate: its report, the report's files (the HTML last), and the policy's path."""

    report: Report
    files: list[Path]
    policy: Path


def run_demo(out: Path, progress: Progress, seeds: Seeds = SEEDS) -> dict[int, CandidateAudit]:
    """Make the example in ``out``, audit both candidates, and write ``report-1/`` and ``report-2/`` there.

    Older reports move to ``previous/``. The audits are returned by the candidates' numbers.

    Raises:
        AuditError: ``out`` cannot be written.
    """
    for number in CANDIDATES:
        set_aside(out / f"report-{number}")
    policies = prepare_demo(out, progress, seeds)
    return {number: _audit(number, policy, out, progress) for number, policy in policies.items()}


def _audit(number: int, policy: Path, out: Path, progress: Progress) -> CandidateAudit:
    report = run_audit(
        AuditRequest(policy=load_policy(policy)),
        Observers(progress=lambda step, done, total: progress(f"candidate {number}: {step}", done, total)),
        History(out / "history.jsonl"),  # an example's audits are none of the user's own
    )
    stored, files = write_and_read(report, out / f"report-{number}", verified)
    return CandidateAudit(stored, files, policy)
