"""Nothing but a pass, decided again, moves an alias: every other way is tried, and leaves it where it was."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.attestation import approve, envelope_json, read_envelope, read_signing_key, sign_report
from audit.cli import main
from audit.promotion.entry import Entry
from audit.registry.mlflow_connection import connect

from .conftest import Kit

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

SIGNED = ["--attestation", "verdict.dsse.json", "--key", "ci.pub"]
STRICT = {"rules": [{"metric": "performance.accuracy", "at_least": 0.99}]}
DATA = "variables/variables.data-00000-of-00001"


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Kit], list[str]]:
    return lambda kit: kit.edit(change) or []


def edited_verdict(kit: Kit) -> list[str]:
    kit.write(**STRICT)
    kit.edit(lambda report: report.update(verdict="pass"))
    return []


def edited_measurement(kit: Kit) -> list[str]:
    kit.edit(lambda report: report["checks"][0]["measurements"][0].update(value=0.99))
    return []


def edited_policy(kit: Kit) -> list[str]:
    kit.write(**STRICT)
    kit.edit(lambda report: report["policy"]["effective"]["gate"]["rules"][0].update(at_least=0.1))
    return []


def failing(kit: Kit) -> list[str]:
    kit.write(**STRICT)
    return []


def looser_than_required(kit: Kit) -> list[str]:
    Path("required.yaml").write_text(
        json.dumps(json.loads(kit.report.read_text("utf-8"))["policy"]["effective"]).replace(
            '"at_least": 0.8', '"at_least": 0.95'
        )
    )
    return ["--policy", "required.yaml"]


def approvals_required_by_policy(kit: Kit) -> list[str]:
    effective = json.loads(kit.report.read_text("utf-8"))["policy"]["effective"]
    effective["gate"]["approvals"] = {"count": 1, "keys": ["ann.pub"]}
    Path("required.yaml").write_text(json.dumps(effective))
    return ["--policy", "required.yaml"]


def swapped_model(kit: Kit) -> list[str]:
    kit.in_store("new").write_text("another model")
    return []


def flipped_byte(kit: Kit) -> list[str]:
    kit.in_store("new").write_text("nev")
    return []


def added_file(kit: Kit) -> list[str]:
    kit.in_store("new").with_name("added").write_text("")
    return []


def another_signature_served(kit: Kit) -> list[str]:
    description = kit.in_store("new").parents[2] / "MLmodel"
    text = description.read_text("utf-8")
    assert "serving_default" in text
    description.write_text(text.replace("serving_default", "unaudited"))
    return []


def a_key_twice(kit: Kit) -> list[str]:
    text = kit.report.read_text("utf-8")
    kit.report.write_text(text.replace("{", '{"verdict": "fail",', 1))
    return []


def report_of_another_model(kit: Kit) -> list[str]:
    (kit.model / DATA).write_text("never registered")
    kit.report = kit.written("report.json")
    return []


def other_data_than_signed(kit: Kit) -> list[str]:
    sign(kit)
    kit.edit(lambda report: report["data"].update(digest=f"sha256:{'0' * 64}"))
    return SIGNED


def expired_waiver(kit: Kit) -> list[str]:
    waiver = {"rule": "high", "reason": "known", "owner": "risk", "expires": "2026-06-16"}
    rules = [{"metric": "performance.accuracy", "at_least": 0.8}]
    rules.append({"metric": "performance.accuracy", "at_least": 0.99, "id": "high"})
    kit.write(rules=rules, waivers=[waiver])
    assert json.loads(kit.report.read_text("utf-8"))["verdict"] == "pass"
    return []


def sign(kit: Kit, key: str = "ci", expired: bool = False) -> None:
    now = datetime.now(UTC) - timedelta(days=2 if expired else 0)
    envelope = sign_report(kit.report, kit.folder / key, timedelta(days=1), now)
    Path("verdict.dsse.json").write_text(envelope_json(envelope), "utf-8")


def expired_signature(kit: Kit) -> list[str]:
    sign(kit, expired=True)
    return SIGNED


def ask_for_approvals(kit: Kit, *names: str) -> None:
    kit.write(approvals={"count": 1, "keys": [kit.ids[name] for name in names]})


def no_attestation(kit: Kit) -> list[str]:
    ask_for_approvals(kit, "ann")
    return []


def missing_approval(kit: Kit) -> list[str]:
    ask_for_approvals(kit, "ann")
    sign(kit)
    return SIGNED


def approval_by_another(kit: Kit) -> list[str]:
    ask_for_approvals(kit, "ann")
    sign(kit)
    assert main(["approve", "verdict.dsse.json", "--key", "eve", "--by", "Eve"]) == 0
    return SIGNED


def approval_by_the_signer(kit: Kit) -> list[str]:
    """By a record that `audit approve` refuses to make: of Eve's approval, under the signer's key."""
    ask_for_approvals(kit, "ci", "ann")
    sign(kit)
    assert main(["approve", "verdict.dsse.json", "--key", "ci", "--by", "CI"]) == 2
    envelope = approve(
        read_envelope(Path("verdict.dsse.json")),
        read_signing_key(kit.folder / "eve"),
        "Eve",
        datetime.now(UTC),
    )
    record = read_signing_key(kit.folder / "ci").envelope(envelope.approvals[0].payload)
    plain = json.loads(envelope_json(envelope))
    plain["approvals"] = [json.loads(envelope_json(record))]
    Path("verdict.dsse.json").write_text(json.dumps(plain))
    return SIGNED


def unknown_key(kit: Kit) -> list[str]:
    sign(kit, "eve")
    return SIGNED


def no_key(kit: Kit) -> list[str]:
    sign(kit)
    return SIGNED[:2]


def copied_signature(kit: Kit) -> list[str]:
    """That of the verdict on version 1, over the statement on version 2."""
    sign(kit)
    new = json.loads(Path("verdict.dsse.json").read_text("utf-8"))
    new["signatures"] = json.loads(Path("first.dsse.json").read_text("utf-8"))["signatures"]
    Path("verdict.dsse.json").write_text(json.dumps(new))
    return SIGNED


def attestation_of_another_report(kit: Kit) -> list[str]:
    shutil.copy("first.dsse.json", "verdict.dsse.json")
    return SIGNED


def truncated_envelope(kit: Kit) -> list[str]:
    sign(kit)
    text = Path("verdict.dsse.json").read_text("utf-8")
    Path("verdict.dsse.json").write_text(text[: len(text) // 2])
    return SIGNED


def verdict_edited_in_the_statement(kit: Kit) -> list[str]:
    kit.write(**STRICT)
    sign(kit)
    envelope = json.loads(Path("verdict.dsse.json").read_text("utf-8"))
    payload = base64.b64decode(envelope["payload"]).replace(b'"verdict":"fail"', b'"verdict":"pass"')
    envelope["payload"] = base64.b64encode(payload).decode()
    Path("verdict.dsse.json").write_text(json.dumps(envelope))
    kit.write()
    return SIGNED


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (failing, 1, "under its own policy"),
        (edited_verdict, 2, "report: verdict"),
        (edited_measurement, 2, "a value of 0.99, where its counts give 0.9"),
        (edited_policy, 2, "policy.effective"),
        (
            looser_than_required,
            1,
            "Its own policy is looser: limit of performance.accuracy: at least 0.8, required",
        ),
        (swapped_model, 1, f"model: {DATA}"),
        (another_signature_served, 1, "MLflow would serve"),
        (a_key_twice, 2, "the key 'verdict' twice"),
        (flipped_byte, 1, f"model: {DATA}"),
        (added_file, 1, "model: variables/added"),
        (report_of_another_model, 1, "a version with the audited bytes"),
        (other_data_than_signed, 1, "report: data: digest"),
        (expired_waiver, 1, "high: fail, waived until 2026-06-16"),
        (expired_signature, 1, "expires: it is 20"),
        (no_attestation, 1, "an attestation with 1 approvals"),
        (approvals_required_by_policy, 1, "an attestation with 1 approvals"),
        (missing_approval, 1, "0 of 1 required approvals; none by ed25519:"),
        (approval_by_another, 1, "0 of 1 required approvals; none by ed25519:"),
        (approval_by_the_signer, 1, "it is by the signer's own key"),
        (unknown_key, 1, "(expected one of the keys that were given)"),
        (no_key, 2, "an attestation alone proves nothing"),
        (lambda _: ["--key", "ci.pub"], 2, "an attestation that this key has signed"),
        (copied_signature, 1, "no signature by it over this statement"),
        (attestation_of_another_report, 1, "report: model digest"),
        (truncated_envelope, 2, "no JSON"),
        (verdict_edited_in_the_statement, 1, "no signature by it over this statement"),
    ],
)
def test_refused(
    kit: Kit, capsys: pytest.CaptureFixture[str], spoil: Callable[[Kit], list[str]], code: int, words: str
) -> None:
    main(["sign", "report.json", "--key", "ci", "--out", "first.dsse.json"])
    assert kit.promote() == 0
    kit.register("new")
    options = spoil(kit)
    capsys.readouterr()
    assert kit.promote(*options) == code
    message = capsys.readouterr().err
    assert words in message, message
    assert (kit.served(), len(kit.store().records())) == (1, 1)


def test_what_is_refused_above_is_promoted_unspoiled(kit: Kit) -> None:
    """Guards the test above: signed, approved, and under a required policy, the same promotion goes through."""
    kit.promote()
    kit.register("new")
    ask_for_approvals(kit, "ann")
    effective = json.loads(kit.report.read_text("utf-8"))["policy"]["effective"]
    Path("required.yaml").write_text(json.dumps(effective))
    sign(kit)
    assert main(["approve", "verdict.dsse.json", "--key", "ann", "--by", "Ann"]) == 0
    assert kit.promote("--policy", "required.yaml", *SIGNED) == 0
    assert kit.served() == 2


def test_a_copied_entry_of_an_older_promotion_does_not_count(kit: Kit) -> None:
    kit.promote()
    kit.register("new")
    kit.promote()
    store = kit.store()
    old = store.records()[0]
    store.append(Entry.model_validate_json(old.text), old.attestation)
    connect().set_alias("income", "champion", 1)
    assert len(kit.history().moves) == 2
    assert main(["verify", "models:/income@champion"]) == 1
    assert kit.promote() == 0
    assert kit.served() == 2


def test_a_key_that_others_can_read_signs_nothing(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    (kit.folder / "ci").chmod(0o644)
    assert main(["sign", "report.json", "--key", "ci"]) == 2
    assert kit.promote(*SIGNED) == 2
    assert "an attestation that 'audit sign' wrote" in capsys.readouterr().err
    assert kit.served() is None
