"""Approvals: reviewers' signatures over a statement, each with a signed record of who gave it and when."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from audit.attestation.canonical import canonical, parse_json
from audit.attestation.envelope import Envelope
from audit.attestation.keys import SigningKey
from audit.attestation.statement import (
    STATEMENT_TYPE,
    StatementPart,
    StatementSubject,
    Time,
    parse_statement,
    require_canonical,
    utc_text,
)
from audit.errors import AuditError
from audit.policy.gate_spec import ApprovalsSpec

APPROVAL_TYPE: Final = "https://savedmodel-audit.dev/approval/v1"


class ApprovalPredicate(StatementPart):
    """Name of the approver, and the time of the approval."""

    by: Annotated[str, Field(min_length=1, max_length=200)]
    approved: Time


class ApprovalStatement(StatementPart):
    """In-toto Statement v1 about the payload of an attestation."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")] = STATEMENT_TYPE
    subject: Annotated[list[StatementSubject], Field(min_length=1, max_length=1)]
    predicate_type: Annotated[
        Literal["https://savedmodel-audit.dev/approval/v1"], Field(alias="predicateType")
    ] = APPROVAL_TYPE
    predicate: ApprovalPredicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Approval in an envelope: the key that claims it, name and time, and what is wrong with it, if anything."""

    key: str
    by: str
    approved: str
    problem: str = ""


def approve(envelope: Envelope, key: SigningKey, by: str, now: datetime) -> Envelope:
    """Return the envelope with the approval of ``key``; the same envelope if the key has approved it.

    Raises:
        AuditError: the signer's signature does not hold, the key is the signer's, or ``by`` is no name.
    """
    signer = parse_statement(envelope.payload).predicate.signer
    if not envelope.is_signed_by(signer):
        raise _refused(
            "a statement that its signer has signed", f"no valid signature by {signer}", "sign again"
        )
    if key.id == signer:
        raise _refused(
            "a key that is not the signer's", f"{signer}, which signed", "let somebody else approve"
        )
    if any(a.key == key.id and not a.problem for a in approvals_in(envelope)):
        return envelope
    if not by.strip() or len(by) > 200 or not by.isprintable():  # bytes that are not UTF-8 are not printable
        raise _refused("a name of up to 200 printable characters", f"{by!r:.80}", "give your name with --by")
    record = ApprovalStatement(
        subject=[StatementSubject(name="attestation", digest={"sha256": _sha256(envelope)})],
        predicate=ApprovalPredicate(by=by, approved=utc_text(now)),
    )
    payload = canonical(record.model_dump(mode="json", by_alias=True))
    return replace(
        envelope,
        signatures=(*envelope.signatures, key.sign(envelope.payload)),
        approvals=(*envelope.approvals, key.envelope(payload)),
    )


def approvals_in(envelope: Envelope) -> Iterator[Approval]:
    """Yield the approvals in an envelope, each with its problem; whether its key is anybody's is not judged.

    Raises:
        AuditError: a record is no approval.
    """
    signer = parse_statement(envelope.payload).predicate.signer
    for record in envelope.approvals:
        statement = _parse_record(record.payload)
        key = record.signatures[0].key
        yield Approval(
            key=key,
            by=statement.predicate.by,
            approved=statement.predicate.approved,
            problem=_problem(envelope, record, statement, key, signer),
        )


def missing_approvals(envelope: Envelope, required: ApprovalsSpec | None) -> str:
    """Return a sentence on the approvals that are missing; empty if there are enough.

    An approval counts if its key is one of the required ones (ids) and not the signer's; each key counts once.
    """
    if required is None:
        return ""
    approvers = {a.key: a.by for a in approvals_in(envelope) if not a.problem and a.key in required.keys}
    if len(approvers) >= required.count:
        return ""
    others = [key for key in required.keys if key not in approvers]
    names = f" (by {', '.join(approvers.values())})" if approvers else ""
    return f"{len(approvers)} of {required.count} required approvals{names}; none by {', '.join(others)}"


def _problem(
    envelope: Envelope, record: Envelope, statement: ApprovalStatement, key: str, signer: str
) -> str:
    if key == signer:
        return "it is by the signer's own key"
    if statement.subject[0].digest["sha256"] != _sha256(envelope):
        return "it is of another statement"
    if not record.is_signed_by(key):
        return "the signature of its record does not hold"
    if not envelope.is_signed_by(key):
        return "its signature over the statement is missing or does not hold"
    return ""


def _parse_record(payload: bytes) -> ApprovalStatement:
    require_canonical(payload, "approval")
    try:
        return ApprovalStatement.model_validate(parse_json(payload, "approval"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise AuditError(
            where="approval",
            expected=f"a statement of the type {APPROVAL_TYPE}",
            found=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
        ) from None


def _sha256(envelope: Envelope) -> str:
    return hashlib.sha256(envelope.payload).hexdigest()


def _refused(expected: str, problem: str, fix: str) -> AuditError:
    return AuditError(where="approval", expected=expected, found=problem, fix=fix)
