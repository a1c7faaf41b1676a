"""Values that a policy names: the spelling counts where YAML sees a number, and rules follow `data.values`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.check import load_policy, policy_from
from audit.errors import AuditError
from audit.policy.compatibility import require_same_audit
from audit.policy.load import read_policy
from audit.policy.model import Policy
from audit.values import canonical

from .spellings import SPELLINGS

BASE = "version: 1\nmodel: {path: m}\n"


def read(text: str, folder: Path, *overrides: str) -> Policy:
    file = folder / "audit.yaml"
    file.write_text(BASE + text)
    return read_policy(file, overrides)


def privileged(value: str, folder: Path) -> object:
    policy = read(f"data: {{path: d, label: y, protected: {{g: {{privileged: {value}}}}}}}", folder)
    (found,) = policy.data.protected["g"].privileged
    return found


PLAIN = [
    text for text in SPELLINGS if text == text.strip() and "," not in text and not text.startswith(("<", "("))
]


@pytest.mark.parametrize("spelling", [*PLAIN, "0o17", "0b11", ".inf", "1_000.5", "1e-05", "501.10"])
def test_quoted_or_not_a_spelling_is_one_value(spelling: str, tmp_path: Path) -> None:
    quoted = privileged(f'"{spelling}"', tmp_path)
    assert quoted == spelling
    assert canonical(privileged(spelling, tmp_path)) == canonical(quoted)


@pytest.mark.parametrize(
    ("written", "value"), [("1", 1), ("1.5", 1.5), ("true", True), ("Male", "Male"), ("501", 501), ("-3", -3)]
)
def test_plain_numbers_and_booleans_stay_what_they_were(written: str, value: object, tmp_path: Path) -> None:
    found = privileged(written, tmp_path)
    assert found == value and type(found) is type(value)


def test_overrides_favorable_classes_and_rules_are_read_alike(tmp_path: Path) -> None:
    policy = read(
        "data: {path: d, label: y, favorable: [01, 1E2], protected: {zip: {privileged: 1}}}\n"
        "gate:\n  rules: [{metric: fairness.disparate_impact, at_least: 8e-1,"
        " where: {attribute: zip, unprivileged: 00501, privileged: 1.0, eps: 1e-1}}]\n",
        tmp_path,
        "data.protected.zip.privileged=[00501, 2020-01-01]",
        "model.classes=[01, 1E2]",
    )
    assert policy.data.favorable == ["01", "1E2"] and policy.model.classes == ["01", "1E2"]
    assert policy.data.protected["zip"].privileged == ["00501", "2020-01-01"]
    (rule,) = policy.rules
    assert rule.where == {"attribute": "zip", "unprivileged": "00501", "privileged": 1.0, "eps": 0.1}
    assert rule.at_least == 0.8


def content(values: dict[str, str], where: dict[str, Any]) -> dict[str, Any]:
    protected = {"sex": {"privileged": "Male"}, "race": {"privileged": "1"}}
    rule = {"metric": "performance.accuracy", "at_least": 0.5, "where": where}
    data = {
        "path": "d",
        "label": "y",
        "protected": protected,
        "values": values,
        "intersections": [["sex", "race"]],
    }
    return {"version": 1, "model": {"path": "m"}, "data": data, "gate": {"rules": [rule]}}


@pytest.mark.parametrize(
    ("values", "where", "read"),
    [
        ({}, {"attribute": "sex", "group": "Male"}, {"attribute": "sex", "group": "Male"}),
        ({"sex": "folded"}, {"attribute": "sex", "group": "MALE "}, {"attribute": "sex", "group": "male"}),
        ({"sex": "folded"}, {"attribute": "race", "group": "A"}, {"attribute": "race", "group": "A"}),
        ({"sex": "folded"}, {"group": "Male"}, {"group": "Male"}),
        ({"race": "number"}, {"attribute": "race", "group": "01"}, {"attribute": "race", "group": "1"}),
        (
            {"race": "number"},
            {"attribute": "race", "group": "(missing)"},
            {"attribute": "race", "group": "(missing)"},
        ),
        (
            {"race": "number"},
            {"attribute": "race", "privileged": "02|9"},
            {"attribute": "race", "privileged": "2|9"},
        ),
        (
            {"sex": "folded", "race": "number"},
            {"attribute": "sex*race", "group": "Male*01"},
            {"attribute": "sex*race", "group": "male*1"},
        ),
        ({"race": "text"}, {"attribute": "race", "group": 1.0}, {"attribute": "race", "group": "1.0"}),
    ],
)
def test_a_rule_names_groups_as_its_column_is_read(
    values: dict[str, str], where: dict[str, Any], read: dict[str, Any]
) -> None:
    policy = policy_from(content(values, where))
    (rule,) = policy.rules
    assert rule.where == read
    assert rule.id == f"performance.accuracy[{','.join(f'{key}={where[key]}' for key in sorted(where))}]"
    assert policy_from(policy.effective()).rules == policy.rules


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"values": {"age": "text"}}, "'values' is for label, cluster and protected attributes, found 'age'"),
        ({"values": {"sx": "text"}}, "did you mean 'sex'"),
        ({"values": {"sex": "lower"}}, "'text', 'number', 'stripped' or 'folded'"),
        ({"values": {"b": "text"}}, "read as numbers, not as text"),
        ({"values": {"c": "number"}}, "read as numbers"),
    ],
)
def test_settings_that_say_nothing_are_errors(data: dict[str, Any], message: str) -> None:
    policy = content({}, {})
    policy["data"].update(data)
    policy["data"]["protected"]["b"] = {"bins": [1], "privileged": "<1"}
    policy["data"]["protected"]["c"] = {"columns": {"North": "n", "South": "s"}, "privileged": "North"}
    with pytest.raises(AuditError, match=message):
        policy_from(policy)


def test_label_cluster_attributes_and_bins_as_numbers_may_be_set() -> None:
    policy = content({"y": "folded", "who": "stripped", "sex": "text", "b": "number"}, {})
    policy["data"]["cluster"] = "who"
    policy["data"]["protected"]["b"] = {"bins": [1], "privileged": "<1"}
    assert policy_from(policy).data.values["who"] == "stripped"


def test_one_hot_groups_are_values(tmp_path: Path) -> None:
    text = "data: {path: d, label: y, protected: {g: {columns: {'1': a, '2': b}, privileged: 1.0}}}"
    assert read(text, tmp_path).data.protected["g"].privileged == [1.0]
    for wrong in (text.replace("1.0", "true"), text.replace("1.0", "01"), text.replace("'2'", "'1.0'")):
        with pytest.raises(AuditError, match=r"privileged|different values"):
            read(wrong, tmp_path)


@pytest.mark.parametrize(
    ("measured", "deciding", "same"),
    [("1", "'1.0'", True), ("1", "true", False), ("[1, 2]", "['1', 2.0]", True), ("'01'", "1", False)],
)
def test_another_spelling_of_a_value_is_the_same_audit(
    measured: str, deciding: str, same: bool, tmp_path: Path
) -> None:
    policies = [
        read(f"data: {{path: d, label: y, favorable: {value}}}", tmp_path) for value in (measured, deciding)
    ]
    if same:
        require_same_audit(*policies)
    else:
        with pytest.raises(AuditError, match=r"policy: data\.favorable"):
            require_same_audit(*policies)


def test_a_loaded_policy_holds_plain_numbers(tmp_path: Path) -> None:
    (tmp_path / "audit.yaml").write_text(
        BASE + "data: {path: d, label: y}\nchecks: {robustness: {eps: [1e-1]}}\ngate: {min_rows: 0200}\n"
    )
    policy = load_policy(tmp_path / "audit.yaml")
    options = policy.checks["robustness"]
    assert isinstance(options, dict) and isinstance(options["eps"], list)
    assert [type(eps) for eps in options["eps"]] == [float]
    assert policy.gate.min_rows == 200
