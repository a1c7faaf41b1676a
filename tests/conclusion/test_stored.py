"""A stored verdict is believed by nobody: it is decided again, and what does not follow is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.formats.json import from_json, to_json
from audit.gate.verdict import DECISION_VERSION

from ..formats import samples

Edit = Callable[[dict[str, Any]], object]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def honest() -> str:
    """The JSON of a report that was decided by this version."""
    return to_json(samples.decided_report())


def edited(honest: str, folder: Path, edit: Edit) -> Path:
    content = json.loads(honest)
    edit(content)
    file = folder / "report.json"
    file.write_text(json.dumps(content))
    return file


def rendered(file: Path) -> str:
    return file.with_suffix(".html").read_text()


def first(content: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        m for check in content["checks"] for m in check["measurements"] if m.get(key)
    )
    return found


def flip(content: dict[str, Any]) -> None:
    content["verdict"] = "fail" if content["verdict"] == "pass" else "pass"


EDITS: dict[str, Edit] = {
    "the verdict": flip,
    "a rule's status": lambda c: c["rules"][0].update(status="waived"),
    "what it would be": lambda c: c["rules"][0].update(would_be="fail"),
    "a rule's limit": lambda c: c["rules"][0].update(limit={"at_least": 0.0}),
    "no rules": lambda c: c.update(rules=[]),
    "a rule's own measurement": lambda c: c["rules"][0]["measurements"][0].update(value=0.123),
    "an interval": lambda c: first(c, "counts").update(ci=[0.0, 0.001]),
    "a value": lambda c: first(c, "counts").update(value=0.123),
    "a warning of a check left out": lambda c: c["checks"][0].update(warnings=["Beware."]),
    "a later version": lambda c: c.update(decision_version=DECISION_VERSION + 1),
    "no date": lambda c: c["environment"].pop("date"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_does_not_follow_is_not_rendered(
    honest: str, tmp_path: Path, capsys: Captured, edit: str
) -> None:
    file = edited(honest, tmp_path, EDITS[edit])
    assert main(["report", str(file)]) == 2
    assert not file.with_suffix(".html").exists() and capsys.readouterr().out == ""


@pytest.mark.parametrize("edit", EDITS)
def test_the_gates_exit_code_does_not_depend_on_what_it_prints(
    honest: str, tmp_path: Path, capsys: Captured, edit: str
) -> None:
    """A report that it refuses to explain is no pass in a pipeline that reads JSON, or the exit code alone."""
    file = edited(honest, tmp_path, EDITS[edit])
    codes = {main(["gate", str(file), *options]) for options in ([], ["-q"], ["--json"], ["-v"])}
    assert len(codes) == 1, capsys.readouterr().err


def test_the_gate_says_on_json_that_a_report_was_edited(
    honest: str, tmp_path: Path, capsys: Captured
) -> None:
    main(["gate", str(edited(honest, tmp_path, flip)), "--json"])
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert [text for text in warnings if text.startswith("the report was edited: its verdict is stored as")]


def test_what_follows_is_rendered_whatever_the_verdict(honest: str, tmp_path: Path) -> None:
    file = edited(honest, tmp_path, lambda _: None)
    assert from_json(honest).verdict != "pass"
    assert main(["report", str(file)]) == 0 and "version 1 of" not in rendered(file)


def test_the_page_shows_the_reasons_that_follow(honest: str, tmp_path: Path) -> None:
    file = edited(
        honest, tmp_path, lambda c: (c.update(reason="Trust me."), c["rules"][0].update(reason="Trust me."))
    )
    assert main(["report", str(file)]) == 0 and "Trust me." not in rendered(file)


@pytest.mark.parametrize("missing", [False, True])
def test_an_older_decision_is_shown_beside_todays(
    honest: str, tmp_path: Path, capsys: Captured, missing: bool
) -> None:
    def edit(content: dict[str, Any]) -> None:
        content.update(decision_version=1, verdict="pass")
        if missing:
            content.pop("decision_version")

    file = edited(honest, tmp_path, edit)
    today = from_json(honest).verdict.upper()
    sentence = (
        f"version 1 of the decision rules: PASS. By version {DECISION_VERSION}, which decides here, "
        f"its measurements give {today}."
    )
    assert main(["report", str(file)]) == 0 and sentence in rendered(file)
    assert f"<h2>{today}</h2>" in rendered(file)
    capsys.readouterr()
    assert main(["gate", str(file)]) != 0
    assert sentence in capsys.readouterr().out


def test_the_gate_decides_by_the_measurements_and_warns(
    honest: str, tmp_path: Path, capsys: Captured
) -> None:
    file = edited(honest, tmp_path, flip)
    code = main(["gate", str(edited(honest, tmp_path, lambda _: None))])
    assert "edited" not in capsys.readouterr().out
    assert main(["gate", str(edited(honest, tmp_path, flip))]) == code != 0
    assert "warning the report was edited: its verdict is stored as 'pass'" in capsys.readouterr().out
    assert file.exists()


def test_a_date_that_is_not_the_day_of_the_audit_is_on_the_first_screen(honest: str, tmp_path: Path) -> None:
    file = edited(honest, tmp_path, lambda _: None)
    assert main(["report", str(file)]) == 0 and "Waivers were judged as of" not in rendered(file)
    file = edited(honest, tmp_path, lambda c: c["run"].update(started="2026-07-01T10:00:00+00:00"))
    assert main(["report", str(file)]) == 0
    page = rendered(file)
    sentence = f"Waivers were judged as of {samples.ON}; the audit was made on 2026-07-01."
    assert page.index(sentence) < page.index('id="rules"')


def test_the_gate_names_a_date_that_is_not_today(honest: str, tmp_path: Path, capsys: Captured) -> None:
    file = str(edited(honest, tmp_path, lambda _: None))
    today = datetime.now(UTC).date().isoformat()
    main(["gate", file, "--date", today])
    assert "judged as of" not in capsys.readouterr().out
    main(["gate", file, "--date", "2020-02-29"])
    assert f"waivers are judged as of 2020-02-29; today (UTC) is {today}" in capsys.readouterr().out
