"""What pytest collects from a policy: a test of each rule, with its line in the file."""

import os
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative

from audit.check import load_policy
from audit.cli.plain_text import plain
from audit.errors import AuditError, quote_list
from audit.formats.rule_text import waiver
from audit.formats.text.safe_text import dotted
from audit.integrations.pytest_text import failure_reason, failure_text, problems_without_test, properties
from audit.integrations.session_audit import AuditNotMade, SessionAudit
from audit.policy.model import ResolvedPolicy
from audit.result import Report

_MAX_LINE_CHARACTERS = 2000


class RuleNotMet(Exception):
    """A rule failed or could not be decided, or the policy did not pass; its text is all that a reader needs.

    Args:
        text: text of the failure.
        reason: the failure in one line.
    """

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason


class PolicyFile(pytest.File):
    """A policy as a collection of tests, which share one audit.

    Args:
        outcomes: folder that the session's processes share.
        options: those of pytest.
    """

    def __init__(self, *, outcomes: Path, **options: Any) -> None:
        super().__init__(**options)
        self.rules: Sequence[str] = ()
        """Ids of the rules, whether or not their tests are chosen."""
        self._outcomes = outcomes

    def collect(self) -> Iterator["RuleItem"]:
        """Yield a test of each rule; the policy is read and resolved, but no model is loaded."""
        try:
            policy = self._policy()
        except AuditError as error:
            message = [plain(line, _MAX_LINE_CHARACTERS) for line in error.lines()]
            raise self.CollectError("\n".join(message)) from None
        lines = policy.rule_lines
        self.rules = list(lines)
        for rule, name in zip(self.rules, _names(self.rules), strict=True):
            yield RuleItem.from_parent(self, name=name, rule=rule, line=lines[rule])

    @property
    def audit(self) -> SessionAudit:
        """The audit that the tests of all of the session's processes share."""
        folder = self.config.invocation_params.dir
        policy = _path_from(folder, self.path)
        return SessionAudit(policy=policy, folder=folder, out=self._out, outcomes=self._outcomes)

    @cached_property
    def report(self) -> Report:
        """The report of the audit, which the first process that needs it makes."""
        return self.audit.report()

    def _policy(self) -> ResolvedPolicy:
        with (
            warnings.catch_warnings()
        ):  # of libraries: those that test the model may not turn them into errors
            warnings.simplefilter("ignore")
            policy = load_policy(_path_from(Path.cwd(), self.path))
        if policy.rules:
            return policy
        raise AuditError(
            where=f"{policy.path}: gate.rules",
            expected="at least one rule: each is a test",
            found="none",
            fix="add a rule, or leave 'gate' out to use the default rules",
        )

    @property
    def _out(self) -> Path:
        """Directory of the reports: as `audit run` names it for `audit.yaml`, with the name of another policy."""
        name = f"{self.path.name.removesuffix('audit.yaml')}audit-report"
        out = self.config.getoption("--audit-out")
        if out is None:
            return Path(_path_from(self.config.invocation_params.dir, self.path.with_name(name)))
        below = [part for part in Path(self.nodeid).parent.parts if part not in ("..", os.sep)]
        return Path(out, *below, name)


class RuleItem(pytest.Item):
    """The test that a rule of the policy passes.

    Args:
        rule: id of the rule.
        line: its line in the policy, from 1.
        options: those of pytest.
    """

    def __init__(self, *, rule: str, line: int, **options: Any) -> None:
        super().__init__(**options)
        self.rule = rule
        self.line = line

    def setup(self) -> None:
        """Have the audit made, unless it was made in this session."""
        report = self.policy_file.report
        self.user_properties[:] = properties(self.rule, report)

    def runtest(self) -> None:
        """Pass if the rule does; skip it if it is waived, or undecided where that is not to fail."""
        report = self.policy_file.report
        rule = next((rule for rule in report.rules if rule.id == self.rule), None)
        if rule is None:
            raise _without_decision(report)
        if rule.status == "waived":
            raise _skipped(waiver(rule))
        if rule.status == "inconclusive" and not self._undecided_fails:
            raise _skipped(f"not decided: {failure_reason(rule, report).removeprefix('not decided: ')}")
        if rule.status != "pass":
            text = f"{failure_text(rule, report)}\nReport: {self.policy_file.audit.out}"
            raise RuleNotMet(text, failure_reason(rule, report))

    def teardown(self) -> None:
        """After the policy's last test, fail if the audit did not pass for a reason that is no test's.

        The report says whether it did, so that one process of several fails, and what is chosen by ``-k`` or as failed
        last time makes no difference.
        """
        if self is not self._last or "report" not in self.policy_file.__dict__:
            return
        rules = self.policy_file.rules
        if problems := problems_without_test(self.policy_file.report, rules, self._undecided_fails):
            raise RuleNotMet("\n".join(problems), problems[0].splitlines()[0])

    def _repr_failure_py(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the text of a failure, at the rule's line in the policy; a fault of ours has its traceback.

        Not `repr_failure`, which pytest does not ask about errors before and after a test.
        """
        error = excinfo.value
        if not isinstance(error, RuleNotMet | AuditNotMade):
            return super()._repr_failure_py(excinfo, style)
        lines = [line.strip() for line in str(error).splitlines()]
        reason = error.reason if isinstance(error, RuleNotMet) else "; ".join(lines)
        return ReprExceptionInfo(
            ReprTracebackNative([f"{error}\n"]), ReprFileLocation(str(self.path), self.line, reason)
        )

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the place of the rule: file, line from 0, and the test's name."""
        return self.path, self.line - 1, self.name

    @property
    def policy_file(self) -> PolicyFile:
        """The policy that the rule is of."""
        policy_file = self.parent
        if not isinstance(policy_file, PolicyFile):
            raise TypeError(f"{policy_file!r} is not a policy")
        return policy_file

    @property
    def _undecided_fails(self) -> bool:
        return bool(self.config.getoption("--audit-undecided") == "fail")

    @property
    def _last(self) -> pytest.Item:
        """The last of the session's tests of this policy, in every process of a session the same one."""
        return [item for item in self.session.items if item.path == self.path][-1]


def _without_decision(report: Report) -> BaseException:
    """Return the outcome of a test whose rule is not in the report."""
    if not report.policy.default_rules:
        return RuleNotMet(text := "the report has no such rule: the policy was changed meanwhile", text)
    rules = quote_list(rule.id for rule in report.rules)
    return _skipped(f"not a default rule for the classes of these data; the report has {plain(rules, 500)}")


def _skipped(reason: str) -> BaseException:
    exception = pytest.skip.Exception(reason)
    exception._use_item_location = True  # the policy's line, not the one above
    return exception


def _names(rules: Sequence[str]) -> Iterator[str]:
    """Yield a name for each rule that a node id can hold: its own id, unless that hides or has a ``::``."""
    names: dict[str, int] = {}
    for rule in rules:
        metric, bracket, where = dotted(rule).partition("[")
        name = metric.replace("::", ":") + bracket + where
        names[name] = names.get(name, 0) + 1
        yield name if names[name] == 1 else f"{name}#{names[name]}"


def _path_from(folder: Path, path: Path) -> str:
    """Return ``path`` as one would type it in ``folder``."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
