"""The catalogue of mutants of a candidate, made of its own scores without training anything."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from audit.data.protected_attributes import Attribute
from audit.mutants import score_mutations
from audit.mutants.candidate import Candidate, drowning_noise, halving_shift
from audit.mutants.mutant import Mutant, SkippedMutant
from audit.subject.predictions import Classified, Regressed


def mutants(candidate: Candidate) -> Iterator[Mutant | SkippedMutant]:
    """Yield the mutants one by one, and those that do not apply to the policy."""
    yield constant_score(candidate)
    yield flipped_labels(candidate)
    yield from shifted_groups(candidate)
    yield swapped_outcome(candidate)
    yield leaked_label(candidate)
    yield masked_gradients(candidate)
    yield noise(candidate)


def constant_score(candidate: Candidate) -> Mutant:
    """Every row gets the mean of the candidate's outputs."""
    return Mutant(
        name="constant score",
        about="every row gets the mean score",
        advice=_above_chance(candidate),
        change=partial(score_mutations.constant, outputs=candidate.raw.astype(np.float64).mean(axis=0)),
    )


def flipped_labels(candidate: Candidate) -> Mutant:
    """The scores of a model trained on flipped labels."""
    about = "as trained on flipped labels: each class has the score of the one before it, of two the other's"
    if candidate.is_regression:
        about = "as trained on flipped targets: predictions mirrored at their mean"
    mean = float(candidate.raw.astype(np.float64).mean())
    return Mutant(
        name="flipped labels",
        about=about,
        advice=_above_chance(candidate),
        change=partial(score_mutations.reversed_classes, head=candidate.head, mean=mean),
    )


def shifted_groups(candidate: Candidate) -> Iterator[Mutant | SkippedMutant]:
    """The largest unprivileged group of each protected attribute is scored lower."""
    protected = candidate.subject.policy.data.protected
    if not protected:
        yield SkippedMutant(name="shifted group", reason="the policy protects no attribute (data.protected)")
    for attribute in candidate.subject.attributes:
        if attribute.name in protected:
            yield _shifted_group(candidate, attribute)


def _shifted_group(candidate: Candidate, attribute: Attribute) -> Mutant | SkippedMutant:
    counts = np.bincount(attribute.codes)
    group = max(attribute.unprivileged, key=lambda index: counts[index])
    skipped = partial(SkippedMutant, name=f"shifted group: {attribute.name}={attribute.groups[group]}")
    rows = counts[group]
    rule = candidate.subject.decision_rule
    min_rows = candidate.subject.policy.gate.min_rows
    if rows < min_rows:
        return skipped(reason=f"{rows:,} rows, fewer than gate.min_rows ({min_rows:,})")
    if candidate.is_regression and rule.at_least is None:
        return skipped(reason="the policy names no favourable outcome of the regression")
    if rule.threshold <= 0 and candidate.head.width <= 2 and not candidate.is_regression:
        return skipped(reason="at data.threshold 0 every score is favourable: no rate can halve")
    member = attribute.codes == group
    by = halving_shift(candidate.margin(candidate.scores)[member])
    if by is None:
        return skipped(reason="none of its rows is decided favourably: no rate can halve")
    return Mutant(
        name=f"shifted group: {attribute.name}={attribute.groups[group]}",
        about=f"{by:.3g} less {'predicted' if candidate.is_regression else 'log-odds'} for {rows:,} rows: "
        "about half of those that were decided favourably no longer are",
        advice=f"fairness.disparate_impact where {{attribute: {attribute.name}}}, at_least 0.8",
        change=partial(score_mutations.shifted, head=candidate.head, favorable=rule.favorable, by=by),
        column=member.astype(np.float64),
    )


def swapped_outcome(candidate: Candidate) -> Mutant | SkippedMutant:
    """The policy's favourable outcome is the other one."""
    name = "swapped favourable outcome"
    scores = candidate.subject.scores
    if isinstance(scores, Regressed):
        return SkippedMutant(
            name=name, reason="a regression's favourable outcome is a lower limit and has no other side"
        )
    if not scores.has_outcomes:
        return SkippedMutant(name=name, reason="data.favorable names none of the classes")
    favorable = candidate.subject.decision_rule.favorable
    others = [value for index, value in enumerate(scores.classes) if index not in favorable]
    return Mutant(
        name=name,
        about=f"data.favorable is {', '.join(map(repr, others))}; scores and labels stay",
        advice="performance.selection_rate with at_least and at_most, around the rate that is expected",
        favorable=others,
    )


def leaked_label(candidate: Candidate) -> Mutant:
    """The label is one more input and decides nearly alone."""
    scores = candidate.subject.scores
    return Mutant(
        name="leaked label",
        about="the label, as a number, is one more input and decides nearly alone",
        advice="explainability.largest_share at_most 0.5, or performance.auc at_most what is believable",
        change=partial(score_mutations.leaked, head=candidate.head, spread=candidate.spread),
        column=scores.code.astype(np.float64) if isinstance(scores, Classified) else scores.target,
    )


def masked_gradients(candidate: Candidate) -> Mutant | SkippedMutant:
    """The scores are rounded, so that attacks find no gradient."""
    name = "masked gradients"
    if candidate.is_regression and candidate.subject.decision_rule.at_least is None:
        return SkippedMutant(
            name=name, reason="a regression without a favourable outcome has no decisions to attack"
        )
    step = {"logits": 0.1, "regression": candidate.spread / 10}.get(candidate.head.kind, 0.01)
    return Mutant(
        name=name,
        about=f"scores are rounded to multiples of {step:.3g}: no gradient is left, and next to no decision changes",
        advice="robustness.adversarial_accuracy where {attack: worst, eps: 0.1}, at_least what the candidate holds",
        change=partial(score_mutations.rounded, head=candidate.head, step=step),
        masks=True,
    )


def noise(candidate: Candidate) -> Mutant:
    """Noise halves the excess of the AUC over chance, or a regression's correlation with the target."""
    deviation = drowning_noise(candidate)
    effect = "the AUC is halfway to 0.5"
    if candidate.is_regression:
        effect = "the correlation with the target is half of it"
    elif not candidate.subject.scores.has_outcomes:
        effect = "the correlation with the candidate's scores is one half"
    metric = _ranking_metric(candidate)
    return Mutant(
        name="noise",
        about=f"noise that hangs on the row alone, of a standard deviation of {deviation:.3g}: {effect}",
        advice=f"performance.{metric} at_least, not far below the candidate's",
        change=partial(score_mutations.noised, head=candidate.head, deviation=deviation),
    )


def _ranking_metric(candidate: Candidate) -> str:
    if candidate.is_regression:
        return "r2"
    return "auc" if candidate.subject.scores.has_outcomes else "macro_auc"


def _above_chance(candidate: Candidate) -> str:
    if candidate.is_regression:
        return "performance.r2 at_least, above 0, which is what predicting the mean gives"
    metric = _ranking_metric(candidate)
    return f"performance.{metric} or performance.accuracy at_least, above what chance gives"
