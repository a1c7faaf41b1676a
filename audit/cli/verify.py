"""`audit verify`: whether an attestation holds, or an alias serves what was promoted, and what differs."""

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from audit import attestation
from audit.attestation import Verification
from audit.cli.exit_codes import FAIL, PASS
from audit.cli.plain_text import plain
from audit.errors import AuditError
from audit.provenance.public_key import read_public_key
from audit.registry.address import is_address
from audit.registry.stored import current_model


def verify(file: str, keys: Sequence[Path], model: str | None, report: Path | None, as_json: bool) -> int:
    """Print the outcome, and return 0 if the attestation holds, whichever verdict it attests, and 1 if not.

    Of an address in a registry, it is whether the alias serves what was promoted.
    """
    if is_address(file):
        return _verify_served(file, keys, model or report, as_json)
    if not keys:
        raise AuditError(
            where="--key", expected="the public key of the signer", found="none", fix="give --key FILE.pub"
        )
    with current_model(model) if model else nullcontext() as path:
        verification = attestation.verify(
            attestation.read_envelope(Path(file)),
            [read_public_key(key) for key in keys],
            datetime.now(UTC),
            model=path,
            report=report,
        )
    print(json.dumps(_facts(verification), indent=2) if as_json else "\n".join(_lines(verification)))
    return PASS if verification.holds else FAIL


def _verify_served(address: str, keys: Sequence[Path], other: object, as_json: bool) -> int:
    from audit.cli.promote import verify_served

    if other:
        raise AuditError(
            where=address,
            expected="no --model and no --report: the files are those that the alias serves",
            found=f"{other}",
            fix="verify an attestation with them, or the alias by itself",
        )
    return verify_served(address, keys, as_json)


def _facts(verification: Verification) -> dict[str, object]:
    predicate = verification.statement.predicate
    return {
        "holds": verification.holds,
        "verdict": predicate.verdict,
        "differences": [asdict(difference) for difference in verification.differences],
        "signer": predicate.signer,
        "approvals": [{"key": a.key, "by": a.by, "approved": a.approved} for a in verification.approvals],
        "missing_approvals": verification.missing,
        "unknown_keys": verification.unknown_keys,
        "statement": verification.statement.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def _lines(verification: Verification) -> Iterator[str]:
    statement = verification.statement
    predicate = statement.predicate
    outcome = "the attestation holds" if verification.holds else "THE ATTESTATION DOES NOT HOLD"
    yield f"{outcome}; verdict attested: {predicate.verdict.upper()}"
    for difference in verification.differences:
        yield f"  differs   {plain(difference.place, 500)}"
        yield f"              signed: {plain(difference.signed, 300)}"
        yield f"              actual: {plain(difference.actual, 300)}"
    yield f"  model     {plain(statement.subject[0].name)}  {statement.model_digest}"
    yield f"  signer    {predicate.signer}, {predicate.issued}"
    for approval in verification.approvals:
        yield f"  approved  by {plain(approval.by)}, {approval.approved}, {approval.key}"
    if verification.missing:
        yield f"  missing   {plain(verification.missing, 2000)}"
    for key in verification.unknown_keys:
        yield f"  unknown   signature by {plain(key, 100)}, whose key was not given: not checked"
    yield f"  expires   {predicate.expires or 'never'}"
