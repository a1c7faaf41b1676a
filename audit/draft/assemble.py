"""Assembly of a draft policy, which is validated before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from audit.data.arrow_columns import null_count
from audit.data.category_codes import Coder, typed
from audit.data.dataset import Dataset, read_dataset
from audit.data.protected_attributes import MAX_NUMBERS
from audit.data.readers.registry import locate, open_source
from audit.data.source import Source
from audit.draft.guess import guess_protected
from audit.draft.sample_size import undecidable
from audit.draft.yaml_text import policy_text
from audit.inputs.binding import bind, unbound
from audit.inputs.feeds import Feed
from audit.model.model import Model, open_model
from audit.policy.model import DataSpec, ModelSpec, ResolvedPolicy
from audit.registry.artifact import find_model

Resolve = Callable[[Mapping[str, object]], ResolvedPolicy]
"""Resolves the content of a policy file against the installed checks."""


@dataclass(frozen=True)
class Draft:
    """A policy's text, with remarks for its author: guesses, nulls, rules that cannot be decided."""

    text: str
    remarks: list[str]


def draft(model_path: str, data: str, label: str, base: Path, policy_from: Resolve) -> Draft:
    """Draft a policy for the model at ``model_path`` on the table at ``data``, to lie in the directory ``base``.

    Args:
        model_path: path of the model, as the policy will name it.
        data: path of the table, as the policy will name it.
        label: name of the column of labels.
        base: directory for relative paths.
        policy_from: resolves the drafted content.

    Raises:
        AuditError: model or data cannot be read, or an input of the model has no column.
    """
    source = open_source(data, base)
    source.require([label])
    model = open_model(ModelSpec(path=model_path), find_model(locate(model_path, base)))
    regression = _is_regression(source, label, model)
    protected = {} if regression else guess_protected(source, {label})
    spec = DataSpec(path=data, label=label, protected=protected)
    model = model.without(unbound(model.fed, {}, spec, source.schema))
    feeds = bind(model.fed, {}, spec, source.schema, model_path)
    table = read_dataset(spec, source, regression)
    policy = policy_from(_content(model_path, spec, regression))
    thin = _thin(policy, table)
    nulls = _nulls(source, feeds)
    text = policy_text(policy, table, feeds, nulls, thin)
    policy_from(YAML(typ="safe", pure=True).load(text))  # what is written is a policy
    return Draft(text, list(_remarks(spec, nulls, thin)))


def _is_regression(source: Source, label: str, model: Model) -> bool:
    """Return whether it is a regression: one output that is no sigmoid, and a numeric label of many values."""
    if model.width != 1 or model.operation.type == "Sigmoid":
        return False
    coder = Coder()
    for batch in source.batches([label]):
        coder.add(batch.column(0))
    values = typed(coder.values)
    return len(values) > MAX_NUMBERS and not any(isinstance(value, str) for value in values)


def _content(model: str, spec: DataSpec, regression: bool) -> dict[str, object]:
    output = {"output": "regression"} if regression else {}
    data = spec.model_dump(mode="json", exclude_none=True, include={"path", "label", "protected"})
    return {"version": 1, "model": {"path": model, **output}, "data": data}


def _thin(policy: ResolvedPolicy, table: Dataset) -> dict[str, list[str]]:
    gate = policy.gate
    thin = {str(rule.id): undecidable(rule, table, gate.confidence, gate.min_rows) for rule in policy.rules}
    return {rule: sentences for rule, sentences in thin.items() if sentences}


def _nulls(source: Source, feeds: list[Feed]) -> dict[str, int]:
    numeric = {column: feed.dtype.name != "string" for feed in feeds for column in feed.reads}
    totals = dict.fromkeys(numeric, 0)
    for batch in source.batches(list(numeric)):
        for column in numeric:
            totals[column] += null_count(batch.column(column), numeric[column])
    return {column: count for column, count in totals.items() if count}


def _remarks(spec: DataSpec, nulls: dict[str, int], thin: dict[str, list[str]]) -> Iterator[str]:
    if spec.protected:
        yield f"guessed by name: {', '.join(spec.protected)} (privileged: the largest group). Check them."
    else:
        yield "no protected attribute was guessed: add them under data.protected, or fairness is not measured."
    for column, count in nulls.items():
        yield f"{column}: {count:,} rows have no value; say what the serving path sends under data.missing."
    for rule, sentences in thin.items():
        yield f"{rule}: these rows cannot decide it for {'; '.join(sentences)}."
