"""Whatever the report, pytest's exit code is 0 for a pass alone, and no rule that passed is a failure."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from audit.check import load_policy
from audit.gate.verdict import decide
from audit.result import MAX_AUDITS, CheckResult, Report

from ..formats.html.samples import small
from ..gate.builders import exact
from .sessions import session

RULES = {
    "pass": ("performance.accuracy", 0.9),
    "fail": ("performance.balanced_accuracy", 0.1),
    "inconclusive": ("performance.true_positive_rate", float("nan")),
    "waived": ("performance.selection_rate", 0.2),
}
"""A rule of each status: its metric, and what is measured; all ask for at least 0.5."""

OUTCOMES = {"pass": "passed", "fail": "failed", "inconclusive": "failed", "waived": "skipped"}


def write(folder: Path, kinds: tuple[str, ...], max_audits: int | None = None) -> Path:
    """Write a policy with a rule of each kind."""
    rules = [{"metric": RULES[kind][0], "at_least": 0.5} for kind in kinds]
    waiver = {"rule": RULES["waived"][0], "reason": "known", "owner": "Ana", "expires": "2099-01-01"}
    content = {
        "version": 1,
        "model": {"path": "model"},
        "data": {"path": "table.csv", "label": "label"},
        "gate": {"rules": rules, "max_audits": max_audits},
        "waivers": [waiver] if "waived" in kinds else [],
    }
    policy = folder / "audit.yaml"
    policy.write_text(json.dumps(content, indent=1))
    return policy


def report(policy: Path, kinds: tuple[str, ...], crashed: bool = False, audits: int | None = None) -> Report:
    """Return the report in which each rule comes to what its kind says, decided by the gate."""
    measurements = [exact(value, metric) for metric, value in (RULES[kind] for kind in kinds)]
    checks = [CheckResult(name="performance", status="measured", measurements=measurements)]
    if crashed:
        checks.append(CheckResult(name="robustness", status="crashed", reason="ValueError: shapes differ"))
    resolved = load_policy(policy)
    decision = decide(checks, resolved.gate, resolved.waivers, date(2026, 6, 15), 0.95, audits)
    return replace(
        small(),
        verdict=decision.verdict,
        reason=decision.reason,
        rules=decision.rules,
        checks=checks,
        warnings=[],
    )


CASES = [kinds for number in range(1, len(RULES) + 1) for kinds in itertools.combinations(RULES, number)]


@pytest.mark.parametrize(
    ("kinds", "undecided"),
    [(kinds, "fail") for kinds in CASES] + [(kinds, "skip") for kinds in CASES if "inconclusive" in kinds],
)
@pytest.mark.parametrize("crashed", [False, True], ids=["", "crashed"])
def test_only_a_pass_is_a_success(
    tmp_path: Path, kinds: tuple[str, ...], crashed: bool, undecided: str
) -> None:
    policy = write(tmp_path, kinds)
    audited = report(policy, kinds, crashed)
    code, made = session(policy, audited, policy.name, f"--audit-undecided={undecided}")
    skipped = {"inconclusive": "skipped"} if undecided == "skip" else {}
    steps = [report.outcome for report in made.reports if report.when == "call"]
    assert steps == [{**OUTCOMES, **skipped}[kind] for kind in kinds]
    accepted = not crashed and "fail" not in kinds and undecided == "skip" and "inconclusive" in kinds
    assert (code == 0) == (audited.verdict == "pass" or accepted)
    assert code in (0, 1)


def test_the_bound_on_audits_is_a_test(tmp_path: Path) -> None:
    policy = write(tmp_path, ("pass",), max_audits=1)
    for audits, code in ((1, 0), (2, 1), (None, 1)):
        found, made = session(policy, report(policy, ("pass",), audits=audits))
        assert (found, list(made.outcomes)) == (code, ["performance.accuracy", MAX_AUDITS])


def test_what_no_rule_says_is_an_error_after_the_last_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write(tmp_path, ("pass", "waived"))
    code, made = session(policy, report(policy, ("pass", "waived"), crashed=True))
    assert code == 1
    assert made.outcomes == {"performance.accuracy": "passed", "performance.selection_rate": "skipped"}
    assert [(r.when, r.outcome) for r in made.reports if r.failed] == [("teardown", "failed")]
    assert "the check robustness crashed: ValueError: shapes differ" in capsys.readouterr().out


def test_every_rule_waived_is_no_success_though_each_test_is_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write(tmp_path, ("waived",))
    code, _ = session(policy, report(policy, ("waived",)))
    assert code == 1
    assert "INCONCLUSIVE: every rule is waived" in capsys.readouterr().out


def test_a_crashed_check_blocks_whichever_tests_are_chosen(tmp_path: Path) -> None:
    """Else what is run again as failed last time would pass."""
    policy = write(tmp_path, ("pass", "fail"))
    audited = report(policy, ("pass", "fail"), crashed=True)
    code, made = session(policy, audited, "audit.yaml::performance.accuracy")
    assert code == 1 and [item.name for item in made.collected] == ["performance.accuracy"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["audit.yaml", "-k", "balanced"], 1),
        (["audit.yaml", "-k", "not balanced"], 0),
        (["audit.yaml::performance.accuracy"], 0),
        (["audit.yaml::performance.balanced_accuracy"], 1),
    ],
)
def test_a_part_of_the_rules_can_be_chosen(tmp_path: Path, arguments: list[str], code: int) -> None:
    policy = write(tmp_path, ("pass", "fail"))
    found, made = session(policy, report(policy, ("pass", "fail")), *arguments)
    assert (found, len(made.collected)) == (code, 1)


def test_an_audit_that_could_not_be_made_is_an_error_of_every_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write(tmp_path, ("pass", "fail"))
    problem = "model\n  expected: a SavedModel directory\n  found:    no such file or directory"
    code, made = session(policy, problem)
    assert code == 1 and set(made.outcomes.values()) == {"failed in setup"}
    printed = capsys.readouterr().out
    assert printed.count(problem) == 2 and "Traceback" not in printed and "session_audit" not in printed


CLASSES = "performance.macro_auc"


@pytest.mark.parametrize(("value", "code"), [(0.9, 0), (0.3, 1), (float("nan"), 1)])
def test_the_default_rule_of_several_classes_counts_though_no_test_is_its(
    tmp_path: Path, value: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many classes there are is known with the data, when the tests are collected already."""
    policy = tmp_path / "audit.yaml"
    policy.write_text(
        "version: 1\nmodel: {path: m}\ndata: {path: d.csv, label: y}\nchecks: {robustness: false}\n"
    )
    resolved = load_policy(policy)
    rule = resolved.rules[0].model_copy(update={"metric": CLASSES, "id": CLASSES})
    gate = resolved.gate.model_copy(update={"rules": [rule]})
    checks = [CheckResult(name="performance", status="measured", measurements=[exact(value, CLASSES)])]
    decision = decide(checks, gate, [], date(2026, 6, 15), 0.95)
    facts = replace(small().policy, default_rules=True)
    audited = replace(
        small(),
        verdict=decision.verdict,
        rules=decision.rules,
        checks=checks,
        policy=facts,
        reason=decision.reason,
    )
    found, made = session(policy, audited, "audit.yaml", "-rs")
    assert (found, made.outcomes) == (code, {"performance.auc": "skipped"})
    assert f"the report has '{CLASSES}'" in capsys.readouterr().out.replace("\n", "")


def test_a_rule_that_is_gone_from_the_report_fails(tmp_path: Path) -> None:
    policy = write(tmp_path, ("pass", "fail"))
    audited = report(policy, ("pass", "fail"))
    audited = replace(
        audited, verdict="pass", rules=[rule for rule in audited.rules if rule.status == "pass"]
    )
    code, made = session(policy, audited)
    assert code == 1 and made.outcomes["performance.balanced_accuracy"] == "failed"


def test_an_audit_whose_process_was_killed_is_not_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What killed it might kill each worker after the other."""
    policy = write(tmp_path, ("pass", "fail"))
    code, made = session(policy, None)
    assert code == 1 and set(made.outcomes.values()) == {"failed in setup"}
    assert "ended before the audit did" in capsys.readouterr().out


def test_nothing_is_left_of_a_session(tmp_path: Path) -> None:
    policy = write(tmp_path, ("pass",))
    _, made = session(policy, report(policy, ("pass",)))
    assert made.file.name.endswith(".json") and not made.file.parent.exists()
