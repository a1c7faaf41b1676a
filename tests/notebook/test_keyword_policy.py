"""Keyword arguments as a policy, and one audit of a DataFrame by them."""

from __future__ import annotations

import inspect
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.errors import AuditError
from audit.notebook.keyword_policy import _OPTIONS, KEYWORDS, policy_of
from audit.policy.arguments import audit_seed

from ..audits import people
from ..conftest import Models

BASE: dict[str, Any] = {"model": "models/income/3", "data": "test.csv", "label": "income"}


def policy(**keywords: Any) -> Any:
    return policy_of(None, BASE | keywords, {})


def test_the_least_is_a_policy_with_the_default_rules() -> None:
    assert policy(model=Path("models/income/3")) == {
        "version": 1,
        "model": {"path": "models/income/3"},
        "data": {"path": "test.csv", "label": "income"},
    }


@pytest.mark.parametrize(
    ("protected", "expected"),
    [
        ({"sex": "Male"}, {"sex": {"privileged": "Male"}}),
        ({"sex": np.int64(1)}, {"sex": {"privileged": 1}}),
        ({"race": ["White", "Asian"]}, {"race": {"privileged": ["White", "Asian"]}}),
        ({"race": np.array(["White"])}, {"race": {"privileged": ["White"]}}),
        ({"age": {"bins": (25,), "privileged": ">=25"}}, {"age": {"bins": [25], "privileged": ">=25"}}),
    ],
)
def test_a_protected_attribute_is_given_in_any_form(protected: object, expected: object) -> None:
    assert policy(protected=protected)["data"]["protected"] == expected


def test_every_keyword_has_its_place() -> None:
    made = policy(
        favorable=np.str_(">50K"),
        threshold=np.float64(0.3),
        background=Path("train.csv"),
        rules=[{"metric": "performance.auc", "at_least": 0.6}],
        checks={"robustness": False},
    )
    assert made["data"] == {
        "path": "test.csv", "label": "income", "favorable": ">50K", "threshold": 0.3, "background": "train.csv",
    }  # fmt: skip
    assert made["gate"] == {"rules": [{"metric": "performance.auc", "at_least": 0.6}]}
    assert made["checks"] == {"robustness": False}
    assert type(made["data"]["threshold"]) is float and type(made["data"]["favorable"]) is str


def test_a_policy_stays_as_it_is() -> None:
    assert policy_of("audit.yaml", dict.fromkeys(BASE), {}) == "audit.yaml"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((), {}), "no model, no data, no label"),
        (((), {"model": "m", "label": "y"}), "no data"),
        ((("audit.yaml",), {"label": "y"}), "a policy and 'label'"),
        (((), {**BASE, "favourable": 1}), "did you mean 'favorable'"),
        (((), {**BASE, "weight": "w"}), "'weight'"),
        ((("audit.yaml",), {"seeds": 1}), "did you mean 'seed'"),
        (((), {**BASE, "model": object()}), "builtins.object"),
        (((), {**BASE, "data": {"x": [1]}}), "builtins.dict"),
        (((), {**BASE, "protected": "sex=Male"}), "'sex=Male'"),
    ],
)
def test_each_mistake_is_one_error(arguments: tuple[tuple[Any, ...], dict[str, Any]], words: str) -> None:
    positional, keywords = arguments
    with pytest.raises(AuditError) as caught:
        audit.run(*positional, **keywords)
    assert words in str(caught.value) and caught.value.where.startswith("audit.run")


@pytest.mark.parametrize(
    "argument",
    [
        {"on": "2030-01-31"}, {"on": datetime(2030, 1, 31)}, {"on": pd.Timestamp("2030-01-31")},
        {"seed": -1}, {"seed": 1.5}, {"seed": "1"}, {"seed": True},
    ],
)  # fmt: skip
def test_a_seed_or_a_date_of_another_type_is_refused_before_the_audit(argument: dict[str, Any]) -> None:
    (name,) = argument
    for call in (audit.run, audit.selftest):
        with pytest.raises(AuditError) as caught:
            call({}, **argument)
        assert caught.value.where == name


def test_a_seed_of_numpy_is_a_number() -> None:
    assert type(audit_seed(np.int64(3))) is int


def test_the_nearest_keyword_is_looked_for_among_all_of_them() -> None:
    parameters = inspect.signature(audit.run).parameters
    assert set(parameters) == {"policy", "unknown", *KEYWORDS, *_OPTIONS}


def test_a_frame_is_audited_as_its_file_would_be(
    model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    frame = people(400)
    frame = frame.assign(a=frame["score"] - 0.5, b=0.0)[["a", "b", "sex", "label"]]
    part = frame[frame["a"] > -0.3]  # its index has gaps
    keywords: dict[str, Any] = {
        "model": model("two_columns"),
        "label": "label",
        "protected": {"sex": "Male"},
        "rules": [{"metric": "performance.auc", "at_least": 0.5}],
        "checks": {"explainability": False, "robustness": False},
    }
    report = audit.run(data=part, **keywords)
    stored = Path(report.data.path)
    assert stored.parent == tmp_path / "cache" / "frames" and report.data.digest == f"sha256:{stored.stem}"
    assert report.data.rows == len(part) and report.verdict == "pass"
    part.to_csv(tmp_path / "part.csv", index=False)
    again = audit.run(data=tmp_path / "part.csv", **keywords)
    pd.testing.assert_frame_equal(again.to_frame(), report.to_frame())
