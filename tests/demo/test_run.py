"""The demo finds what was planted: the first candidate is blocked, the second passes."""

from pathlib import Path

import pandas as pd
import pytest

import audit
from audit.demo.loans import make_loans
from audit.demo.prepare import TEST_ROWS
from audit.demo.run import Audited, run_demo
from audit.policy import load_policy
from audit.result import Measurement
from audit.serial import read_report

SEX = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
AGE = {"attribute": "age", "unprivileged": "<30", "privileged": ">=30"}


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def audited(out: Path, told: list[tuple[str, int, int]]) -> dict[int, Audited]:
    (out / "report-1").mkdir()
    (out / "report-1" / "report.json").write_text("older")
    return run_demo(out, lambda *step: told.append(step))


def measured(found: Audited, metric: str, where: dict[str, str]) -> Measurement:
    (one,) = [
        m for c in found.report.checks for m in c.measurements if (m.metric, m.where) == (metric, where)
    ]
    return one


def test_first_is_blocked_and_second_passes(audited: dict[int, Audited]) -> None:
    assert {number: found.report.verdict for number, found in audited.items()} == {1: "fail", 2: "pass"}
    assert all(found.as_expected(number) for number, found in audited.items())
    assert not audited[1].as_expected(2)


def test_first_breaks_the_fairness_rules_and_no_other(audited: dict[int, Audited]) -> None:
    assert [rule.status for rule in audited[1].report.rules] == ["pass", "pass", "fail", "fail"]
    assert [rule.status for rule in audited[2].report.rules] == ["pass", "pass", "pass", "pass"]


def test_first_is_the_more_accurate_one(audited: dict[int, Audited]) -> None:
    """Against the office's own decisions: without the rules on sex, it would be the one to promote."""
    first, second = (measured(audited[number], "performance.accuracy", {}).ci for number in (1, 2))
    assert first and second and first[0] > second[1]


def test_gap_is_where_it_was_planted(audited: dict[int, Audited]) -> None:
    """The first repeats at least the office's own 0.40; of age, where nothing is planted, neither does."""
    first = measured(audited[1], "fairness.disparate_impact", SEX)
    assert first.ci and first.ci[1] < 0.40
    for found in audited.values():
        control = measured(found, "fairness.disparate_impact", AGE)
        assert control.ci and 0.9 < control.ci[0] < 1.0 < control.ci[1] < 1.1


def test_reports_are_written_whole_beside_the_older_one(out: Path, audited: dict[int, Audited]) -> None:
    for number, found in audited.items():
        folder = out / f"report-{number}"
        assert found.files == [folder / "report.json", folder / "report.html"]
        assert read_report(folder / "report.json") == found.report
        assert "<html" in (folder / "report.html").read_text("utf-8")
    assert (out / "report-1" / "previous" / "report.json").read_text() == "older"


def test_tables_are_those_of_the_generator(out: Path, audited: dict[int, Audited]) -> None:
    pd.testing.assert_frame_equal(
        pd.read_parquet(out / "data" / "test.parquet"), make_loans(TEST_ROWS, seed=1)
    )


def test_the_policies_repeat_the_audit_from_anywhere(
    out: Path, audited: dict[int, Audited], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    again = audit.run(load_policy(out / "audit-1.yaml"))
    assert again.checks == audited[1].report.checks and again.rules == audited[1].report.rules


def test_progress_names_both_candidates(
    audited: dict[int, Audited], told: list[tuple[str, int, int]]
) -> None:
    assert told[0] == ("training candidates", 0, 2) and ("training candidates", 2, 2) in told
    assert ("candidate 1: fairness", 1, 1) in told and ("candidate 2: fairness", 1, 1) in told


def test_a_place_that_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "report-1").write_text("a file is in the way")
    with pytest.raises(audit.AuditError):
        run_demo(tmp_path, lambda *step: None)
    assert not (tmp_path / "data").exists()
