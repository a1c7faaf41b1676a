"""The demo finds what was planted: the first candidate is blocked, the second passes."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import audit
from audit.check import load_policy
from audit.cli.demo import demo
from audit.demo.loans import make_loans
from audit.demo.prepare import TEST_ROWS, Seeds
from audit.demo.run import EXPECTED, CandidateAudit, run_demo
from audit.formats.json import read_report
from audit.result import Measurement, Report, Scalar, Table

SEX: dict[str, Scalar] = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
AGE: dict[str, Scalar] = {"attribute": "age", "unprivileged": "<30", "privileged": ">=30"}
STATUSES = {
    "performance.accuracy": ("pass", "pass"),
    "performance.auc": ("pass", "pass"),
    "fairness.disparate_impact[attribute=sex]": ("fail", "pass"),
    "fairness.equal_opportunity_difference[attribute=sex]": ("fail", "pass"),
    "fairness.disparate_impact[attribute=age]": ("pass", "pass"),
    "explainability.attribution_share[feature=district_score]": ("fail", "pass"),
    "explainability.largest_share": ("pass", "pass"),
    "robustness.adversarial_accuracy[attack=worst,eps=0.1]": ("fail", "pass"),
}


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def audited(out: Path, told: list[tuple[str, int, int]]) -> dict[int, CandidateAudit]:
    (out / "report-1").mkdir()
    (out / "report-1" / "report.json").write_text("older")
    return run_demo(out, lambda *step: told.append(step))


def measured(report: Report, metric: str, where: dict[str, Scalar]) -> Measurement:
    found = [m for c in report.checks for m in c.measurements if (m.metric, m.where) == (metric, where)]
    (one,) = found
    return one


def table(report: Report, check: str, name: str) -> Table:
    (one,) = [t for c in report.checks if c.name == check for t in c.tables if t.name == name]
    return one


def shares(report: Report) -> dict[str, float]:
    """Return each feature's share of the attribution."""
    (check,) = [c for c in report.checks if c.name == "explainability"]
    return {
        str(m.where["feature"]): m.value for m in check.measurements if m.metric.endswith("attribution_share")
    }


def statuses(reports: list[Report]) -> dict[str, tuple[str, ...]]:
    rules = zip(*(report.rules for report in reports), strict=True)
    return {rule[0].id: tuple(one.status for one in rule) for rule in rules}


def test_first_is_blocked_and_second_passes(audited: dict[int, CandidateAudit]) -> None:
    assert {number: found.report.verdict for number, found in audited.items()} == {1: "fail", 2: "pass"}
    assert EXPECTED == {1: "fail", 2: "pass"}


def test_first_breaks_the_rules_of_what_was_planted_and_no_other(audited: dict[int, CandidateAudit]) -> None:
    assert statuses([audited[1].report, audited[2].report]) == STATUSES


def test_first_is_the_more_accurate_one(audited: dict[int, CandidateAudit]) -> None:
    """Against the office's own decisions: without the other rules, it would be the one to promote."""
    first, second = (measured(audited[number].report, "performance.accuracy", {}).ci for number in (1, 2))
    assert first and second and first[0] > second[1]


def test_gap_is_where_it_was_planted(audited: dict[int, CandidateAudit]) -> None:
    """The first repeats at least the office's own 0.40; of age, where nothing is planted, neither does."""
    first = measured(audited[1].report, "fairness.disparate_impact", SEX)
    assert first.ci and first.ci[1] < 0.40
    for found in audited.values():
        control = measured(found.report, "fairness.disparate_impact", AGE)
        assert control.ci and 0.9 < control.ci[0] < 1.0 < control.ci[1] < 1.1


def test_attribution_finds_the_proxy_though_no_model_reads_sex(audited: dict[int, CandidateAudit]) -> None:
    """It says nothing of creditworthiness; yet next to the fragile feature, the first rests on it most."""
    first, second = (shares(audited[number].report) for number in (1, 2))
    assert sorted(first, key=lambda name: -first[name])[:2] == ["bureau_rate", "district_score"]
    assert second["district_score"] < first["district_score"] / 2
    for found in audited.values():
        assert measured(found.report, "explainability.protected_share", {"attribute": "sex"}).value == 0
        assert shares(found.report)["age"] < 0.01  # the control


def test_the_proxy_table_names_the_proxy_and_of_age_nothing(audited: dict[int, CandidateAudit]) -> None:
    """A normal gap of 2.4 standard deviations has an AUC of 0.955; what tells of age is chance."""
    for found in audited.values():
        columns = table(found.report, "explainability", "proxies").columns
        first = dict(zip(reversed(columns["attribute"]), reversed(columns["feature"]), strict=True))
        assert first["sex"] == "district_score"
        where: dict[str, Scalar] = {"attribute": "sex", "feature": "district_score"}
        told = measured(found.report, "explainability.proxy_strength", where)
        assert told.ci and told.ci[0] < 0.9552 < told.ci[1]
        assert measured(found.report, "explainability.proxy_auc", {"attribute": "age"}).value < 0.55


def test_flips_rest_on_the_fragile_feature_alone(audited: dict[int, CandidateAudit]) -> None:
    alone: dict[int, dict[Any, Any]] = {}
    for number, found in audited.items():
        columns = table(found.report, "robustness", "columns").columns
        alone[number] = dict(zip(columns["feature"], columns["alone"], strict=True))
    assert alone[1].pop("bureau_rate") > 0.7 and max(alone[1].values()) < 0.1
    assert alone[2]["bureau_rate"] < 0.05


def test_noise_alone_does_not_tell_what_an_attack_does(audited: dict[int, CandidateAudit]) -> None:
    """The control: random changes of the same size leave the first candidate above the limit that it breaks."""
    noise = measured(
        audited[1].report,
        "robustness.adversarial_accuracy",
        {"attack": "noise", "norm": "inf", "eps": 0.1},
    )
    assert noise.ci and noise.ci[0] > 0.5


def test_reports_are_written_whole_beside_the_older_one(
    out: Path, audited: dict[int, CandidateAudit]
) -> None:
    for number, found in audited.items():
        folder = out / f"report-{number}"
        assert found.files == [folder / "report.json", folder / "report.html"]
        assert read_report(folder / "report.json") == found.report
        assert "<html" in (folder / "report.html").read_text("utf-8")
    assert (out / "report-1" / "previous" / "report.json").read_text() == "older"


def test_tables_are_those_of_the_generator(out: Path, audited: dict[int, CandidateAudit]) -> None:
    pd.testing.assert_frame_equal(
        pd.read_parquet(out / "data" / "test.parquet"), make_loans(TEST_ROWS, seed=1)
    )


def test_the_policies_repeat_the_audit_from_anywhere(
    out: Path, audited: dict[int, CandidateAudit], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    again = audit.run(load_policy(out / "audit-1.yaml"))
    assert again.checks == audited[1].report.checks and again.rules == audited[1].report.rules


def test_progress_names_both_candidates(
    audited: dict[int, CandidateAudit], told: list[tuple[str, int, int]]
) -> None:
    assert told[0] == ("training candidates", 0, 2) and ("training candidates", 2, 2) in told
    assert ("candidate 1: fairness", 1, 1) in told and ("candidate 2: fairness", 1, 1) in told


def test_other_applicants_and_weights_give_the_same_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command, which says of each planted fault where the reports show it."""
    assert demo(tmp_path, quiet=False, seeds=Seeds(train=5, test=6, model=7)) == 0
    assert statuses([read_report(tmp_path / f"report-{n}" / "report.json") for n in (1, 2)]) == STATUSES
    told = capsys.readouterr().out
    assert all(planted in told for planted in ("bias", "district_score", "bureau_rate"))


def test_a_place_that_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "report-1").write_text("a file is in the way")
    with pytest.raises(audit.AuditError):
        run_demo(tmp_path, lambda *step: None)
    assert not (tmp_path / "data").exists()
