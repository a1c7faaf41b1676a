"""The baseline: a second model, audited on the candidate's rows under the same policy as far as it applies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.errors import AuditError
from audit.model.model import Model, open_model
from audit.policy.model import OutputSpec, Policy, ResolvedPolicy
from audit.registry.artifact import ModelSource, find_model
from audit.subject.scoring import Progress
from audit.subject.sources import AuditedModel


@contextmanager
def of_the_baseline() -> Iterator[None]:
    """Context that says of every AuditError that it is about the baseline: it may hold for the candidate too."""
    try:
        yield
    except AuditError as error:
        raise error.within("model.baseline") from error


def find_baseline(policy: Policy, base: Path | None) -> ModelSource | None:
    """Return where the baseline model is, or None if the policy names none.

    Raises:
        AuditError: there is nothing, or nothing that can be a model.
    """
    if policy.model.baseline is None:
        return None
    with of_the_baseline():
        return find_model(policy.model.baseline, base)


def open_baseline(policy: ResolvedPolicy, source: ModelSource, candidate: Model) -> AuditedModel:
    """Return the baseline model, loaded, with the policy as it applies to it.

    Signature, classes and allowed operations are the candidate's. So are those of ``model.inputs`` that it has, the
    output's name if it has that, and the kind of the output if the same type of operation computes it; otherwise they
    are found as if the policy did not say.

    Raises:
        AuditError: it cannot be loaded.
    """
    spec = policy.model.model_copy(update={"path": policy.model.baseline, "baseline": None})
    output = spec.output
    try:
        model = open_model(spec, source.path)
    except AuditError:
        if output.name is None:
            raise
        model = open_model(spec.model_copy(update={"output": OutputSpec(kind=output.kind)}), source.path)
    same_kind = output.kind == "regression" or model.operation.type == candidate.operation.type
    output = OutputSpec(kind=output.kind if same_kind else "auto", name=model.output, column=model.column)
    inputs = {name: columns for name, columns in spec.inputs.items() if name in model.fed}
    spec = spec.model_copy(update={"output": output, "inputs": inputs})
    resolved = policy.model_copy(update={"model": spec})
    return AuditedModel(policy=resolved, path=source.path, model=model, registry=source.registry)


def without_baseline_inputs(policy: ResolvedPolicy, candidate: Model, baseline: Model) -> ResolvedPolicy:
    """Return the policy as it applies to the candidate: without ``model.inputs`` that only the baseline has."""
    inputs = {
        name: columns
        for name, columns in policy.model.inputs.items()
        if name in candidate.fed or name not in baseline.fed
    }
    return policy.model_copy(update={"model": policy.model.model_copy(update={"inputs": inputs})})


def with_baseline_label(progress: Progress) -> Progress:
    """Return a progress callback that names the baseline in every step."""
    return lambda step, done, total: progress(f"{step} the baseline", done, total)
