"""A running audit in the parent: what the children handed over, and what the present one is doing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from audit.conclusion.facts import AuditFacts, Measured
from audit.conclusion.observers import Observers
from audit.errors import AuditError, ToolFault
from audit.formats.json import result_from_plain
from audit.result import CheckResult
from audit.worker.messages import Message, facts_from_plain


class RunningAudit:
    """Facts, results and seconds of an audit, as its children hand them over one after the other.

    Args:
        observers: callbacks for what the children report.
    """

    def __init__(self, observers: Observers) -> None:
        self.results: dict[str, CheckResult] = {}
        self._observers = observers
        self._facts: AuditFacts | None = None
        self._seconds: dict[str, float] = {}
        self._started = datetime.now(UTC).isoformat()
        self._step = "reading the policy and its checks"
        self._is_opened = False
        self._is_scored = False

    @property
    def is_complete(self) -> bool:
        """Whether every check has a result."""
        return self._facts is not None and not self._missing

    @property
    def measured(self) -> Measured:
        """All that was measured, in the report's order."""
        facts = self._scored_facts
        return Measured(
            facts=facts,
            results=[self.results[name] for name in facts.checks],
            started=self._started,
            seconds=self._seconds,
        )

    def take(self, message: Message) -> None:
        """Record a message of the child, and call the observer that it is for.

        Raises:
            AuditError, ToolFault, SystemExit, KeyboardInterrupt: the child ended with it.
            ValueError: its content is not what its kind has.
        """
        handler = getattr(self, f"_on_{message.kind}", None)
        if handler is None:
            raise ValueError(f"a message {message.kind!r:.40}")
        handler(message.content)

    def lose(self, ending: str) -> None:
        """Record how the child ended: the check that it was at, if any is missing, crashed.

        Raises:
            AuditError: no child has scored the rows yet.
        """
        if self._facts is None:
            raise AuditError(
                where="audit run",
                expected="a process that loads policy, data and model and scores all rows",
                found=f"it {ending}, while {self._step}",
                fix="run again with --debug, which shows the output of libraries and where native code failed",
            )
        # a child that did not even score the rows again would not do so a third time
        for name in self._missing[: 1 if self._is_scored else None]:
            self._crash(name, f"the process that measured it {ending}")
        self._is_scored = False

    def stop(self, timeout: str) -> None:
        """Record that the time is over: every missing check crashed.

        Raises:
            AuditError: no child has scored the rows yet.
        """
        if self._facts is None:
            raise AuditError(
                where=f"--timeout {timeout}",
                expected="all rows scored within that time",
                found=f"it ended while {self._step}",
                fix="give more time or fewer rows",
            )
        for name in self._missing:
            self._crash(name, f"it had not finished when --timeout {timeout} was over")

    @property
    def _missing(self) -> list[str]:
        """The checks without a result, in the order in which children run them."""
        return [name for name in self._facts.checks if name not in self.results] if self._facts else []

    def _crash(self, name: str, reason: str) -> None:
        self._observers.crash(name, reason)
        summary = self._scored_facts.checks[name]
        self.results[name] = CheckResult(name=name, status="crashed", reason=reason, summary=summary)

    @property
    def _scored_facts(self) -> AuditFacts:
        if self._facts is None:
            raise RuntimeError("no child has scored the rows yet")
        return self._facts

    def _on_step(self, step: str) -> None:
        self._step = step

    def _on_progress(self, content: Any) -> None:
        step, done, total = content
        self._step = f"{step}: {done:,} of {total:,} done"
        self._observers.progress(step, done, total)

    def _on_note(self, text: str) -> None:
        self._observers.note(text)

    def _on_crash(self, content: Any) -> None:
        self._observers.crash(*content)

    def _on_opened(self, _: None) -> None:
        if not self._is_opened:
            self._observers.opened()
        self._is_opened = True

    def _on_scored(self, content: Any) -> None:
        plain, seconds = content
        facts = facts_from_plain(plain)
        # a cluster may have lost a node since
        if self._facts and replace(facts, execution=self._facts.execution) != self._facts:
            raise AuditError(
                where="audit run",
                expected="model and data that do not change while they are audited",
                found="others than before a check ended the process that measured",
                fix="run the audit again",
            )
        self._facts = facts
        self._is_scored = True
        self._seconds["load"] = self._seconds.get("load", 0.0) + seconds
        self._observers.scored(facts, seconds)

    def _on_finished(self, content: Any) -> None:
        plain, seconds = content
        result = result_from_plain(plain)
        if result.name not in self._missing:
            raise ValueError(f"a result of {result.name!r:.40}")
        self.results[result.name] = result
        self._seconds[result.name] = seconds
        self._observers.finished(result, seconds)

    def _on_done(self, _: None) -> None:
        pass

    def _on_error(self, content: Any) -> None:
        raise AuditError(**content)

    def _on_fault(self, content: Any) -> None:
        raise ToolFault(*content)

    def _on_left(self, code: str) -> None:
        raise SystemExit(code)

    def _on_interrupted(self, _: None) -> None:
        raise KeyboardInterrupt
