"""Results of a self-test, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from audit.mutants.verdicts import RuleVerdict
from audit.result import RuleResult

Outcome = Literal["caught", "refused", "missed", "not made", "not measured", "left out"]
"""Outcome of a mutant. ``refused``: the audit itself did not accept its scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The result of one mutant, named ``variant``: each rule's verdict by id, and the rules that caught it.

    ``reason`` is why it was refused, not made, not measured or left out; ``advice`` is a kind of rule that would catch
    it.
    """

    variant: str
    about: str
    outcome: Outcome
    caught_by: list[str] = field(default_factory=list)
    rules: dict[str, RuleVerdict] = field(default_factory=dict)
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """The rules' results for the candidate, and the results of its mutants (``variants``).

    ``policy`` is the digest of the effective policy; equal model, data, policy and seed give equal results.
    """

    policy: str
    seed: int
    candidate: list[RuleResult]
    variants: list[Tried]

    def of(self, *outcomes: Outcome) -> list[Tried]:
        """Return the mutants with these outcomes."""
        return [result for result in self.variants if result.outcome in outcomes]
