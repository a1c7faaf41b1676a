"""Assembly of a draft policy, which is validated before it is written.

Protected attributes are guessed by the names of columns; the policy says that they are guesses.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from audit.data.arrow_columns import null_count, numbers
from audit.data.category_codes import Coder
from audit.data.column_types import is_single
from audit.data.dataset import read_dataset
from audit.data.protected_attributes import MAX_NUMBERS, MISSING, AttributeReader
from audit.data.readers.registry import locate, open_source
from audit.data.source import Source
from audit.draft.sample_size import undecidable
from audit.draft.yaml_text import policy_text
from audit.errors import AuditError
from audit.inputs.binding import bind, unbound
from audit.inputs.feeds import Feed
from audit.model.model import Model, open_model
from audit.policy.model import DataSpec, ModelSpec, Protected, ResolvedPolicy
from audit.registry.artifact import find_model
from audit.result import Scalar
from audit.values import scalar

Resolve = Callable[[Mapping[str, object]], ResolvedPolicy]
"""Resolves the content of a policy file against the installed checks."""

_WORDS = {
    *("sex", "gender", "race", "ethnicity", "ethnic", "age", "religion"),
    *("nationality", "citizenship", "disability", "disabled", "pregnancy"),
}
_AGE_EDGES = [25.0, 60.0]


@dataclass(frozen=True)
class Draft:
    """A policy's text, with remarks for its author: guesses, nulls, rules that cannot be decided."""

    text: str
    remarks: list[str]


def draft(model_path: str, data: str, label: str, base: Path, policy_from: Resolve) -> Draft:
    """Draft a policy for the model at ``model_path`` on the table at ``data``, to lie in the directory ``base``.

    Relative paths start at ``base`` as well; ``policy_from`` resolves the drafted content.

    Raises:
        AuditError: model or data cannot be read, or an input of the model has no column.
    """
    source = open_source(data, base)
    source.require([label])
    model = open_model(ModelSpec(path=model_path), find_model(locate(model_path, base)))
    regression = _is_regression(source, label, model)
    protected = {} if regression else _guess_protected(source, label)
    spec = DataSpec(path=data, label=label, protected=protected, csv=source.csv)
    model = model.without(unbound(model.fed, {}, spec, source.schema))
    feeds = bind(model.fed, {}, spec, source.schema, model_path)
    table = read_dataset(spec, source, "regression" if regression else "auto")
    policy = policy_from(_content(model_path, spec, regression))
    reasons = {str(rule.id): list(undecidable(rule, table, policy.gate)) for rule in policy.rules}
    thin = {rule: sentences for rule, sentences in reasons.items() if sentences}
    nulls = _nulls(source, feeds)
    text = policy_text(policy, table, feeds, nulls, thin)
    policy_from(YAML(typ="safe", pure=True).load(text))  # what is written is a policy
    return Draft(text, [*source.notes, *_remarks(spec, nulls, thin), *table.warnings])


def _is_regression(source: Source, label: str, model: Model) -> bool:
    """Return whether it is a regression: one output that is no sigmoid, and a numeric label of many values."""
    if model.width != 1 or model.operation.type == "Sigmoid":
        return False
    values = _distinct(source, label)
    return len(values) > MAX_NUMBERS and _are_numbers(values)


def _distinct(source: Source, column: str) -> list[Scalar]:
    coder = Coder(column)
    for batch in source.batches([column]):
        coder.add(batch.column(0))
    return list(map(scalar, coder.values))


def _are_numbers(values: list[Scalar]) -> bool:
    return not any(isinstance(value, str) for value in values)


def _guess_protected(source: Source, label: str) -> dict[str, Protected]:
    """Return attributes by name, each with its largest group as privileged, in file order."""
    columns = [field.name for field in source.schema if field.name != label and is_single(field.type)]
    named = [name for name in columns if not _WORDS.isdisjoint(re.split(r"[^a-z]+", name.lower()))]
    guesses = {name: _guess(source, name) for name in named}
    return {name: guess for name, guess in guesses.items() if guess is not None}


def _guess(source: Source, name: str) -> Protected | None:
    # of more than MAX_NUMBERS values, numbers are binned, and texts are no attribute
    values = _distinct(source, name)
    if len(values) < 2 or (len(values) > MAX_NUMBERS and not _are_numbers(values)):
        return None
    if len(values) <= MAX_NUMBERS:
        return _with_largest(source, name, Protected(privileged=[str(values[0])]))
    edges = [e for e in _AGE_EDGES if min(map(float, values)) < e <= max(map(float, values))]
    edges = edges or [float(f"{_median(source, name):.3g}")]
    return _with_largest(source, name, Protected(privileged=[f"<{edges[0]:.12g}"], bins=edges))


def _with_largest(source: Source, name: str, spec: Protected) -> Protected | None:
    """Return ``spec`` with the largest group as privileged; None for a single group."""
    reader = AttributeReader(name, spec)
    row = 1
    for batch in source.batches([name]):
        reader.add(batch, row)
        row += batch.num_rows
    try:
        rows = reader.attribute().rows
    except AuditError:
        return None
    rows.pop(MISSING, None)
    return spec.model_copy(update={"privileged": [max(rows, key=lambda group: rows[group])]})


def _median(source: Source, name: str) -> float:
    values = [numbers(batch.column(0), name, 1, fill=float("nan")) for batch in source.batches([name])]
    return float(np.nanmedian(np.concatenate(values)))


def _content(model: str, spec: DataSpec, regression: bool) -> dict[str, object]:
    output = {"output": "regression"} if regression else {}
    data = spec.model_dump(mode="json", exclude_none=True, include={"path", "label", "protected", "csv"})
    return {"version": 1, "model": {"path": model, **output}, "data": data}


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
