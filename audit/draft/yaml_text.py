"""The draft's text: YAML with a comment wherever its author has to decide something."""

import json
import re
from collections.abc import Iterator, Mapping

from audit.data.dataset import Dataset
from audit.data.labels import Labels
from audit.inputs.feeds import Feed
from audit.policy.gate_spec import Rule
from audit.policy.model import Protected, ResolvedPolicy

_REPORT_ROWS = "#   rows: masked          # real rows in the report: shown | masked (values as ranges) | none"
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}


def policy_text(
    policy: ResolvedPolicy,
    table: Dataset,
    feeds: list[Feed],
    nulls: Mapping[str, int],
    thin: Mapping[str, list[str]],
) -> str:
    """Return the YAML of ``policy`` with comments about these rows."""
    lines = ["# Drafted by 'audit init'. The limits are starting points, not advice: decide each of them."]
    lines += ["version: 1", "", "model:", *_model(policy, feeds)]
    lines += ["", "data:", *_data(policy, table, nulls)]
    lines += ["", "gate:", *_gate(policy, thin)]
    lines += ["", "# report:", _REPORT_ROWS]
    return "\n".join(lines) + "\n"


def _model(policy: ResolvedPolicy, feeds: list[Feed]) -> Iterator[str]:
    yield f"  path: {scalar(policy.model.path)}"
    if policy.model.output.kind != "auto":
        yield f"  output: {policy.model.output.kind}          # the label has many numeric values"
    yield "  # baseline: PATH          # such as the model in use: rules can then ask that this one is no worse"
    for feed in feeds:
        if feed.columns != [feed.name]:
            yield _comment(f"  # input {feed.name} is fed from: {', '.join(feed.columns)}")


def _data(policy: ResolvedPolicy, table: Dataset, nulls: Mapping[str, int]) -> Iterator[str]:
    yield f"  path: {scalar(policy.data.path)}          # {table.rows:,} rows"
    if keys := policy.data.csv.model_dump():
        listed = ", ".join(f"{key}: {json.dumps(value)}" for key, value in keys.items())
        yield f"  csv: {{{listed}}}          # detected from the first rows"
    yield "  # background: PATH          # such as the training data: what rows are compared with; default: path"
    yield f"  label: {scalar(policy.data.label)}"
    if isinstance(table.labels, Labels):
        yield from _outcome(table.labels)
    if nulls:
        yield "  # Rows without a value: the audit stops at them until you say what the serving path sends instead."
        yield "  # missing:"
        for column, count in nulls.items():
            yield _comment(f"  #   {scalar(column)}: VALUE          # {count:,} rows")
    if policy.data.protected:
        yield "  # Guessed by the columns' names, with the largest group as privileged: check each, add others."
        yield "  protected:"
        for (name, spec), attribute in zip(policy.data.protected.items(), table.attributes, strict=False):
            sizes = ", ".join(f"{group} {rows:,}" for group, rows in attribute.rows.items())
            yield _comment(f"    {scalar(name)}: {_protected(spec)}          # {sizes}")


def _outcome(labels: Labels) -> Iterator[str]:
    values = ", ".join(str(value) for value in labels.values)
    if labels.favorable:
        favorable = labels.values[labels.favorable[0]]
        yield _comment(f"  favorable: {scalar(favorable)}          # a guess: the greater of {values}")
        yield "  threshold: 0.5"
    else:
        yield _comment(
            f"  # favorable: [VALUE]          # of {values}: for fairness, selection rates and the AUC"
        )


def _protected(spec: Protected) -> str:
    bins = f"bins: [{', '.join(f'{edge:.12g}' for edge in spec.bins)}], " if spec.bins else ""
    return f"{{{bins}privileged: [{', '.join(scalar(value) for value in spec.privileged)}]}}"


def _gate(policy: ResolvedPolicy, thin: Mapping[str, list[str]]) -> Iterator[str]:
    yield f"  confidence: {policy.gate.confidence:g}   # a rule is decided when its whole interval lies on one side"
    yield f"  min_rows: {policy.gate.min_rows}      # smaller groups are shown and not decided"
    yield "  # max_audits: 20   # fail beyond so many different audits of these rows: of enough, one passes by luck"
    empty = " []          # none: add limits, or every audit is inconclusive"
    yield f"  rules:{'' if policy.rules else empty}"
    for rule in policy.rules:
        for sentence in thin.get(str(rule.id), ()):
            yield _comment(f"    # these rows cannot decide the next rule for {sentence}")
        yield f"    - {_rule(rule)}"


def _rule(rule: Rule) -> str:
    where = ", ".join(f"{key}: {scalar(value)}" for key, value in rule.where.items())
    parts = [f"metric: {rule.metric}", *([f"where: {{{where}}}"] if where else [])]
    return "{" + ", ".join([*parts, *(f"{key}: {value:g}" for key, value in rule.limit.items())]) + "}"


def scalar(value: object) -> str:
    """Return a YAML scalar: texts are quoted unless they are plain words that cannot mean anything else."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.startswith(".")
        return value if plain else json.dumps(value)
    return json.dumps(value)


def _comment(line: str) -> str:
    """Keep a line whose comment holds names from the data on one line, and short."""
    clean = "".join(character if character.isprintable() else "·" for character in line)
    return clean if len(clean) <= 300 or "#" not in clean[:300] else clean[:299] + "…"
