"""The JSON Schema accepts what the parser accepts, and refuses keys that it does not know."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from audit.check import policy_from
from audit.cli import main
from audit.errors import AuditError

from .examples import FULL, LEAST, with_rules


@pytest.fixture
def schema(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["schema", "policy"]) == 0
    return json.loads(capsys.readouterr().out)


def content(text: str) -> Any:
    """Return a policy as JSON has it: a date is a string there."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def changed(path: str, value: object) -> Any:
    made = content(FULL)
    *parents, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    part = made
    for key in parents:
        part = part[key]
    part[last] = value
    return made


GOOD = [
    content(LEAST),
    content(FULL),
    content(with_rules("{metric: performance.auc, within: 1}")),
    *[
        changed(*change)
        for change in [
            ("data.favorable", 1),
            ("execution", {"backend": "ray", "workers": 8, "address": "auto"}),
            ("execution", {"workers": None}),
            ("data.csv", {}),
            ("data.csv", {"delimiter": ";", "decimal": ",", "encoding": "utf-16", "quote": "'"}),
            ("data.csv", {"skip_initial_space": False, "quote": ""}),
            ("data.favorable", [1, "a", True, 0.5]),
            ("data.favorable", {"at_least": 150}),
            ("data.favorable", None),
            ("data.protected.sex.privileged", 1),
            ("model.output", {"kind": "logits", "name": "scores"}),
            ("model.output", {"name": "scores"}),
            ("model.output", "regression"),
            ("model.inputs", {}),
            ("model.classes", ["<=50K", ">50K"]),
            ("checks", {"performance": True, "fairness": None}),
            ("checks", {}),
            ("data.weight", None),
            ("data.background", None),
            ("data.background", "aif360:GermanDataset"),
            ("report", {}),
            ("report.rows", "none"),
        ]
    ],
]


@pytest.mark.parametrize("good", GOOD, ids=range(len(GOOD)))
def test_accepts_what_the_parser_accepts(schema: dict[str, Any], good: Any) -> None:
    policy_from(good)
    Draft202012Validator(schema).validate(good)


def test_accepts_the_effective_policy(schema: dict[str, Any]) -> None:
    for good in GOOD:
        Draft202012Validator(schema).validate(policy_from(good).effective())


BAD = [
    *[
        changed(f"{section}.unheard_of", 1)
        for section in [
            "model",
            "data",
            "data.protected.sex",
            "gate",
            "gate.rules.0",
            "waivers.0",
            "report",
        ]
    ],
    {**content(LEAST), "unheard_of": 1},
    *[
        changed(*change)
        for change in [
            ("version", 2),
            ("data.favorable", {"at_leest": 1}),
            ("data.favorable", []),
            ("model.output", {"kin": "logits"}),
            ("model.output", "softmax"),
            ("model.inputs", {"a": []}),
            ("data.threshold", 2),
            ("data.threshold", "0.5"),
            ("data.protected.sex.privileged", []),
            ("gate.min_rows", -1),
            ("gate.confidence", 1),
            ("gate.rules.0.at_least", "0.8"),
            ("gate.rules.2.within", -1),
            ("waivers.0.covers", ["pass"]),
            ("checks", {"performance": 3}),
            ("data.background", 3),
            ("report.rows", "hidden"),
            ("report.rows", None),
            ("report", None),
        ]
    ],
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_refuses_what_the_parser_refuses(schema: dict[str, Any], bad: Any) -> None:
    with pytest.raises(AuditError):
        policy_from(copy.deepcopy(bad))
    assert not Draft202012Validator(schema).is_valid(bad)


def test_it_is_a_schema_of_its_dialect(schema: dict[str, Any], tmp_path: Path) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
