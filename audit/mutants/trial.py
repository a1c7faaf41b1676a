"""Makes a variant on disk, as a user's export, and audits it under the policy."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.errors import AuditError
from audit.mutants.added_column import with_column
from audit.mutants.export import export_variant
from audit.mutants.mutant import NotMade, Variant
from audit.policy.model import DataSpec, ModelSpec, OutputSpec, Policy, ResolvedPolicy
from audit.subject.subject import Subject

_Spec = TypeVar("_Spec", ModelSpec, DataSpec)

_ADDED = "selftest_added"
_REFUSALS = ("model.classes", "model.output")
"""What an error is about when the audit refuses the scores themselves; any other is a fault of the trial."""


def make(variant: Variant, policy: ResolvedPolicy, subject: Subject, folder: Path) -> ResolvedPolicy:
    """Write what the variant changes into ``folder`` and return the policy that audits it.

    Raises:
        NotMade: the model's graph cannot be written again, or the data cannot be given a column.
    """
    if variant.favorable is not None:
        return policy.model_copy(update={"data": _updated(policy.data, favorable=variant.favorable)})
    assert variant.change is not None  # it changes scores if it does not change the policy
    background = _background(policy)
    added = _free_name(subject, background) if variant.column is not None else None
    try:
        export_variant(subject.model, variant.change(added or ""), folder / "model", added)
    except Exception as error:  # whatever a graph holds that cannot be written again
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        raise NotMade(f"the model cannot be exported again: {type(error).__name__}: {first[:300]}") from error
    model = _model(policy.model, subject, folder / "model", added)
    data = policy.data
    if added and variant.column is not None:
        data = _with_column(data, subject.source, background, added, variant.column, folder)
    return policy.model_copy(update={"model": model, "data": data})


def _model(spec: ModelSpec, subject: Subject, path: Path, added: str | None) -> ModelSpec:
    """Return the variant's model, with everything said that was detected of the candidate.

    What the policy says of inputs that the candidate lacks stays: they are the baseline's.
    """
    inputs = {**spec.inputs, **{feed.name: list(feed.reads) for feed in subject.feeds}}
    inputs |= {added: [added]} if added else {}
    kind = subject.decider.head.kind
    output = OutputSpec(kind="probabilities" if kind == "sigmoid" else kind, name=subject.model.output)
    return _updated(spec, path=str(path), inputs=inputs, output=output)


def _with_column(
    data: DataSpec, source: Source, background: Source | None, name: str, values: np.ndarray, folder: Path
) -> DataSpec:
    """Return the data with a column more; in the background its values are those of the audited rows, in turn."""
    path = str(with_column(source, name, values, folder, "data"))
    if background is None:
        return _updated(data, path=path)
    return _updated(
        data, path=path, background=str(with_column(background, name, values, folder, "background"))
    )


def _background(policy: Policy) -> Source | None:
    base = Path(policy.path).parent if policy.path else None
    return open_source(policy.data.background, base) if policy.data.background else None


def _free_name(subject: Subject, background: Source | None) -> str:
    taken = {*subject.source.schema.names, *subject.model.signature.inputs, *subject.model.fed}
    taken |= set(background.schema.names) if background else set()
    name = _ADDED
    while name in taken:
        name += "_"
    return name


def _updated(spec: _Spec, **given: object) -> _Spec:
    return spec.model_copy(update=given)


def refuses(error: AuditError) -> bool:
    """Tell whether the audit refused a variant for its scores."""
    return error.where in _REFUSALS
