"""The repository of examples/ci as its users have it: its workflow, run step by step with real audits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from audit.formats.json import read_report

from .jobs import ROOT, Job, environment, load

REPORTS = {"report.json", "report.html", "junit.xml", "results.sarif", "summary.md"}
PIP = {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""What requirements.txt names is installed already: pip says so, and fetches nothing."""


def checked_out(folder: Path) -> Job:
    """Copy the files that git has of the example, and return a job on them."""
    source = ROOT / "examples" / "ci"
    shutil.copytree(source, folder / "repository", ignore=shutil.ignore_patterns("work", "audit-report"))
    (folder / "temp").mkdir()
    return Job(folder / "repository", folder / "temp", environment() | PIP)


def run(job: Job) -> None:
    steps = load(job.workspace / ".github" / "workflows" / "audit.yml")["jobs"]["audit"]["steps"]
    job.run(steps, {}, ROOT)


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = checked_out(tmp_path_factory.mktemp("passed"))
    run(job)
    return job


def test_a_model_that_passes_is_kept(passed: Job) -> None:
    assert passed.succeeded, passed["Audit"].log
    assert passed["Audit"].outputs["verdict"] == "pass" and passed["Audit"].commands == []
    assert passed["OWNER/savedmodel-audit@REF"].outputs["report"] == "audit-report/report.json"
    assert passed["Keep the model that passed"].passed == {"name": "model", "path": "work/model"}


def test_its_reports_are_uploaded_and_its_summary_shown(passed: Job) -> None:
    upload = passed["Upload the reports"].passed
    assert upload is not None and {file.name for file in Path(upload["path"]).iterdir()} == REPORTS
    report = read_report(passed.workspace / "audit-report" / "report.json")
    assert report.verdict == "pass" and [rule.status for rule in report.rules] == ["pass"] * 4
    summary = (Path(upload["path"]) / "summary.md").read_text("utf-8")
    assert passed["Audit"].summary == summary + "\n" and "pass" in summary.splitlines()[0].lower()


def test_a_model_that_learned_nothing_is_blocked_and_not_kept(tmp_path: Path) -> None:
    job = checked_out(tmp_path)
    script = job.workspace / "train.py"
    script.write_text(script.read_text("utf-8").replace("epochs=5", "epochs=0"), "utf-8")
    run(job)
    assert (job["Audit"].code, job["Audit"].outputs["verdict"]) == (1, "fail")
    assert not job.succeeded and not job["Keep the model that passed"].ran
    assert job["Upload the reports"].passed and "fail" in job["Audit"].summary.splitlines()[0].lower()
    (line,) = job["Audit"].commands
    assert line.startswith("::error title=Model audit: fail::")


def test_a_policy_with_a_typing_error_is_no_verdict_and_its_message_is_shown(
    passed: Job, tmp_path: Path
) -> None:
    job = checked_out(tmp_path)
    shutil.copytree(passed.workspace / "work", job.workspace / "work")
    shutil.copytree(passed.workspace / "audit-report", job.workspace / "audit-report")
    policy = job.workspace / "audit.yaml"
    policy.write_text(policy.read_text("utf-8").replace("performance.auc,", "performance.acu,"), "utf-8")
    found = job.audit(**{"fail-on": "never"})
    assert found == {"verdict": "error", "exit-code": "2", "report": ""}
    assert not job.succeeded and not job["Upload the reports"].ran
    assert "did you mean 'performance.auc'?" in job["Audit"].summary
    assert "did you mean 'performance.auc'?" in job["Audit"].commands[0]


def test_what_cannot_be_decided_stops_the_job_unless_only_failures_do(passed: Job, tmp_path: Path) -> None:
    for fail_on, succeeds in (("inconclusive", False), ("fail", True)):
        job = checked_out(tmp_path / fail_on)
        shutil.copytree(passed.workspace / "work", job.workspace / "work")
        found = job.audit(
            **{"fail-on": fail_on, "args": "--only performance", "out": "$(touch pwned) 'a\n`b`"}
        )
        assert (found["verdict"], found["exit-code"]) == ("inconclusive", "3")
        assert job.succeeded is succeeds and not list(job.workspace.rglob("pwned"))
        assert read_report(job.workspace / found["report"]).verdict == "inconclusive"


def test_both_candidates_of_the_demo_by_the_projects_own_workflow(tmp_path: Path) -> None:
    (tmp_path / "temp").mkdir()
    job = Job(tmp_path, tmp_path / "temp", environment())
    steps = load(ROOT / ".github" / "workflows" / "audit-example.yml")["jobs"]["demo"]["steps"]
    steps = [
        dict(step, run="audit demo") if step.get("run", "").startswith("make demo") else step
        for step in steps
    ]
    job.run(steps, {}, ROOT)
    assert job.succeeded, "\n".join(step.log for step in job.steps)
    assert [step.outputs["verdict"] for step in job.steps if step.name == "Audit"] == ["fail", "pass"]
