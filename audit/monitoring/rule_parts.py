"""Measurements of a policy's rules on the parts of a batch, one after another."""

from collections.abc import Callable, Sequence

from audit.check import build_checks
from audit.check.entry_points import is_plug_in
from audit.check.isolation import process_state_restored
from audit.check.run import Crash, run_check
from audit.monitoring.part_subject import STREAMED, BatchPart
from audit.policy.gate_spec import Rule
from audit.policy.model import ResolvedPolicy
from audit.result import CheckResult, Measurement
from audit.subject.subject import Subject


class RuleParts:
    """The measurements of each part.

    ``reasons`` says of rules by id why their check measured nothing, and ``crashed`` has the ids of those whose check
    crashed; ``crash`` is called with its traceback.
    """

    def __init__(
        self, policy: ResolvedPolicy, subject_of: Callable[[BatchPart], Subject], crash: Crash
    ) -> None:
        self._policy = policy
        self._subject_of = subject_of
        self._crash = crash
        self._sampled: set[str] = set()
        self.measurements: list[list[Measurement]] = []
        self.reasons: dict[str, str] = {}
        self.crashed: set[str] = set()

    def measure(self, rules: Sequence[Rule], part: BatchPart) -> None:
        """Run the checks of some rules on a part; those that sample features run on the first part only."""
        rules = [rule for rule in rules if rule.check in STREAMED or rule.id not in self._sampled]
        self._sampled |= {str(rule.id) for rule in rules}
        names = {rule.check for rule in rules}
        metrics = {rule.metric for rule in rules}
        if not names:
            return
        subject = self._subject_of(part)
        measurements: list[Measurement] = []
        for name, check in build_checks(self._policy).items():
            if name not in names:
                continue
            with process_state_restored(is_plug_in(name)):
                result = run_check(name, check, subject, self._policy.gate.confidence, self._crash).result
            self._note_reason(result, rules)
            measurements += [one for one in result.measurements if one.metric in metrics]
        self.measurements.append(measurements)

    def _note_reason(self, result: CheckResult, rules: Sequence[Rule]) -> None:
        if result.status == "measured":
            return
        for rule in rules:
            if rule.check == result.name:
                self.reasons[str(rule.id)] = f"the check {result.name} {result.status}: {result.reason}"
                if result.status == "crashed":
                    self.crashed.add(str(rule.id))
