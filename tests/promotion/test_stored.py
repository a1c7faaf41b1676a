"""What the registry has of promoted versions is compared as a whole: damage, and MLflow's files beside the model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.cli import main

from .conftest import CHAMPION, Kit

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
Capture = pytest.CaptureFixture[str]


def description(kit: Kit, weights: str) -> Path:
    """Return the `MLmodel` of the version with these weights."""
    return kit.in_store(weights).parents[2] / "MLmodel"


def write_code(file: Path) -> None:
    content = json.loads(file.read_text("utf-8"))
    content["flavors"]["python_function"]["code"] = "code"
    file.write_text(json.dumps(content), "utf-8")
    (file.parent / "code").mkdir()
    (file.parent / "code" / "loader.py").write_text("raise SystemExit", "utf-8")


def a_second_graph(file: Path) -> None:
    (file.parent / "saved_model" / "saved_model.pbtxt").touch()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no graph": (lambda file: (file.parent / "saved_model" / "saved_model.pb").unlink(), "saved_model"),
    "no MLmodel": (Path.unlink, "a directory with saved_model"),
    "MLmodel": (lambda file: file.write_text("{{{"), "MLmodel"),
    "two graphs": (a_second_graph, "saved_model.pbtxt"),
    "no files": (lambda file: shutil.rmtree(file.parent / "saved_model"), "saved_model"),
    "code": (write_code, "beside the model: code/loader.py"),
}


@pytest.fixture
def three(kit: Kit) -> Kit:
    """Versions with the weights one, two and three, promoted one after the other."""
    for weights in ("", "two", "three"):
        if weights:
            kit.register(weights)
        assert kit.promote() == 0
    return kit


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_a_difference_and_passed_over(three: Kit, capsys: Capture, name: str) -> None:
    damage, words = DAMAGE[name]
    damage(description(three, "two"))
    damage(description(three, "three"))
    capsys.readouterr()
    assert main(["verify", f"models:/{CHAMPION}"]) == 1
    assert words in capsys.readouterr().out
    assert main(["history", CHAMPION]) == 0
    assert "ARE NOT THE AUDITED ONES" in capsys.readouterr().out
    assert three.promote() == (0 if name == "code" else 1)
    assert main(["rollback", CHAMPION]) == 0
    assert "version 2 was passed over: its files are no longer the audited ones" in capsys.readouterr().out
    assert three.served() == 1


def test_code_beside_a_model_is_noted_and_compared_afterwards(kit: Kit, capsys: Capture) -> None:
    write_code(description(kit, "one"))
    assert kit.promote() == 0
    assert "imports Python code" in capsys.readouterr().out
    assert main(["verify", f"models:/{CHAMPION}"]) == 0
    (description(kit, "one").parent / "code" / "loader.py").write_text("pass", "utf-8")
    assert main(["verify", f"models:/{CHAMPION}"]) == 1
    assert "beside the model: code/loader.py" in capsys.readouterr().out
    assert kit.promote() == 0
    assert "recorded anew: beside the model: code/loader.py" in capsys.readouterr().out


def test_no_rollback_to_an_entry_that_its_attestation_contradicts(kit: Kit, capsys: Capture) -> None:
    """The entry was edited while it was the last one, and an honest promotion came after it."""
    bad = kit.report.read_bytes()
    signed = ["--attestation", "verdict.dsse.json", "--key", "ci.pub"]
    kit.register("two")
    main(["sign", "report.json", "--key", "ci"])
    kit.promote(*signed)
    last = kit.history().moves[-1].entry
    model = json.loads(bad)["model"]
    edited = last.model_copy(update={"version": 1, "model": model["digest"], "files": model["files"]})
    kit.set_entry(1, edited.text)
    kit.register("three")
    kit.promote()
    capsys.readouterr()
    assert main(["rollback", CHAMPION]) == 1
    assert "version 1 was passed over: its attestation does not hold: log: model" in capsys.readouterr().err
    assert kit.served() == 3


def test_a_rollback_with_a_key_passes_over_what_it_has_not_attested(three: Kit, capsys: Capture) -> None:
    three.register("four")
    main(["sign", "report.json", "--key", "ci"])
    three.promote("--attestation", "verdict.dsse.json", "--key", "ci.pub")
    three.register("five")
    three.promote()
    assert main(["rollback", CHAMPION, "--key", "eve.pub"]) == 1
    assert three.served() == 5
    assert main(["rollback", CHAMPION, "--key", "ci.pub"]) == 0
    assert three.served() == 4


def test_approvals_that_the_audit_requires_are_counted_again(kit: Kit, capsys: Capture) -> None:
    """The log was written without `audit promote`, which would have refused."""
    kit.promote()
    kit.register("two")
    kit.write(approvals={"count": 1, "keys": [kit.ids["ann"]]})
    main(["sign", "report.json", "--key", "ci"])
    kit.promote("--attestation", "verdict.dsse.json", "--key", "ci.pub")
    assert kit.served() == 1
    kit.force(2, "verdict.dsse.json")
    assert kit.served() == 2
    capsys.readouterr()
    assert main(["verify", f"models:/{CHAMPION}", "--key", "ci.pub"]) == 1
    assert "0 of 1 required approvals" in capsys.readouterr().out
