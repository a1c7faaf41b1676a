"""Promotion and rollback of an alias in MLflow: what is promoted has passed an audit and has the audited bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from audit.attestation import envelope_json, file_differences, model_differences
from audit.errors import Refused
from audit.promotion.attested import attestation_differences
from audit.promotion.entry import Entry, Grounds, text_digest
from audit.promotion.evidence import Evidence, Requirements, examine, sentence
from audit.promotion.history import Move
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, Target
from audit.promotion.moves import Author, MoveResult, promote_to, roll_back
from audit.promotion.versions import audited_version, damage, stored_differences
from audit.provenance.public_key import read_public_key
from audit.registry.mlflow_connection import connect
from audit.registry.mlflow_errors import NotRegistered
from audit.registry.stored import DamagedModel, stored_model


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
    other_files, code = _audited_files(target.name, version, evidence)
    text = envelope_json(evidence.envelope) if evidence.envelope else ""
    notes = [
        *(f"its own policy is looser than the required one: {looser}" for looser in evidence.looser),
        *code,
        *_changes_beside(read_history(store).last_entry(version), other_files),
    ]
    result = promote_to(store, _grounds(version, evidence, other_files, text), author, text)
    return replace(result, notes=tuple(notes))


def rollback(target: Target, author: Author, keys: Sequence[Path] = ()) -> MoveResult:
    """Move an alias back to the version promoted before the current one that still has the audited bytes.

    Args:
        target: the alias.
        author: who moves it.
        keys: files of public keys; if any are given, promotions without an attestation by one of them are passed over.

    Raises:
        Refused: there is none.
        AuditError: somebody else moved the alias meanwhile, or the registry refuses or cannot be reached.
    """
    trusted = [read_public_key(key) for key in keys]

    def problem(move: Move) -> str:
        entry = move.entry
        if differences := list(attestation_differences(move, trusted, author.now)):
            return f"its attestation does not hold: {sentence(differences)}"
        try:
            with stored_model(f"models:/{target.name}/{entry.version}") as stored:
                differences = list(stored_differences(entry, stored))
        except NotRegistered as error:
            return f"{error.where}: {error.found}"
        except DamagedModel as error:
            differences = [damage(error)]
        return f"its files are no longer the audited ones: {sentence(differences)}" if differences else ""

    return roll_back(MlflowStore(connect(), target), author, problem)


def _audited_files(name: str, version: int, evidence: Evidence) -> tuple[dict[str, str], list[str]]:
    """Return the SHA-256 of the version's files beside the audited model, and notes on what MLflow does with them."""
    place = f"models:/{name}/{version}"
    model = evidence.report.model
    try:
        with stored_model(place) as stored:
            differences = list(model_differences(model.digest, model.files, stored.path))
    except DamagedModel as error:
        differences = [damage(error)]
    if differences:
        raise Refused(
            where=place,
            expected=f"the audited bytes, {model.digest}",
            found=sentence(differences),
            fix="register the audited model again, audit that version, and promote its report",
        )
    if stored.serving.signature not in (None, model.signature):
        raise Refused(
            where=f"{place}: MLmodel",
            expected=f"the audited signature, {model.signature!r}",
            found=f"{stored.serving.signature!r}, which MLflow would serve",
            fix=f"audit that one: model.signature: {stored.serving.signature}",
        )
    code = ["MLflow imports Python code that the version holds beside the model: it is not part of the audit"]
    return stored.other_files, code if stored.serving.runs_code else []


def _changes_beside(promoted: Entry | None, other_files: Mapping[str, str]) -> Iterator[str]:
    """Yield a note on the files beside the model that are not those of the version's last promotion."""
    for difference in (
        file_differences("beside the model", promoted.other_files, other_files) if promoted else ()
    ):
        yield f"changed since the last promotion of this version, and recorded anew: {difference.place}"


def _grounds(version: int, evidence: Evidence, other_files: dict[str, str], attestation: str) -> Grounds:
    report = evidence.report
    return Grounds(
        version=version,
        model=report.model.digest,
        files=report.model.files,
        other_files=other_files,
        report=evidence.digest,
        policy=report.policy.digest,
        required_policy=evidence.required.digest if evidence.required else None,
        attestation=text_digest(attestation) if attestation else None,
    )
