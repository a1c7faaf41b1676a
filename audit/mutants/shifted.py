"""Variants that score one group lower."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.data.protected_attributes import Attribute
from audit.mutants import score_mutations as broken
from audit.mutants.candidate import Candidate
from audit.mutants.effect_sizes import halving_shift
from audit.mutants.mutant import LeftOut, Variant


def shifted_groups(candidate: Candidate) -> Iterator[Variant | LeftOut]:
    """Of each protected attribute, the largest unprivileged group is scored lower."""
    protected = candidate.subject.policy.data.protected
    if not protected:
        yield LeftOut(name="shifted group", reason="the policy protects no attribute (data.protected)")
    for attribute in candidate.subject.attributes:
        if attribute.name in protected:
            yield _shifted_group(candidate, attribute)


def _shifted_group(candidate: Candidate, attribute: Attribute) -> Variant | LeftOut:
    counts = np.bincount(attribute.codes)
    group = max(attribute.unprivileged, key=lambda index: counts[index])
    name, rows = f"shifted group: {attribute.name}={attribute.groups[group]}", counts[group]
    policy, decider = candidate.subject.policy, candidate.subject.decider
    least = policy.gate.min_rows if policy.gate else 0
    if rows < least:
        return LeftOut(name=name, reason=f"{rows:,} rows, fewer than gate.min_rows ({least:,})")
    if candidate.is_regression and decider.at_least is None:
        return LeftOut(name=name, reason="the policy names no favourable outcome of the regression")
    if decider.threshold <= 0 and candidate.head.width <= 2 and not candidate.is_regression:
        return LeftOut(name=name, reason="at data.threshold 0 every score is favourable: no rate can halve")
    member = attribute.codes == group
    by = halving_shift(candidate.margin(candidate.scores)[member])
    if by is None:
        return LeftOut(name=name, reason="none of its rows is decided favourably: no rate can halve")
    return Variant(
        name=name,
        about=f"{by:.3g} less {'predicted' if candidate.is_regression else 'log-odds'} for {rows:,} rows: "
        "about half of those that were decided favourably no longer are",
        advice=f"fairness.disparate_impact where {{attribute: {attribute.name}}}, at_least 0.8",
        change=lambda flag: broken.shifted(candidate.head, decider.favorable, by, flag),
        column=member.astype(np.float64),
    )
