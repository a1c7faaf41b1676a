"""Sessions of pytest that find the audit made, so that what they make of a report can be seen in all cases."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from audit.formats.json import to_json
from audit.integrations.pytest_plugin import OUTCOMES
from audit.integrations.session_audit import SessionAudit
from audit.result import Report

PLUG_IN = ("-p", "audit.integrations.pytest_plugin")
"""How a session gets the plug-in where the package is not installed; where it is, both together do no harm."""


class MadeAudit:
    """Plug-in that puts an audit's outcome where a process of the session would, and records the tests."""

    def __init__(self, policy: Path, outcome: Report | str | None) -> None:
        self.policy = policy
        self.outcome = outcome
        self.reports: list[pytest.TestReport] = []
        self.collected: list[pytest.Item] = []

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        place = config.stash[OUTCOMES]
        place.mkdir()
        audit = SessionAudit(
            policy=self.policy.name, folder=self.policy.parent, out=Path("out"), outcomes=place
        )
        made = self.outcome
        self.file = audit.outcome_file
        if made is None:  # as a process leaves it that was killed meanwhile
            self.file.with_suffix(".started").touch()
        else:
            content = {"problem": made} if isinstance(made, str) else {"report": to_json(made)}
            self.file.write_text(json.dumps(content), "utf-8")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = list(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(report)

    @property
    def outcomes(self) -> dict[str, str]:
        """What each test came to, by its name: of its three steps, the first that did not pass."""
        outcomes: dict[str, str] = {}
        for report in self.reports:
            name = report.nodeid.partition("::")[2]
            if outcomes.get(name, "passed") == "passed":
                step = "" if report.when == "call" or report.outcome != "failed" else f" in {report.when}"
                outcomes[name] = f"{report.outcome}{step}"
        return outcomes


def session(policy: Path, outcome: Report | str | None, *arguments: str) -> tuple[int, MadeAudit]:
    """Run the tests of ``policy`` whose audit was made, and return pytest's exit code."""
    made = MadeAudit(policy, outcome)
    options = ("-p", "no:cacheprovider", "--rootdir", str(policy.parent), "-c", os.devnull)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.chdir(policy.parent)
        code = pytest.main([*PLUG_IN, *options, *(arguments or (policy.name,))], plugins=[made])
    return int(code), made
