"""Promotion and rollback of an alias in MLflow: what is promoted has passed an audit and has the audited bytes."""

from dataclasses import replace
from pathlib import Path

from audit.attestation import envelope_json
from audit.errors import Refused
from audit.promotion.entry import Grounds, text_digest
from audit.promotion.evidence import Evidence, Requirements, examine, sentence
from audit.promotion.history import Move
from audit.promotion.mlflow_store import MlflowStore, Target
from audit.promotion.moves import Author, MoveResult, promote_to, roll_back
from audit.promotion.versions import audited_version, byte_differences
from audit.registry.mlflow_client import connect
from audit.registry.mlflow_errors import NotRegistered


def promote(report: Path, target: Target, requirements: Requirements, author: Author) -> MoveResult:
    """Move an alias to the version with the bytes that a report is about, if its verdict is pass.

    Raises:
        Refused: the verdict, decided again, is no pass; attestation or approvals are missing or do not hold; or no
            version has the audited bytes.
        AuditError: the report was edited, a file cannot be read, or the registry refuses or cannot be reached.
    """
    evidence = examine(report, requirements, author.now)
    client = connect()
    store = MlflowStore(client, target)
    version = audited_version(client, target.name, evidence.report.model, store.served())
    _require_bytes(target.name, version, evidence)
    text = envelope_json(evidence.envelope) if evidence.envelope else ""
    result = promote_to(store, _grounds(version, evidence, text), author, text)
    notes = [f"its own policy is looser than the required one: {text}" for text in evidence.looser]
    return replace(result, notes=tuple(notes))


def rollback(target: Target, author: Author) -> MoveResult:
    """Move an alias back to the promotion before the current one whose version still has the audited bytes.

    Raises:
        Refused: there is none.
        AuditError: somebody else moved the alias meanwhile, or the registry refuses or cannot be reached.
    """

    def problem(move: Move) -> str:
        entry = move.entry
        try:
            differences = byte_differences(target.name, entry.version, entry.model, entry.files)
        except NotRegistered as error:
            return f"{error.where}: {error.found}"
        return f"its files are no longer the audited ones: {sentence(differences)}" if differences else ""

    return roll_back(MlflowStore(connect(), target), author, problem)


def _require_bytes(name: str, version: int, evidence: Evidence) -> None:
    model = evidence.report.model
    if differences := byte_differences(name, version, model.digest, model.files):
        raise Refused(
            where=f"models:/{name}/{version}",
            expected=f"the audited bytes, {model.digest}",
            found=sentence(differences),
            fix="audit this version as it is now, or register the audited model again",
        )


def _grounds(version: int, evidence: Evidence, attestation: str) -> Grounds:
    report = evidence.report
    return Grounds(
        version=version,
        model=report.model.digest,
        files=report.model.files,
        report=evidence.digest,
        policy=report.policy.digest,
        required_policy=evidence.required.digest if evidence.required else None,
        attestation=text_digest(attestation) if attestation else None,
    )
