"""The draft's text: YAML with a comment wherever its author has to decide something."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from audit.data.dataset import Dataset
from audit.data.labels import Labels
from audit.draft.questions import Question
from audit.errors import Setting
from audit.inputs.feeds import Feed
from audit.policy.gate_spec import Rule
from audit.policy.model import Protected, ResolvedPolicy
from audit.subject.encoded_columns import EncodedNames

_REPORT_ROWS = "#   rows: masked          # real rows in the report: shown | masked (values as ranges) | none"
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}


def policy_text(
    policy: ResolvedPolicy,
    content: Mapping[str, Any],
    table: Dataset | None,
    feeds: list[Feed],
    nulls: Mapping[str, int],
    thin: Mapping[str, list[str]],
    questions: Sequence[Question],
    encoded: EncodedNames,
) -> str:
    """Return the YAML of ``policy`` with comments about these rows.

    Args:
        policy: the policy, whose rules are written out.
        content: its keys that are no defaults.
        table: labels and attributes of the rows; None if they are an open question.
        feeds: what the inputs are fed from; empty if that is an open question.
        nulls: number of nulls by column.
        thin: reasons why the rows cannot decide a rule, by its id.
        questions: what stops an audit.
        encoded: the columns that attacks hold still or move in whole steps.
    """
    lines = ["# Drafted by 'audit init'. The limits are starting points, not advice: decide each of them."]
    lines += [
        f"# {len(questions)} open question{'s' * (len(questions) > 1)}: 'audit run' stops until you choose."
    ] * bool(questions)
    lines += [
        "version: 1",
        "",
        "model:",
        *_asked(questions, "model"),
        *_model(policy, content["model"], feeds),
    ]
    lines += ["", "data:", *_asked(questions, "data"), *_data(policy, content["data"], table, nulls)]
    lines += ["", "gate:", *_gate(policy, content.get("gate") or {}, thin, _rules_are_for(questions))]
    others = {key: value for key, value in content.items() if key not in ("version", "model", "data", "gate")}
    lines += ["", *_flow(others, "")] if others else []
    lines += _robustness(encoded, "checks" in content)
    lines += [] if "report" in content else ["", "# report:", _REPORT_ROWS]
    return "\n".join(lines) + "\n"


def _asked(questions: Iterable[Question], section: str) -> Iterator[str]:
    """Yield the open questions of a section as comments, with the choices that are keys of it as lines to uncomment."""
    for question in questions:
        if question.section == section:
            yield _comment(f"  # OPEN: {question.text}")
        for choice in question.choices:
            place, _, key = choice.key.partition(".")
            if place == section:
                # never cut: it is YAML once it is uncommented
                yield _printable(f"  # {key}: {choice.value}{_remark(choice, question)}")


def _remark(choice: Setting, question: Question) -> str:
    if not choice.complete:
        return "          # to be completed"
    elsewhere = not choice.key.startswith(f"{question.section}.")
    return f"          # instead of an answer to the open question under {question.section}" * elsewhere


def _flow(content: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield keys with their values on one line each."""
    for key, value in content.items():
        yield f"{indent}{scalar(key)}: {flow_value(value)}"


def flow_value(value: object) -> str:
    """Return a value in YAML's flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow_value, value))}]"
    return json.dumps(value) if isinstance(value, str) else scalar(value)


def _model(policy: ResolvedPolicy, content: Mapping[str, Any], feeds: list[Feed]) -> Iterator[str]:
    yield f"  path: {scalar(policy.model.path)}"
    if content.get("output") == "regression":
        yield "  output: regression          # the label has many numeric values"
    yield from _flow({k: v for k, v in content.items() if k != "path" and v != "regression"}, "  ")
    yield "  # baseline: PATH          # such as the model in use: rules can then ask that this one is no worse"
    for feed in feeds:
        if feed.columns != [feed.name]:
            yield _comment(f"  # input {feed.name} is fed from: {', '.join(feed.columns)}")


def _data(
    policy: ResolvedPolicy, content: Mapping[str, Any], table: Dataset | None, nulls: Mapping[str, int]
) -> Iterator[str]:
    rows = f"          # {table.rows:,} rows" if table else ""
    yield f"  path: {scalar(policy.data.path)}{rows}"
    if "background" not in content:
        yield "  # background: PATH          # such as the training data: what rows are compared with; default: path"
    yield f"  label: {scalar(policy.data.label)}"
    yield from _flow({k: v for k, v in content.items() if k not in ("path", "label", "protected")}, "  ")
    if table and isinstance(table.labels, Labels):
        yield from _outcome(table.labels, content)
    elif table and "favorable" not in content:
        yield "  # favorable: {at_least: NUMBER}          # for selection rates and for decisions that attacks can flip"
    if nulls and "missing" not in content:
        yield "  # Rows without a value: the audit stops at them until you say what the serving path sends instead."
        yield "  # missing:"
        for column, count in nulls.items():
            yield _comment(f"  #   {scalar(column)}: VALUE          # {count:,} rows")
    if policy.data.protected:
        yield "  # With the largest group as privileged if guessed by the columns' names: check each, add others."
        yield "  protected:"
        attributes = {attribute.name: attribute for attribute in table.attributes} if table else {}
        for name, spec in policy.data.protected.items():
            sizes = (
                ", ".join(f"{group} {rows:,}" for group, rows in attributes[name].rows.items())
                if table
                else ""
            )
            yield _comment(f"    {scalar(name)}: {_protected(spec)}          # {sizes}")


def _outcome(labels: Labels, content: Mapping[str, Any]) -> Iterator[str]:
    values = ", ".join(str(value) for value in labels.values)
    if labels.favorable and "favorable" not in content:
        favorable = labels.values[labels.favorable[0]]
        yield _comment(f"  favorable: {scalar(favorable)}          # a guess: the greater of {values}")
    if not labels.favorable:
        yield _comment(
            f"  # favorable: [VALUE]          # of {values}: for fairness, selection rates and the AUC"
        )
    if len(labels.values) == 2 and "threshold" not in content:
        yield "  threshold: 0.5"


def _protected(spec: Protected) -> str:
    bins = f"bins: [{', '.join(f'{edge:.12g}' for edge in spec.bins)}], " if spec.bins else ""
    columns = f"columns: {flow_value(spec.columns)}, " if spec.columns else ""
    return f"{{{bins}{columns}privileged: [{', '.join(scalar(value) for value in spec.privileged)}]}}"


def _rules_are_for(questions: Sequence[Question]) -> str:
    """Return a comment where the kind of the output, on which the rules depend, is an open question."""
    about_output = (question for question in questions if question.section == "model")
    kinds = [
        choice for question in about_output for choice in question.choices if "regression" in choice.value
    ]
    return "          # for the first choice of each open question; for another one, draft again" * bool(
        kinds
    )


def _gate(
    policy: ResolvedPolicy, content: Mapping[str, Any], thin: Mapping[str, list[str]], about: str
) -> Iterator[str]:
    yield f"  confidence: {policy.gate.confidence:g}   # a rule is decided when its whole interval lies on one side"
    yield f"  min_rows: {policy.gate.min_rows}      # smaller groups are shown and not decided"
    yield from _flow({k: v for k, v in content.items() if k not in ("confidence", "min_rows", "rules")}, "  ")
    if "max_audits" not in content:
        yield "  # max_audits: 20   # fail beyond so many different audits of these rows: of enough, one passes by luck"
    empty = " []          # none: add limits, or every audit is inconclusive"
    yield f"  rules:{about if policy.rules else empty}"
    as_given = map(flow_value, content.get("rules") or ())
    for rule in policy.rules:
        for sentence in thin.get(str(rule.id), ()):
            yield _comment(f"    # these rows cannot decide the next rule for {sentence}")
        yield f"    - {next(as_given, '') or _rule(rule)}"


def _robustness(encoded: EncodedNames, has_checks: bool) -> Iterator[str]:
    """Yield what attacks do with encoded columns, as comments; where there are ``checks`` already, without the key."""
    if not (encoded.groups or encoded.whole_numbers):
        return
    yield from ["", "# Under checks.robustness:" if has_checks else "# checks:\n#   robustness:"]
    if encoded.groups:
        yield "#     # 0/1 columns that sum to one in every row: attacks hold them still, or move them as one choice."
        yield "#     move:"
        yield from (
            _comment(f"#       - {scalar(group[0])}          # one choice of {', '.join(group)}")
            for group in encoded.groups
        )
    if encoded.whole_numbers:
        names = ", ".join(encoded.whole_numbers)
        yield _comment(
            f"#     # Few values, all whole: attacks move them in whole steps, or not at all: {names}"
        )


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
    clean = _printable(line)
    return clean if len(clean) <= 300 or "#" not in clean[:300] else clean[:299] + "…"


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "·" for character in line)
