"""Promotion, rollback, history and verification of an alias in a real registry, by the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audit.cli import main
from audit.registry.mlflow_connection import connect

from .conftest import CHAMPION, Kit

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
Capture = pytest.CaptureFixture[str]


def test_from_the_first_promotion_to_the_rollback(kit: Kit, capsys: Capture) -> None:
    assert kit.promote() == 0
    assert kit.register("two") == 2
    assert kit.promote() == 0
    assert (kit.served(), kit.promote()) == (2, 0)
    assert len(kit.history().moves) == 2
    out = capsys.readouterr().out
    assert (
        "version 1, was not set" in out and "version 2, was version 1" in out and "version 2 already" in out
    )
    assert main(["verify", f"models:/{CHAMPION}"]) == 0
    assert main(["rollback", CHAMPION, "--reason", "complaints"]) == 0
    assert kit.served() == 1
    assert main(["rollback", CHAMPION]) == 1
    assert "an earlier promotion to go back to" in capsys.readouterr().err


def test_the_history_names_who_when_and_why(
    kit: Kit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    kit.promote()
    kit.register("two")
    kit.promote()
    main(["rollback", CHAMPION, "--reason", "complaints"])
    capsys.readouterr()
    assert main(["history", CHAMPION]) == 0
    out = capsys.readouterr().out
    assert "version 1, as its log says" in out and "are the audited ones" in out and "complaints" in out
    main(["history", CHAMPION, "--json"])
    facts = json.loads(capsys.readouterr().out)
    moves = facts.pop("moves")
    assert [(m["kind"], m["version"], m["actor"]) for m in moves] == [
        ("promote", 1, "ann"),
        ("promote", 2, "ann"),
        ("rollback", 1, "ann"),
    ]
    assert [m["until"] for m in moves] == [moves[1]["time"], moves[2]["time"], None]
    assert facts["state"] == "recorded" and facts["bytes"] == "audited" and facts["faults"] == []


def test_an_alias_that_was_moved_outside_is_reported_and_put_back(kit: Kit, capsys: Capture) -> None:
    kit.promote()
    connect().set_alias("income", "champion", kit.register("two"))
    capsys.readouterr()
    assert main(["verify", f"models:/{CHAMPION}"]) == 1
    assert "it was changed outside audit" in capsys.readouterr().out
    assert main(["history", CHAMPION]) == 0
    assert "it was changed outside audit" in capsys.readouterr().out
    assert kit.served() == 2  # reading moves nothing
    assert main(["rollback", CHAMPION]) == 0
    assert kit.served() == 1
    main(["history", CHAMPION])
    assert "changed outside audit to version 2" in capsys.readouterr().out


def test_replaced_files_of_a_promoted_version_are_named_and_not_gone_back_to(
    kit: Kit, capsys: Capture
) -> None:
    for weights in ("", "two", "three"):
        if weights:
            kit.register(weights)
        kit.promote()
    kit.in_store("two").write_text("tw0")
    assert main(["rollback", CHAMPION]) == 0
    assert kit.served() == 1
    assert "version 2 was passed over: its files are no longer the audited ones" in capsys.readouterr().out
    kit.in_store("one").write_text("0ne")
    assert main(["verify", f"models:/{CHAMPION}"]) == 1
    assert "model: variables/variables.data-00000-of-00001" in capsys.readouterr().out
    main(["history", CHAMPION, "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes"] == "differ"
    assert [d["place"] for d in facts["byte_differences"]] == [
        "model: variables/variables.data-00000-of-00001"
    ]


def test_a_version_without_tags_is_recognized_by_its_bytes(kit: Kit) -> None:
    client = connect()
    client.ask("", lambda mlflow: mlflow.delete_model_version_tag("income", "1", "audit.model_digest"))
    assert kit.promote() == 0
    assert kit.served() == 1


def test_an_attestation_is_verified_again_when_the_model_is_served(kit: Kit, capsys: Capture) -> None:
    main(["sign", "report.json", "--key", "ci", "--valid-for", "1h"])
    kit.promote("--attestation", "verdict.dsse.json", "--key", "ci.pub")
    assert main(["verify", f"models:/{CHAMPION}", "--key", "ci.pub"]) == 0
    capsys.readouterr()
    assert main(["verify", f"models:/{CHAMPION}", "--key", "eve.pub", "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert [d["place"] for d in facts["differences"]] == ["signer"]


def test_a_promotion_without_attestation_does_not_verify_with_a_key(kit: Kit, capsys: Capture) -> None:
    kit.promote()
    assert main(["verify", f"models:/{CHAMPION}", "--key", "ci.pub"]) == 1
    assert "version 1 was promoted without" in capsys.readouterr().out


def test_an_interrupted_promotion_is_reported_by_reading_commands(kit: Kit, capsys: Capture) -> None:
    kit.promote()
    kit.register("two")
    kit.promote()
    connect().set_alias("income", "champion", 1)  # as if it had not been moved yet
    capsys.readouterr()
    for command, code in ((["history", CHAMPION], 0), (["verify", f"models:/{CHAMPION}"], 1)):
        assert main(command) == code
        assert "the promotion of version 2 is recorded but not completed" in capsys.readouterr().out
        assert kit.served() == 1
    assert kit.promote() == 0
    assert (kit.served(), len(kit.history().moves)) == (2, 2)


def edit_log(number: int, tag: str, pattern: str, replacement: str) -> None:
    client = connect()
    text, count = re.subn(
        pattern, replacement, client.version("income.promotions", number).tags[tag], count=1
    )
    assert count == 1
    client.set_version_tag("income.promotions", number, tag, text)


def test_an_edited_log_is_reported(kit: Kit, capsys: Capture) -> None:
    kit.promote()
    kit.register("two")
    kit.promote()
    edit_log(1, "audit.entry.1", '"version":1', '"version":2')
    capsys.readouterr()
    assert main(["history", CHAMPION]) == 0
    assert "entry 2 of the log does not count" in capsys.readouterr().out
    assert main(["verify", f"models:/{CHAMPION}"]) == 1
    assert "entries that follow each other" in capsys.readouterr().out
    assert kit.promote() == 0
    assert main(["verify", f"models:/{CHAMPION}"]) == 0


@pytest.mark.parametrize(
    ("tag", "pattern", "replacement", "place"),
    [
        ("audit.entry.1", '(?<="report":"sha256:)[0-9a-f]{64}', "0" * 64, "log: report"),
        ("audit.entry.1", '(?<="policy":"sha256:)[0-9a-f]{64}', "0" * 64, "log: policy"),
        ("audit.attestation.1", "$", " ", "log: attestation"),
    ],
)
def test_what_was_edited_in_the_last_entry_differs_from_its_attestation(
    kit: Kit, capsys: Capture, tag: str, pattern: str, replacement: str, place: str
) -> None:
    main(["sign", "report.json", "--key", "ci"])
    kit.promote("--attestation", "verdict.dsse.json", "--key", "ci.pub")
    edit_log(1, tag, pattern, replacement)
    assert main(["verify", f"models:/{CHAMPION}", "--key", "ci.pub"]) == 1
    assert place in capsys.readouterr().out


def test_of_equal_versions_the_one_that_was_audited_is_promoted(kit: Kit, registry: str) -> None:
    assert kit.register() == 2
    assert (kit.promote(), kit.served()) == (0, 2)
    assert kit.register() == 3
    assert (kit.promote(), kit.served()) == (0, 2)
    facts = {"uri": registry, "version": "models:/income/1", "run_id": None, "source": "models:/m-1"}
    kit.edit(lambda report: report["model"].update(registry=facts))
    assert (kit.promote(), kit.served()) == (0, 1)


def test_a_looser_policy_than_the_required_one_is_named(kit: Kit, capsys: Capture) -> None:
    effective = json.loads(kit.report.read_text("utf-8"))["policy"]["effective"]
    effective["gate"]["rules"][0]["at_least"] = 0.85
    Path("required.yaml").write_text(json.dumps(effective))
    assert kit.promote("--policy", "required.yaml") == 0
    assert "looser than the required one: limit of performance.accuracy" in capsys.readouterr().out
    assert kit.history().moves[-1].entry.required_policy is not None


@pytest.mark.parametrize("command", [["promote", "report.json", "--to"], ["rollback"], ["history"]])
@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("income", "NAME@ALIAS"),
        ("incone@champion", "did you mean 'income'?"),
        ("income@latest", "which MLflow keeps for versions"),
        ("income@v1", "which MLflow keeps for versions"),
        ("income@" + "a" * 256, "at most 255 characters"),
        ("income.promotions@champion", "the log of the promotions of income"),
    ],
)
def test_what_is_no_alias(kit: Kit, capsys: Capture, command: list[str], alias: str, words: str) -> None:
    assert main([*command, alias]) == 2
    assert words in capsys.readouterr().err
    assert kit.store().records() == []
