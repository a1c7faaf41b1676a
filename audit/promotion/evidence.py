"""Grounds of a promotion: a report that passes when it is decided again, and an attestation of it that holds."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audit import attestation
from audit.attestation import Difference, Envelope
from audit.attestation.signing import decided_from
from audit.conclusion.stored import decide_under
from audit.diff.comparison import policy_changes
from audit.diff.words import demand, place
from audit.errors import AuditError, Refused
from audit.formats.json import report_bytes
from audit.policy.compatibility import recorded_policy
from audit.policy.model import ResolvedPolicy
from audit.provenance.public_key import read_public_key
from audit.result import Decision, Report

_MAX_NAMED = 8


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Report that passed when it was decided again, the digest of its file, and its envelope if one was given.

    ``looser`` says in what its own policy is looser than the ``required`` one.
    """

    report: Report
    digest: str
    required: ResolvedPolicy | None
    looser: Sequence[str]
    envelope: Envelope | None


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a promotion asks for besides the report: a policy, an attestation, and the keys that may have signed it."""

    policy: ResolvedPolicy | None = None
    attestation: Path | None = None
    keys: Sequence[Path] = ()


def examine(file: Path, requirements: Requirements, now: datetime) -> Evidence:
    """Return the evidence in a report.json, if it allows a promotion.

    The verdict is decided again under the report's own policy and under the required one; waivers and the attestation
    are judged by the time ``now``.

    Raises:
        Refused: a verdict is no pass, the attestation does not hold, or approvals are missing.
        AuditError: the report was edited, or a file cannot be read.
    """
    content = report_bytes(file)
    report = decided_from(content, str(file))
    required = requirements.policy
    looser = _looser(required, report) if required else []
    if required is not None:
        _require_pass(file, "the required policy", decide_under(report, required, now.date()), {}, looser)
    _require_pass(file, "its own policy", decide_under(report, None, now.date()), _waived(report))
    evidence = Evidence(
        report=report,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        required=required,
        looser=looser,
        envelope=_envelope(requirements),
    )
    _require_signatures(evidence, file, requirements, now)
    return evidence


def sentence(differences: Sequence[Difference]) -> str:
    """Return differences in one line, of many the first few."""
    parts = [f"{d.place}: {d.actual} (expected {d.signed})" for d in differences[:_MAX_NAMED]]
    more = len(differences) - _MAX_NAMED
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _require_pass(
    file: Path, policy: str, decision: Decision, waived: Mapping[str, str], looser: Sequence[str] = ()
) -> None:
    if decision.verdict == "pass":
        return
    rules = [
        f"{rule.id}: {rule.status}{waived.get(rule.id, '')}"
        for rule in decision.rules
        if rule.status not in ("pass", "waived")
    ]
    difference = f". Its own policy is looser: {_first(looser)}" if looser else ""
    raise Refused(
        where=str(file),
        expected=f"the verdict pass, decided today under {policy}",
        found=f"{decision.verdict} ({_first(rules) or decision.reason}){difference}",
        fix="promote a model whose audit passes",
    )


def _waived(report: Report) -> dict[str, str]:
    """Return by rule what to say of the waiver that counted when the report was made, should it count no longer."""
    return {rule.id: f", waived until {rule.waiver['expires']}" for rule in report.rules if rule.waiver}


def _looser(required: ResolvedPolicy, report: Report) -> list[str]:
    """Return the places in which a report's own policy is looser than the required one, with both settings."""
    measurements = [measurement for check in report.checks for measurement in check.measurements]
    return [
        f"{place(change)}: {demand(change, change.new)}, required {demand(change, change.old)}"
        for change in policy_changes(required, recorded_policy(report), measurements)
        if change.effect in ("loosened", "both")
    ]


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - _MAX_NAMED
    return "; ".join(texts[:_MAX_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _envelope(requirements: Requirements) -> Envelope | None:
    if requirements.attestation is None:
        if requirements.keys:
            raise AuditError(
                where="--key",
                expected="an attestation that this key has signed",
                found="none",
                fix="give --attestation FILE",
            )
        return None
    if not requirements.keys:
        raise AuditError(
            where="--key",
            expected="the public key of whoever may sign: an attestation alone proves nothing",
            found="none",
            fix="give --key FILE.pub",
        )
    return attestation.read_envelope(requirements.attestation)


def _require_signatures(evidence: Evidence, file: Path, requirements: Requirements, now: datetime) -> None:
    policies = [evidence.required, recorded_policy(evidence.report)]
    approvals = [policy.gate.approvals for policy in policies if policy and policy.gate.approvals]
    if evidence.envelope is None:
        if approvals:
            raise Refused(
                where=str(file),
                expected=f"an attestation with {approvals[0].count} approvals, as gate.approvals asks",
                found="no attestation",
                fix="sign the report, have it approved, and give --attestation FILE",
            )
        return
    keys = [read_public_key(key) for key in requirements.keys]
    verification = attestation.verify(evidence.envelope, keys, now, report=file)
    differences = list(verification.differences)
    if verification.statement.predicate.report.digest != evidence.digest and not differences:
        differences = [Difference("report", verification.statement.predicate.report.digest, evidence.digest)]
    if differences:
        raise _not_attested(requirements, sentence(differences))
    _require_approvals(
        requirements, (attestation.missing_approvals(evidence.envelope, spec) for spec in approvals)
    )


def _require_approvals(requirements: Requirements, missing: Iterable[str]) -> None:
    if text := next(filter(None, missing), ""):
        raise Refused(
            where=str(requirements.attestation),
            expected="the approvals that gate.approvals asks for",
            found=text,
            fix="have it approved with 'audit approve'",
        )


def _not_attested(requirements: Requirements, text: str) -> Refused:
    return Refused(
        where=str(requirements.attestation),
        expected="an attestation that holds for this report, by one of the given keys",
        found=text,
        fix="sign this report with a trusted key, or name the public key of its signer with --key if you trust it",
    )
