"""Share of decisions that change when only a protected attribute of the row does, its proxies left as they are.

Source: the causal discrimination score of Galhotra, Brun and Meliou, "Fairness Testing: Testing Software for
Discrimination" (ESEC/FSE 2017), on sampled rows of the data; of a text's words, the flips of counterfactual token
fairness (Garg et al., AIES 2019). No causal model is assumed: columns that follow from the attribute do not change with
it, as they would in the counterfactual fairness of Kusner et al. (NeurIPS 2017), and a row is not mapped to a similar
one of the other group, as in FlipTest (Black, Yeom and Fredrikson, FAT* 2020).
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from audit.checks.explainability.changed_groups import GroupChanger, group_changers
from audit.checks.explainability.counterfactual_flips import Flips, affordable_rows, compute_flips, decisions
from audit.checks.explainability.counterfactual_table import counterfactual_table
from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.errors import AuditError, MachineFault, quote_list
from audit.inputs.features import Rows
from audit.result import Measurement, Note
from audit.stats.group_rates import rates
from audit.stats.influence import Shares, Traced, TracedEvidence
from audit.subject.subject import Subject

_RATE = "counterfactual_flip_rate"


def counterfactual_evidence(
    subject: Subject, protected: ProtectedColumns, budget: float
) -> Iterator[TracedEvidence]:
    """Yield the flip rate of each attribute and intersection that the model reads, and the table ``counterfactual``.

    Args:
        subject: the model and the data.
        protected: the columns of each attribute.
        budget: multiply-adds that rows with changed groups may take; they bound the number of rows.
    """
    sample = subject.features.data.sample(affordable_rows(subject, budget))
    changers = list(group_changers(subject, protected, sample))
    if not changers:
        return
    if not subject.decision_rule.has_decisions:
        yield _undecided_note(changers)
        return
    yield from _sample_notes(subject, sample, changers)
    before = decisions(subject, sample.matrix)
    measured: list[Flips] = []
    for changer in changers:
        try:
            measured.append(compute_flips(subject, sample, changer, before))
        except MachineFault:
            raise
        except AuditError as error:  # the data is sound: it was scored before
            yield _failure_note(changer.attribute.name, error)
    if measured:
        yield from (_rate(flips, sample, subject) for flips in measured)
        yield counterfactual_table(measured, sample, subject)


def _rate(flips: Flips, sample: Rows, subject: Subject) -> Traced:
    parts = (None if part is None else part[sample.index] for part in (subject.weights, subject.clusters))
    of_rows = rates(flips.any, np.zeros(len(flips.any), np.int64), 1, *parts)
    value = float(of_rows.value[0])
    measurement = Measurement(
        metric=f"explainability.{_RATE}",
        value=value,
        n=len(flips.any),
        method="clopper-pearson",
        counts={"rate": of_rows.counts(0)},
        where={"attribute": flips.changer.attribute.name},
        permuted_range=(value, value) if flips.is_constant else None,
    )
    return Traced(measurement, partial(_trace, flips.any, sample.index, subject.rows))


def _trace(event: np.ndarray, index: np.ndarray, rows: int) -> Shares:
    within, happened = np.zeros((2, rows), bool)
    within[index] = True
    happened[index] = event
    return Shares({"rate": (within, happened)})


def _sample_notes(subject: Subject, sample: Rows, changers: Sequence[GroupChanger]) -> Iterator[Note]:
    """Yield how many rows are rescored, if not all, and the groups that no row could be changed to."""
    if len(sample.index) < subject.rows:
        yield Note(
            text=f"Decisions under a changed protected attribute were computed for {len(sample.index):,} of "
            f"{subject.rows:,} rows."
        )
    for changer in changers:
        groups = changer.attribute.groups
        absent = [group for place, group in enumerate(groups) if place not in changer.targets]
        if absent:
            yield Note(
                text=f"{_RATE} of {changer.attribute.name} does not include changes to {quote_list(absent)}: no "
                "sampled row shows the group's values.",
                about={"attribute": [changer.attribute.name]},
            )


def _undecided_note(changers: Sequence[GroupChanger]) -> Note:
    return Note(
        text=f"{_RATE} was not measured: a regression needs data.favorable: {{at_least: NUMBER}} to have decisions "
        "that can change.",
        about={"attribute": [changer.attribute.name for changer in changers]},
    )


def _failure_note(attribute: str, error: AuditError) -> Note:
    return Note(
        text=f"{_RATE} was not measured for {attribute}: the model fails on rows whose group was changed: "
        f"{error.found} (of the changed rows, not of the data).",
        about={"attribute": [attribute]},
    )
