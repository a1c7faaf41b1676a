"""Mutants on disk: the SavedModel and data of a mutant, and the policy that audits them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audit.mutants.added_column import with_column
from audit.mutants.export import export_mutant
from audit.mutants.mutant import CannotMutate, Mutant
from audit.policy.model import DataSpec, ModelSpec, OutputSpec, ResolvedPolicy
from audit.subject.subject import Subject

_ADDED_COLUMN = "selftest_added"


def make_mutant(mutant: Mutant, policy: ResolvedPolicy, subject: Subject, folder: Path) -> ResolvedPolicy:
    """Write what the mutant changes into ``folder`` and return the policy that audits it.

    Raises:
        CannotMutate: the model's graph cannot be written again, or the data cannot be given a column.
    """
    if mutant.favorable is not None:
        data = policy.data.model_copy(update={"favorable": mutant.favorable})
        return policy.model_copy(update={"data": data})
    assert mutant.change is not None  # it changes scores if it does not change the policy
    column = _free_name(subject) if mutant.column is not None else None
    try:
        export_mutant(subject.model, mutant.change, folder / "model", column)
    except Exception as error:  # whatever a graph holds that cannot be written again
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        raise CannotMutate(
            f"the model cannot be exported again: {type(error).__name__}: {first[:300]}"
        ) from error
    changes: dict[str, object] = {"model": _model(policy.model, subject, folder / "model", column)}
    if column and mutant.column is not None:
        changes["data"] = _with_column(policy.data, subject, column, mutant.column, folder)
    return policy.model_copy(update=changes)


def _model(spec: ModelSpec, subject: Subject, path: Path, column: str | None) -> ModelSpec:
    """Return the mutant's model, with everything declared that was detected of the candidate.

    What the policy says of inputs that the candidate lacks stays: they are the baseline's.
    """
    inputs = {**spec.inputs, **{feed.name: list(feed.reads) for feed in subject.feeds}}
    inputs |= {column: [column]} if column else {}
    kind = subject.decider.head.kind
    output = OutputSpec(kind="probabilities" if kind == "sigmoid" else kind, name=subject.model.output)
    return spec.model_copy(update={"path": str(path), "inputs": inputs, "output": output})


def _with_column(spec: DataSpec, subject: Subject, name: str, values: np.ndarray, folder: Path) -> DataSpec:
    """Return the data with one more column; the background's values are those of the audited rows, in turn."""
    changes = {"path": str(with_column(subject.source, name, values, folder, "data"))}
    if spec.background:
        changes["background"] = str(with_column(subject.background, name, values, folder, "background"))
    return spec.model_copy(update=changes)


def _free_name(subject: Subject) -> str:
    names = {*subject.source.schema.names, *subject.background.schema.names}
    names |= {*subject.model.signature.inputs, *subject.model.fed}
    name = _ADDED_COLUMN
    while name in names:
        name += "_"
    return name
