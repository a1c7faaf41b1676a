"""`audit keygen`, `sign`, `approve` and `verify`: exit codes and what they print, on a signed report."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from audit.attestation import read_envelope
from audit.attestation.approval import approvals_in
from audit.cli import main
from audit.cli.checks import schema
from audit.cli.sign import approve, sign

from ..attestation.kit import Kit
from .kit import message

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    monkeypatch.chdir(tmp_path)
    return Kit(tmp_path, "ann")


def test_from_keys_to_a_verified_approved_verdict(kit: Kit, capsys: Capture) -> None:
    assert main(["keygen", "new"]) == 0
    assert main(["sign", "report.json", "--key", "new", "--valid-for", "90d"]) == 0
    assert capsys.readouterr().out.splitlines()[-2].startswith("FAIL: m (sha256:")
    assert main(["approve", "verdict.dsse.json", "--key", "ann", "--by", "Ann"]) == 0
    before = Path("verdict.dsse.json").read_bytes()
    assert main(["approve", "verdict.dsse.json", "--key", "ann", "--by", "Ann"]) == 0
    assert Path("verdict.dsse.json").read_bytes() == before
    capsys.readouterr()
    keys = ["--key", "new.pub", "--key", "ann.pub"]
    assert main(["verify", "verdict.dsse.json", *keys, "--model", "model", "--report", "report.json"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the attestation holds; verdict attested: FAIL\n")
    assert "approved  by Ann" in out
    main(["verify", "verdict.dsse.json", *keys, "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert (facts["verdict"], facts["holds"], [a["by"] for a in facts["approvals"]]) == (
        "fail",
        True,
        ["Ann"],
    )
    schema("attestation")
    Draft202012Validator(json.loads(capsys.readouterr().out)).validate(facts["statement"])


def test_an_approval_goes_where_a_link_leads(kit: Kit) -> None:
    sign(kit.report, kit.folder / "ci", Path("signed"), None)
    Path("link").symlink_to("signed")
    approve(Path("link"), kit.folder / "ann", "Ann")
    assert Path("link").is_symlink()
    assert [a.by for a in approvals_in(read_envelope(Path("signed")))] == ["Ann"]


def test_approvals_at_once_are_all_there(tmp_path: Path) -> None:
    names = [f"approver{number}" for number in range(12)]
    kit = Kit(tmp_path, *names)
    sign(kit.report, tmp_path / "ci", tmp_path / "signed", None)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: approve(tmp_path / "signed", tmp_path / name, name), names))
    assert sorted(a.by for a in approvals_in(read_envelope(tmp_path / "signed"))) == sorted(names)


def test_a_tampered_file_is_1_and_named(kit: Kit, capsys: Capture) -> None:
    main(["sign", "report.json", "--key", "ci"])
    (kit.model / "saved_model.pb").write_bytes(b"other")
    capsys.readouterr()
    assert main(["verify", "verdict.dsse.json", "--key", "ci.pub", "--model", "model"]) == 1
    out = capsys.readouterr().out
    assert "DOES NOT HOLD" in out
    assert "model: saved_model.pb" in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["verify", "verdict.dsse.json"], "--key"),
        (["verify", "report.json", "--key", "ci.pub"], "a DSSE envelope"),
        (["verify", "verdict.dsse.json", "--key", "ci"], "a private key"),
        (["sign", "report.json", "--key", "ci"], "a name that is free"),
        (["sign", "report.json", "--key", "ci", "--out", "x", "--valid-for", "soon"], "--valid-for"),
        (["approve", "verdict.dsse.json", "--key", "ci", "--by", "Ci"], "the signer's"),
        (["approve", "verdict.dsse.json", "--key", "ann", "--by", "q\udcff"], "printable"),
        (
            ["approve", "verdict.dsse.json", "--key", "nobody", "--by", "Ann"],
            "or make one with 'audit keygen'",
        ),
        (["keygen", "ci"], "never overwritten"),
    ],
)
def test_what_cannot_be_done_is_2_and_changes_nothing(
    kit: Kit, capsys: Capture, arguments: list[str], text: str
) -> None:
    main(["sign", "report.json", "--key", "ci"])
    before = {file: file.read_bytes() for file in kit.folder.iterdir() if file.is_file()}
    capsys.readouterr()
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, text in message(printed.err).replace("\n", " ")) == ("", True), printed.err
    assert {file: file.read_bytes() for file in kit.folder.iterdir() if file.is_file()} == before


def test_what_cannot_be_replaced_is_2_and_leaves_no_file_behind(
    kit: Kit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["sign", "report.json", "--key", "ci"]) == 0
    before = sorted(Path().iterdir())

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")  # as of a file that is immutable

    monkeypatch.setattr(Path, "replace", refuse)
    assert main(["approve", "verdict.dsse.json", "--key", "ann", "--by", "Ann"]) == 2
    assert "Operation not permitted" in capsys.readouterr().err
    assert main(["sign", "report.json", "--key", "ci", "--out", "missing/verdict.dsse.json"]) == 2
    assert sorted(Path().iterdir()) == before
