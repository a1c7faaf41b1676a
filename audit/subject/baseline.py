"""The baseline: another model, read as far as it fits as the policy reads the candidate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.data.readers.registry import locate
from audit.errors import AuditError
from audit.model.model import Model, open_model
from audit.policy.model import ModelSpec, OutputSpec, Policy, ResolvedPolicy
from audit.registry.artifact import find_model
from audit.subject.scoring import Progress


@contextmanager
def of_the_baseline() -> Iterator[None]:
    """Say of every AuditError that it is about the baseline: the same sentence may hold for the candidate."""
    try:
        yield
    except AuditError as error:
        raise error.within("model.baseline") from error


def find_baseline(policy: Policy, base: Path | None) -> Path | None:
    """Return where the baseline lies; None if the policy names none.

    Raises:
        AuditError: there is nothing, or nothing that can be a model.
    """
    if policy.model.baseline is None:
        return None
    with of_the_baseline():
        return find_model(locate(policy.model.baseline, base))


def open_baseline(policy: ResolvedPolicy, path: Path, candidate: Model) -> tuple[ResolvedPolicy, Model]:
    """Load the baseline, and return the policy as it is for that one.

    Signature, classes and allowed operations are the candidate's. So are those of ``model.inputs`` that it has, the
    output's name if it has that, and the kind of the output if the same type of operation computes it; otherwise they
    are found as where the policy does not say.

    Raises:
        AuditError: it cannot be loaded.
    """
    given = policy.model
    assert given.baseline is not None  # it was found
    spec = given.model_copy(update={"path": given.baseline, "baseline": None})
    try:
        model = open_model(spec, path)
    except AuditError:
        if given.output.name is None:
            raise
        model = open_model(_with_output(spec, OutputSpec(kind=given.output.kind)), path)
    inputs = {name: columns for name, columns in given.inputs.items() if name in model.fed}
    alike = given.output.kind == "regression" or model.operation.type == candidate.operation.type
    kind = given.output.kind if alike else "auto"
    spec = _with_output(spec, OutputSpec(kind=kind, name=model.output)).model_copy(update={"inputs": inputs})
    return policy.model_copy(update={"model": spec}), model


def without_others_inputs(policy: ResolvedPolicy, candidate: Model, baseline: Model) -> ResolvedPolicy:
    """Return the policy as it is for the candidate: without ``model.inputs`` that only the baseline has."""
    inputs = {
        name: columns
        for name, columns in policy.model.inputs.items()
        if name in candidate.fed or name not in baseline.fed
    }
    return policy.model_copy(update={"model": policy.model.model_copy(update={"inputs": inputs})})


def told_apart(progress: Progress) -> Progress:
    """Return a progress that says that it is the baseline which something is done with."""
    return lambda doing, done, total: progress(f"{doing} the baseline", done, total)


def _with_output(spec: ModelSpec, output: OutputSpec) -> ModelSpec:
    return spec.model_copy(update={"output": output})
