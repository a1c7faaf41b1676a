"""Every key of the interface's example that works today parses to what it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from audit.check import load_policy, policy_from
from audit.errors import AuditError
from audit.policy import Policy
from audit.policy.model import AtLeast

from .examples import FULL, LEAST, written


@pytest.fixture
def full(tmp_path: Path) -> Policy:
    return load_policy(written(tmp_path, FULL))


def test_model(full: Policy) -> None:
    model = full.model
    assert (model.path, model.signature, model.classes) == ("models/income/3", "serving_default", [0, 1])
    assert model.output.kind == "auto"
    assert model.inputs == {"marital_status": ["marital-status"], "dense": ["age", "hours"]}


def test_data(full: Policy) -> None:
    data = full.data
    assert (data.path, data.label, data.favorable) == ("data/test.parquet", "income", [">50K"])
    assert data.background == "data/train.parquet"
    assert (data.threshold, data.weight, data.cluster) == (0.5, "fnlwgt", "household")
    assert data.missing == {"workclass": "?", "age": -1}
    assert data.intersections == [["sex", "race"]]


def test_protected(full: Policy) -> None:
    made = {n: (p.privileged, p.bins, p.columns) for n, p in full.data.protected.items()}
    assert made == {
        "sex": (["Male"], None, None),
        "race": (["White"], None, None),
        "age": (["25-60"], [25.0, 60.0], None),
        "region": (["North"], None, {"North": "is_north", "South": "is_south"}),
    }


def test_gate(full: Policy) -> None:
    assert full.gate and (full.gate.confidence, full.gate.min_rows) == (0.95, 200)
    assert [(rule.metric, rule.where, rule.limit) for rule in full.rules] == [
        ("performance.accuracy", {}, {"at_least": 0.8}),
        ("fairness.disparate_impact", {"attribute": "sex"}, {"at_least": 0.8, "at_most": 1.25}),
        ("fairness.equal_opportunity_difference", {}, {"within": 0.1}),
        ("performance.auc", {}, {"at_least": 0.6}),
    ]
    assert not full.default_rules


def test_waivers(full: Policy) -> None:
    assert [(w.rule, w.expires, w.covers) for w in full.waivers] == [
        ("fairness.equal_opportunity_difference", date(2027, 1, 31), ["fail"]),
        ("ranks", date(2027, 2, 28), ["fail", "inconclusive"]),
    ]


def test_report(full: Policy) -> None:
    assert full.report.rows == "shown"


def test_defaults(tmp_path: Path) -> None:
    least = load_policy(written(tmp_path, LEAST))
    assert (least.model.signature, least.model.output.kind, least.model.classes) == (
        "serving_default",
        "auto",
        None,
    )
    assert (least.data.threshold, least.data.weight, least.data.favorable) == (0.5, None, None)
    assert (least.data.background, least.report.rows) == (None, "masked")
    assert (least.checks["performance"], least.checks["fairness"]) == ({}, {})
    assert least.path == str(tmp_path / "audit.yaml")


@pytest.mark.parametrize(
    ("favorable", "parsed"),
    [
        (1, [1]),
        ([1, 2], [1, 2]),
        ("yes", ["yes"]),
        (True, [True]),
        ({"at_least": 150}, AtLeast(at_least=150)),
    ],
)
def test_favorable(favorable: object, parsed: object) -> None:
    content = {
        "version": 1,
        "model": {"path": "m"},
        "data": {"path": "d", "label": "y", "favorable": favorable},
    }
    assert policy_from(content).data.favorable == parsed


@pytest.mark.parametrize("output", ["auto", "probabilities", "logits", "regression"])
def test_output_by_word_or_as_a_mapping(output: str) -> None:
    for given, name in (
        (output, None),
        ({"kind": output}, None),
        ({"kind": output, "name": "scores"}, "scores"),
    ):
        content = {"version": 1, "model": {"path": "m", "output": given}, "data": {"path": "d", "label": "y"}}
        made = policy_from(content).model.output
        assert (made.kind, made.name) == (output, name)


@pytest.mark.parametrize(("given", "parsed"), [(None, {}), (True, {}), ({}, {}), (False, False)])
def test_a_check_on_or_off(given: object, parsed: object) -> None:
    content = {
        "version": 1,
        "model": {"path": "m"},
        "data": {"path": "d", "label": "y"},
        "checks": {"fairness": given},
    }
    checks = policy_from(content).checks
    assert (checks["performance"], checks["fairness"]) == ({}, parsed)


def test_what_was_given_is_not_changed() -> None:
    content = {"version": 1, "model": {"path": "m"}, "data": {"path": "d", "label": "y"}}
    policy_from(content, ["data.label=z", "gate.min_rows=3"])
    assert content == {"version": 1, "model": {"path": "m"}, "data": {"path": "d", "label": "y"}}


def test_utf8_with_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    text = LEAST.replace("income}", "Größe}").replace("\n", "\r\n")
    assert load_policy(written(tmp_path, b"\xef\xbb\xbf" + text.encode())).data.label == "Größe"


def test_no_file_says_how_to_get_one(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "a directory")):
        with pytest.raises(AuditError) as error:
            load_policy(path)
        assert error.value.found == found
        assert "audit init" in error.value.fix
