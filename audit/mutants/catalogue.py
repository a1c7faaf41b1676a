"""The broken variants of a candidate, made of its own scores without training anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.data.protected_attributes import Attribute
from audit.mutants import score_mutations as broken
from audit.mutants.candidate import Candidate
from audit.mutants.effect_sizes import drowning_noise, halving_shift
from audit.mutants.mutant import LeftOut, Variant
from audit.subject.predictions import Classified, Regressed


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


_ABOVE_CHANCE = "performance.auc or performance.accuracy at_least, above what chance gives"
_ABOVE_MEAN = "performance.r2 at_least, above 0, which is what predicting the mean gives"


def variants(candidate: Candidate) -> Iterator[Variant | LeftOut]:
    """Yield the variants one by one, and those that could say nothing of the policy."""
    yield constant(candidate)
    yield flipped(candidate)
    yield from shifted_groups(candidate)
    yield swapped(candidate)
    yield leaked(candidate)
    yield rounded(candidate)
    yield noised(candidate)


def constant(candidate: Candidate) -> Variant:
    """Every row gets the mean of the candidate's outputs."""
    mean = candidate.raw.astype(np.float64).mean(axis=0)
    return Variant(
        name="constant score",
        about="every row gets the mean score",
        advice=_ABOVE_MEAN if candidate.is_regression else _ABOVE_CHANCE,
        change=lambda _: broken.constant(mean),
    )


def flipped(candidate: Candidate) -> Variant:
    """As if it had been trained on flipped labels."""
    mean = float(candidate.raw.astype(np.float64).mean())
    about = "as trained on flipped labels: each class has the score of the one before it, of two the other's"
    if candidate.is_regression:
        about = "as trained on flipped targets: predictions mirrored at their mean"
    return Variant(
        name="flipped labels",
        about=about,
        advice=_ABOVE_MEAN if candidate.is_regression else _ABOVE_CHANCE,
        change=lambda _: broken.reversed_classes(candidate.head, mean),
    )


def swapped(candidate: Candidate) -> Variant | LeftOut:
    """The policy takes the other outcome for the favourable one."""
    name, scores = "swapped favourable outcome", candidate.subject.scores
    if isinstance(scores, Regressed):
        return LeftOut(
            name=name, reason="a regression's favourable outcome is a lower limit and has no other side"
        )
    chosen = candidate.subject.decider.favorable
    others = [value for index, value in enumerate(scores.classes) if index not in chosen]
    return Variant(
        name=name,
        about=f"data.favorable is {', '.join(map(repr, others))}; scores and labels stay",
        advice="performance.selection_rate with at_least and at_most, around the rate that is expected",
        favorable=others,
    )


def leaked(candidate: Candidate) -> Variant:
    """The label is one more input and decides nearly alone."""
    scores, head, spread = candidate.subject.scores, candidate.head, candidate.spread
    return Variant(
        name="leaked label",
        about="the label, as a number, is one more input and decides nearly alone",
        advice="explainability.largest_share at_most 0.5, or performance.auc at_most what is believable",
        change=lambda label: broken.leaked(head, spread, label),
        column=scores.code.astype(np.float64) if isinstance(scores, Classified) else scores.target,
    )


def rounded(candidate: Candidate) -> Variant | LeftOut:
    """The scores are rounded, so that attacks find no gradient."""
    name, kind = "masked gradients", candidate.head.kind
    if kind == "regression" and candidate.subject.decider.at_least is None:
        return LeftOut(
            name=name, reason="a regression without a favourable outcome has no decisions to attack"
        )
    step = {"logits": 0.1, "regression": candidate.spread / 10}.get(kind, 0.01)
    return Variant(
        name=name,
        about=f"scores are rounded to multiples of {step:.3g}: no gradient is left, and next to no decision changes",
        advice="robustness.adversarial_accuracy where {attack: worst, eps: 0.1}, at_least what the candidate holds",
        change=lambda _: broken.rounded(candidate.head, step),
        masks=True,
    )


def noised(candidate: Candidate) -> Variant:
    """Noise drowns half of what the ranking tells."""
    by = drowning_noise(candidate)
    worse = "the AUC is halfway to 0.5"
    if candidate.is_regression:
        worse = "the correlation with the target is half of it"
    return Variant(
        name="noise",
        about=f"noise that hangs on the row alone, of a standard deviation of {by:.3g}: {worse}",
        advice="performance.r2 at_least, not far below the candidate's"
        if candidate.is_regression
        else "performance.auc at_least, not far below the candidate's",
        change=lambda _: broken.noised(candidate.head, by),
    )
