"""The effective policy: everything written out, the same again when it is read again, and its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from audit.check import entry_points, load_policy, policy_from, resolve_policy
from audit.policy import Policy
from audit.policy.model import ResolvedPolicy

from .examples import FULL, LEAST, with_rules, written

PROTECTED = LEAST.replace("label: income", "label: income, protected: {sex: {privileged: M}}")
TEXTS = {
    "least": LEAST,
    "full": FULL,
    "defaults": PROTECTED,
    "none": LEAST + "gate: {rules: []}\n",
    "off": PROTECTED + "checks: {fairness: false}\n",
    "regression": "version: 1\nmodel: {path: m, output: regression}\n"
                  "data: {path: d, label: y, favorable: {at_least: 150}, protected: {sex: {privileged: M}}}\n",
    "twice": with_rules(*["{metric: performance.auc, at_least: 0.6}"] * 2),
}  # fmt: skip


@pytest.fixture(params=TEXTS)
def policy(request: pytest.FixtureRequest, tmp_path: Path) -> Policy:
    return load_policy(written(tmp_path, TEXTS[request.param]))


def test_its_type_says_that_it_has_a_gate(policy: Policy) -> None:
    assert isinstance(policy, ResolvedPolicy) and isinstance(resolve_policy(policy), ResolvedPolicy)
    assert isinstance(policy.model_copy(), ResolvedPolicy) and policy.gate.rules == policy.rules


def test_it_loads_again_to_itself(policy: Policy) -> None:
    again = policy_from(policy.effective())
    assert again.effective() == policy.effective()
    assert again.digest == policy.digest


def test_it_is_plain_json(policy: Policy, tmp_path: Path) -> None:
    text = json.dumps(policy.effective(), allow_nan=False)
    assert policy_from(json.loads(text)).digest == policy.digest
    assert load_policy(written(tmp_path, text, "audit.json")).digest == policy.digest  # JSON is YAML


def test_resolving_twice_is_resolving_once(policy: Policy) -> None:
    again = resolve_policy(policy)
    assert (again, again.path, again.default_rules) == (policy, policy.path, policy.default_rules)


def test_rules_that_replace_the_defaults_are_no_longer_defaults(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, PROTECTED))
    assert policy.gate and policy.default_rules
    fewer = policy.model_copy(update={"gate": policy.gate.model_copy(update={"rules": policy.rules[:1]})})
    assert not resolve_policy(fewer).default_rules


def test_defaults_are_written_out(tmp_path: Path) -> None:
    effective = load_policy(written(tmp_path, PROTECTED)).effective()
    assert effective["checks"] == {
        name: entry_points.build(name, {}).model_dump(mode="json") for name in entry_points.installed()
    }
    assert effective["gate"]["min_rows"] == 200  # type: ignore[index]
    assert [rule["id"] for rule in effective["gate"]["rules"]] == [  # type: ignore[index]
        "performance.auc",
        "fairness.disparate_impact[attribute=sex]",
        "fairness.equal_opportunity_difference[attribute=sex]",
        "explainability.protected_share",
        "robustness.adversarial_accuracy[attack=worst,eps=0.1]",
    ]


def test_digest_as_the_page_on_the_report_defines_it(policy: Policy) -> None:
    text = json.dumps(policy.effective(), sort_keys=True, separators=(",", ":"))
    assert policy.digest == "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def test_digest_of_the_least_policy_never_changes() -> None:
    """A change of this number makes every signed report of an unchanged policy invalid."""
    assert load_least().digest == "sha256:" + EXPECTED


def load_least() -> Policy:
    content = {
        "version": 1,
        "model": {"path": "m"},
        "data": {"path": "d", "label": "y"},
        "checks": {
            "explainability": False,
            "robustness": False,
            "slices": False,
        },  # their options' defaults may change
        "gate": {"rules": []},
    }
    return policy_from(content)


EXPECTED = hashlib.sha256(
    b'{"checks":{"explainability":false,"fairness":{},"performance":{},"robustness":false,"slices":false},'
    b'"data":{"intersections":[],"label":"y","missing":{},"path":"d","protected":{},"threshold":0.5},'
    b'"gate":{"confidence":0.95,"min_rows":0,"rules":[]},'
    b'"model":{"inputs":{},"output":{"kind":"auto"},"path":"m","signature":"serving_default"},'
    b'"report":{"rows":"masked"},"version":1,"waivers":[]}'
).hexdigest()


def test_how_it_is_written_does_not_change_the_digest(tmp_path: Path) -> None:
    block = "# a comment\ndata:\n  label: income\n  path: 'test.parquet'\nmodel:\n  path: models/income\nversion: 1\n"
    short = (
        "version: 1\nmodel: {path: models/income, output: auto, signature: serving_default}\n"
        + LEAST.split("\n")[2]
    )
    digests = {load_policy(written(tmp_path, text)).digest for text in (LEAST, block, short)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "override",
    ["model.path=x", "data.threshold=0.51", "gate.min_rows=1", "gate.rules.0.at_least=0.81", "checks.fairness=false",
     "waivers.0.expires=2027-02-01", "data.protected.sex.privileged=Female", "gate.confidence=0.9", "report.rows=none",
     "data.background=data/older.parquet"],
)  # fmt: skip
def test_overrides_are_in_the_digest(tmp_path: Path, override: str) -> None:
    text = FULL if "checks" not in override else PROTECTED
    file = written(tmp_path, text)
    assert load_policy(file, [override]).digest != load_policy(file).digest


def test_the_place_of_the_file_is_not_in_the_digest(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert (
        load_policy(written(tmp_path, FULL)).digest == load_policy(written(tmp_path / "other", FULL)).digest
    )
