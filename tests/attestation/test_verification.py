"""What differs from a signed verdict is listed exactly, each by its place; an edited report is not signed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.attestation import Envelope, approve, missing_approvals, read_signing_key, verify
from audit.attestation.statement import parse_statement
from audit.errors import AuditError
from audit.policy.gate_spec import ApprovalsSpec

from .kit import NOW, Kit

DATA = "variables/variables.data-00000-of-00001"


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path, "ann", "bob")


def places(kit: Kit, envelope: Envelope, *names: str) -> list[str]:
    return [difference.place for difference in kit.verify(envelope, *names).differences]


def approved(kit: Kit, envelope: Envelope, name: str) -> Envelope:
    return approve(envelope, read_signing_key(kit.folder / name), name.title(), NOW)


def test_what_was_signed_holds_and_a_signed_failure_says_so(kit: Kit) -> None:
    verification = kit.verify(kit.sign())
    assert (verification.holds, verification.statement.predicate.verdict) == (True, "fail")


def flip(kit: Kit) -> None:
    content = bytearray((kit.model / DATA).read_bytes())
    content[3] ^= 1
    (kit.model / DATA).write_bytes(content)


CHANGES: dict[str, tuple[Callable[[Kit], object], list[str]]] = {
    "a flipped byte": (flip, [DATA]),
    "an added file": (lambda kit: (kit.model / "extra").write_bytes(b"x"), ["extra"]),
    "a missing file": (lambda kit: (kit.model / "saved_model.pb").unlink(), ["saved_model.pb"]),
    "all at once": (
        lambda kit: (flip(kit), (kit.model / "extra").touch(), (kit.model / "saved_model.pb").unlink()),
        ["extra", "saved_model.pb", DATA],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_file_that_differs_is_named_and_no_other(kit: Kit, name: str) -> None:
    change, files = CHANGES[name]
    envelope = kit.sign()
    change(kit)
    assert places(kit, envelope) == [f"model: {file}" for file in files]


def test_another_model_instead(kit: Kit) -> None:
    envelope = kit.sign()
    shutil.rmtree(kit.model)
    kit.model.mkdir()
    (kit.model / "saved_model.pb").write_bytes(b"another")
    assert len(places(kit, envelope)) == 3


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "verdict": (lambda r: r.update(verdict="pass"), "report: verdict"),
    "measurement": (lambda r: r["checks"][0]["measurements"][0].update(value=0.99), "performance.accuracy"),
    "policy": (lambda r: r["policy"]["effective"]["gate"].update(min_rows=0), "policy.effective"),
    "file": (lambda r: r["model"]["files"].update({DATA: "0" * 64}), "report: the files of the model"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_report_is_neither_signed_nor_verified(kit: Kit, name: str) -> None:
    envelope = kit.sign()
    edit, place = EDITS[name]
    kit.edit(edit)
    with pytest.raises(AuditError) as error:
        kit.sign()
    assert place in error.value.where
    first, second = places(kit, envelope)
    assert (first, place in second) == ("report", True)


def test_a_report_of_another_model_differs_there(kit: Kit) -> None:
    envelope = kit.sign()
    flip(kit)
    kit.report = kit.written("other.json")
    assert f"report: model: files: {DATA}" in places(kit, envelope)
    assert "report: model digest" in places(kit, envelope)


def test_a_report_with_a_key_twice_is_not_signed(kit: Kit) -> None:
    text = kit.report.read_text("utf-8")
    kit.report.write_text(text.replace("{", '{"verdict": "pass",', 1), "utf-8")
    with pytest.raises(AuditError, match="'verdict' twice"):
        kit.sign()


@pytest.mark.parametrize(
    ("path", "name"),
    [("models:/income/3", "models:/income/3"), ("/home/ann/income", "income"), ("C:\\ann\\income", "income")],
)
def test_the_model_is_named_by_its_address_or_the_last_part_of_its_path(
    kit: Kit, path: str, name: str
) -> None:
    kit.edit(lambda report: report["model"].update(path=path))
    assert parse_statement(kit.sign().payload).subject[0].name == name


def test_it_expires_at_its_second(kit: Kit) -> None:
    envelope = kit.sign(valid_for=timedelta(days=1))
    assert kit.verify(envelope, now=NOW + timedelta(days=1, seconds=-1)).holds
    (difference,) = kit.verify(envelope, now=NOW + timedelta(days=1)).differences
    assert (difference.place, difference.signed) == ("expires", "2026-06-16T12:00:00Z")
    assert kit.verify(kit.sign(valid_for=None), now=NOW + timedelta(days=9999)).holds


def test_an_unknown_key_and_a_copied_signature(kit: Kit) -> None:
    envelope = kit.sign()
    assert places(kit, envelope, "ann") == ["signer"]
    other = kit.sign(valid_for=None)
    assert places(kit, replace(envelope, signatures=other.signatures)) == ["signature"]
    foreign = kit.sign("ann").signatures[0]
    claimed = replace(foreign, key=kit.ids["ci"])
    assert places(kit, replace(envelope, signatures=(claimed,))) == ["signature"]
    assert places(kit, replace(envelope, signatures=kit.sign("ann").signatures)) == ["signature"]


def test_an_approval_counts_once_and_is_bound_to_name_and_statement(kit: Kit) -> None:
    once = approved(kit, kit.sign(), "ann")
    assert approved(kit, once, "ann") is once
    (approval,) = kit.verify(once, "ci", "ann").approvals
    assert (approval.by, approval.key) == ("Ann", kit.ids["ann"])
    assert kit.verify(once).unknown_keys == [kit.ids["ann"]]
    record = once.approvals[0]
    renamed = replace(record, payload=record.payload.replace(b"Ann", b"Eve"))
    assert places(kit, replace(once, approvals=(renamed,)), "ci", "ann") == ["approval by Eve"]
    other = replace(approved(kit, kit.sign(valid_for=None), "ann"), approvals=once.approvals)
    assert places(kit, other, "ci", "ann") == ["approval by Ann"]
    unsigned = replace(once, signatures=once.signatures[:1])
    assert places(kit, unsigned, "ci", "ann") == ["approval by Ann"]


def test_the_signer_cannot_approve(kit: Kit) -> None:
    with pytest.raises(AuditError, match="signer's"):
        approved(kit, kit.sign(), "ci")
    by_hand = read_signing_key(kit.folder / "ci").envelope(
        approved(kit, kit.sign(), "ann").approvals[0].payload
    )
    envelope = replace(kit.sign(), approvals=(by_hand,))
    assert places(kit, envelope) == ["approval by Ann"]
    assert missing_approvals(envelope, ApprovalsSpec(count=1, keys=[kit.ids["ci"]]))


def test_only_a_statement_with_its_signature_is_approved(kit: Kit) -> None:
    with pytest.raises(AuditError, match="no valid signature"):
        approved(kit, replace(kit.sign(), signatures=kit.sign("bob").signatures), "ann")


def test_approvals_that_are_missing_are_named(kit: Kit) -> None:
    required = ApprovalsSpec(count=2, keys=[kit.ids["ann"], kit.ids["bob"]])
    envelope = kit.sign()
    assert missing_approvals(envelope, None) == ""
    assert missing_approvals(envelope, required).startswith("0 of 2 required approvals; none by ed25519:")
    envelope = approved(kit, envelope, "ann")
    missing = missing_approvals(envelope, required)
    assert ("1 of 2" in missing, kit.ids["bob"] in missing, kit.ids["ann"] in missing) == (True, True, False)
    twice = replace(envelope, approvals=envelope.approvals * 2)
    assert missing_approvals(twice, required) == missing
    assert missing_approvals(approved(kit, envelope, "bob"), required) == ""
    assert missing_approvals(
        approved(kit, envelope, "bob"), ApprovalsSpec(count=1, keys=["ed25519:" + "0" * 64])
    )


def test_without_a_listing_the_digests_are_compared(kit: Kit) -> None:
    kit.edit(lambda report: report["model"].pop("files"))
    envelope = kit.sign()
    flip(kit)
    (difference,) = verify(envelope, [kit.ids["ci"]], NOW, model=kit.model).differences
    assert difference.place == "model"
