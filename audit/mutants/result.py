"""What a self-test found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from audit.mutants.verdicts import Cell
from audit.result import RuleResult

Outcome = Literal["caught", "refused", "missed", "not made", "not measured", "left out"]
"""What became of a variant. ``refused``: the audit itself did not accept its scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One variant. ``rules`` says what each rule says of it, by id, and ``caught_by`` which of them caught it.

    ``reason`` is why it was refused, not made, not measured or left out; ``advice`` is a kind of rule that would catch
    it.
    """

    variant: str
    about: str
    outcome: Outcome
    caught_by: list[str] = field(default_factory=list)
    rules: dict[str, Cell] = field(default_factory=dict)
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """What a policy's rules say of the candidate and of its broken variants.

    ``policy`` is the digest of the effective policy; equal model, data, policy and seed give equal results.
    """

    policy: str
    seed: int
    candidate: list[RuleResult]
    variants: list[Tried]

    def of(self, *outcomes: Outcome) -> list[Tried]:
        """Return the variants of these outcomes."""
        return [tried for tried in self.variants if tried.outcome in outcomes]
