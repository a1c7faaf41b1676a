"""``--set key.path=value``: the same as having written it, and checked as strictly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.check import load_policy
from audit.errors import AuditError

from .examples import FULL, LEAST, with_rules, written


def put(content: Any, path: str, value: object) -> None:
    *parents, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    for key in parents:
        content = content.setdefault(key, {}) if isinstance(content, dict) else content[key]
    content[last] = value


GOOD: list[tuple[str, str, object]] = [
    ("model.path", "other/1", "other/1"),
    ("model.output.kind", "logits", "logits"),
    ("data.threshold", "0.25", 0.25),
    ("data.missing.age", "0", 0),
    ("data.protected.sex.privileged", "[Male, Other]", ["Male", "Other"]),
    ("data.protected.race.privileged.0", "Black", "Black"),
    ("data.intersections.0.1", "age", "age"),
    ("data.label", "a=b", "a=b"),  # only the first '=' parts
    ("data.label", '"3"', "3"),
    ("data.weight", "", None),
    ("gate.rules.0.at_least", "0.9", 0.9),
    ("gate.rules.3", "{metric: performance.brier, at_most: 0.2, id: ranks}",
     {"metric": "performance.brier", "at_most": 0.2, "id": "ranks"}),
    ("gate.min_rows", "0", 0),
    ("waivers.1.owner", "someone else", "someone else"),
    ("waivers", "[]", []),
    ("checks.performance", "{}", {}),
    ("report.rows", "none", "none"),
    ("data.background", "train.csv", "train.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "value"), GOOD)
def test_an_override_is_as_if_it_stood_in_the_file(
    tmp_path: Path, path: str, text: str, value: object
) -> None:
    from ruamel.yaml import YAML

    full = FULL.replace("output: auto", "output: {kind: auto}")
    content = YAML(typ="safe", pure=True).load(full)
    put(content, path, value)
    with (tmp_path / "edited.yaml").open("w") as stream:
        YAML().dump(content, stream)
    overridden = load_policy(written(tmp_path, full), [f"{path}={text}"])
    edited = load_policy(tmp_path / "edited.yaml")
    assert overridden.effective() == edited.effective()
    assert overridden.digest == edited.digest


def test_sections_that_are_not_in_the_file_are_made(tmp_path: Path) -> None:
    made = load_policy(
        written(tmp_path, LEAST), ["data.protected.sex.privileged=Male", "gate.confidence=0.9"]
    )
    assert made.data.protected["sex"].privileged == ["Male"]
    assert made.gate and made.gate.confidence == 0.9
    assert load_policy(written(tmp_path, LEAST), ["report.rows=none"]).report.rows == "none"


def test_later_overrides_win(tmp_path: Path) -> None:
    file = written(tmp_path, LEAST)
    assert load_policy(file, ["data.label=a", "data.label=b"]).data.label == "b"
    both = load_policy(file, ["data.protected={sex: {privileged: A}}", "data.protected.sex.privileged=B"])
    assert both.data.protected["sex"].privileged == ["B"]


BAD = [
    ("data.label", "key.path=value"),
    ("=3", "key.path=value"),
    ("", "key.path=value"),
    ("data.label=[1", "a YAML value"),
    ("gate.rules.9.at_least=0.1", "something that has the key '9'"),
    ("gate.rules.4={metric: performance.auc, at_least: 0.1}", "something that has the key '4'"),
    ("gate.rules.-1.at_least=0.1", "something that has the key '-1'"),
    ("gate.rules.first.at_least=0.1", "something that has the key 'first'"),
    ("data.label.x=0.1", "something that has the key 'x'"),
    ("data.label.x.y=0.1", "something that has the key 'x'"),
]


def test_a_value_that_yaml_reads_otherwise_is_shown_in_quotes(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as error:
        load_policy(written(tmp_path, FULL), ["data.favorable=>50K"])
    assert error.value.found.startswith("'>50K': expected chomping") and "\n" not in error.value.found
    assert error.value.fix.endswith("--set 'data.favorable=\">50K\"'")
    assert load_policy(written(tmp_path, FULL), ['data.favorable=">50K"']).data.favorable == [">50K"]


@pytest.mark.parametrize(("override", "expected"), BAD)
def test_an_override_that_leads_nowhere(tmp_path: Path, override: str, expected: str) -> None:
    with pytest.raises(AuditError) as error:
        load_policy(written(tmp_path, FULL), [override])
    assert error.value.where == f"--set {override}"
    assert error.value.expected == expected


CHECKED = [
    ("data.treshold=0.3", "data.treshold", "did you mean 'threshold'?"),
    ("gate.rules.0.at_lest=0.3", "gate.rules.0.at_lest", "did you mean 'at_least'?"),
    ("data.threshold=high", "data.threshold", "'high'"),
    ("wavers=[]", "wavers", "did you mean 'waivers'?"),
    ("gate.rules.0.at_least=.nan", "gate.rules.0.at_least", "nan"),
]


@pytest.mark.parametrize(("override", "key", "found"), CHECKED)
def test_an_override_is_checked_as_the_file_is(tmp_path: Path, override: str, key: str, found: str) -> None:
    with pytest.raises(AuditError) as error:
        load_policy(written(tmp_path, FULL), [override])
    assert error.value.where.endswith(f": {key}")
    assert found in error.value.found


DATES = [
    "2020-01-31",
    "2020-02-31",
    "2020-1-2",
    "2020-01-31 10:00:00",
    "2020-01-31T10:00:00Z",
    "2020-01-31T10:00:00+02:00",
]


@pytest.mark.parametrize("day", DATES)
def test_a_date_without_quotes_is_the_text_that_it_is_spelled_as(tmp_path: Path, day: str) -> None:
    """As a group and as a column, as a value and as a key: what the data hold is compared with the spelling."""
    data = f"label: y, protected: {{joined: {{privileged: {day}, columns: {{{day}: {day}, other: b}}}}}}"
    rule = f"{{metric: performance.accuracy, where: {{attribute: joined, group: {day}}}, at_least: 0.1}}"
    text = with_rules(rule).replace("label: income", f"{data}, favorable: {day}, missing: {{{day}: {day}}}")
    policy = load_policy(written(tmp_path, text), [f"data.label={day}"])
    joined = policy.data.protected["joined"]
    assert (joined.privileged, joined.columns) == ([day], {day: day, "other": "b"})
    assert (policy.data.favorable, policy.data.missing, policy.data.label) == ([day], {day: day}, day)
    assert policy.rules[0].where == {"attribute": "joined", "group": day}


def test_a_number_where_a_name_is_expected_is_shown_in_quotes(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as error:
        load_policy(written(tmp_path, FULL), ["data.weight=007"])
    assert error.value.fix == 'put it into quotes: "007"'
