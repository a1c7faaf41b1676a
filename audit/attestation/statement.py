"""The statement of a verdict: what is signed, as an in-toto Statement with a predicate of ours."""

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.attestation.canonical import canonical, parse_json
from audit.errors import AuditError
from audit.gate.verdict import DECISION_VERSION
from audit.policy.compatibility import recorded_policy
from audit.policy.gate_spec import ApprovalsSpec
from audit.provenance.public_key import KEY_ID
from audit.registry.address import is_address
from audit.result import Report, RuleResult, RuleStatus, Verdict

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://savedmodel-audit.dev/verdict/v1"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
KeyId = Annotated[str, Field(pattern=KEY_ID)]
Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class StatementPart(BaseModel):
    """Part of a statement; keys that a later version adds are ignored, as in-toto asks."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class StatementSubject(StatementPart):
    """What a statement is about, by name and SHA-256."""

    name: str
    digest: dict[Literal["sha256"], Sha256]


class SignedModel(StatementPart):
    """Audited model: its signature, and the SHA-256 of each file by path; empty for a model of a single file."""

    signature: str
    files: dict[str, Sha256] = {}


class Digested(StatementPart):
    """What a digest identifies."""

    digest: Digest


class SignedWaiver(StatementPart):
    """Waiver that was applied: its owner, and the day from which it no longer counts."""

    owner: str
    expires: Day


class SignedRule(StatementPart):
    """Outcome of a rule of the policy."""

    id: str
    status: RuleStatus
    waiver: SignedWaiver | None = None


class VerdictPredicate(StatementPart):
    """The verdict, and everything that it follows from, by digest."""

    verdict: Verdict
    reason: str
    decision_version: int
    judged_on: Day
    rules: list[SignedRule]
    model: SignedModel
    baseline: Digested | None = None
    data: Digested
    policy: Digested
    report: Digested
    about: dict[str, str] = {}
    audit_version: str
    approvals: ApprovalsSpec | None = None
    signer: KeyId
    issued: Time
    expires: Time | None = None


class Statement(StatementPart):
    """In-toto Statement v1 that binds a verdict to a model's bytes."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")] = STATEMENT_TYPE
    subject: Annotated[list[StatementSubject], Field(min_length=1, max_length=1)]
    predicate_type: Annotated[
        Literal["https://savedmodel-audit.dev/verdict/v1"], Field(alias="predicateType")
    ] = PREDICATE_TYPE
    predicate: VerdictPredicate

    @property
    def model_digest(self) -> str:
        """Digest of the model."""
        return f"sha256:{self.subject[0].digest['sha256']}"

    @property
    def payload(self) -> bytes:
        """Canonical JSON; what is absent is left out."""
        return canonical(self.model_dump(mode="json", by_alias=True, exclude_none=True))


def statement_of(
    report: Report, report_sha256: str, signer: str, issued: datetime, valid_for: timedelta | None
) -> Statement:
    """Return the statement of the verdict of ``report``, which has been decided again.

    Args:
        report: the decided report.
        report_sha256: SHA-256 of the bytes of its file, in hex.
        signer: id of the key that is to sign.
        issued: the present time.
        valid_for: time after which it expires; None for never.

    Raises:
        AuditError: the report's digests are not SHA-256.
    """
    policy = recorded_policy(report)
    try:
        return Statement(
            subject=[
                StatementSubject(
                    name=_name(report), digest={"sha256": report.model.digest.removeprefix("sha256:")}
                )
            ],
            predicate=VerdictPredicate(
                verdict=report.verdict,
                reason=report.reason,
                decision_version=DECISION_VERSION,
                judged_on=str(report.environment["date"]),
                rules=[_rule(rule) for rule in report.rules],
                model=SignedModel(signature=report.model.signature, files=report.model.files),
                baseline=Digested(digest=report.baseline.digest) if report.baseline else None,
                data=Digested(digest=report.data.digest),
                policy=Digested(digest=report.policy.digest),
                report=Digested(digest=f"sha256:{report_sha256}"),
                about=report.about,
                audit_version=str(report.environment.get("audit", "")),
                approvals=policy.gate.approvals,
                signer=signer,
                issued=utc_text(issued),
                expires=utc_text(issued + valid_for) if valid_for else None,
            ),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise AuditError(
            where=f"report: {place}", expected="what a report holds", found=f"{first['input']!r:.100}",
            fix="run the audit again",
        ) from None  # fmt: skip


def parse_statement(payload: bytes, where: str = "attestation") -> Statement:
    """Return the statement in an envelope's payload.

    Raises:
        AuditError: it is not in canonical form, or not the statement of a verdict.
    """
    require_canonical(payload, where)
    try:
        return Statement.model_validate(parse_json(payload, where))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise AuditError(
            where=where, expected=f"a statement of the type {PREDICATE_TYPE}",
            found=f"{place}: {first['msg']}", fix="name a file that 'audit sign' wrote",
        ) from None  # fmt: skip


def require_canonical(payload: bytes, where: str) -> None:
    """Raise an AuditError unless the payload is its own canonical form, so that it can be read in one way only."""
    if canonical(parse_json(payload, where)) != payload:
        raise AuditError(where=where, expected="a payload in canonical JSON", found="another spelling of it")


def utc_text(time: datetime) -> str:
    """Return a time in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(report: Report) -> str:
    """Return the model's name: the policy's, its address, or the last part of its path, whose rest may be private."""
    path = report.model.path
    last = path if is_address(path) else PurePosixPath(path.replace("\\", "/")).name
    return report.about.get("name") or last or "model"


def _rule(rule: RuleResult) -> SignedRule:
    waiver = rule.waiver and SignedWaiver(
        owner=str(rule.waiver["owner"]), expires=str(rule.waiver["expires"])
    )
    return SignedRule(id=rule.id, status=rule.status, waiver=waiver or None)
