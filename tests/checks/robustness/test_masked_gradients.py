"""Masks over trained networks: what is found is as weak as without the mask, or the rule is inconclusive and says why.

Here every kind of remedy is needed once; the whole grid of masks and networks is in `test_mask_grid`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.result import Report

from ...audits import content, store
from .masks import HEADS, MASKS, Mask, names, plain, sign_as_text, table, write

EPS = 0.1
WORST: dict[str, Any] = {
    "metric": "robustness.adversarial_accuracy",
    "where": {"attack": "worst", "eps": EPS},
}
RULES = [{**WORST, "at_least": 0.05}, {**WORST, "at_least": 0.97, "id": "high"}]
FEW = {"eps": [EPS], "steps": 10, "queries": 250}
Run = Callable[..., Report]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    @cache
    def run(kind: str, mask: Mask = plain) -> Report:
        folder: Path = tmp_path_factory.mktemp("masked")
        data = table(kind, rows=200)
        spec = {"inputs": {"x": names(kind)}, "output": "probabilities"}
        policy = content(write(kind, mask, folder / "m"), store(data, folder), spec=spec, favorable=1)
        checks = {
            "performance": False,
            "fairness": False,
            "explainability": False,
            "slices": False,
            "robustness": FEW,
        }
        return audit.run({**policy, "checks": checks, "gate": {"rules": RULES}}, seed=1)

    return run


def worst(report: Report) -> float:
    return report.rules[0].measurements[0].value


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("softmax", "label of the score"),  # logits from which only decisions follow
        ("sigmoid", "stopped gradient of inputs"),  # a gradient past a stop
        ("deep relu", "inputs in buckets"),  # and past whole numbers
        ("deep relu", "inputs rounded, label only"),  # and both at once
        ("sigmoid", "ripple on logits"),  # a gradient that points anywhere
        ("softmax", "inputs through text"),  # none at all: a search by scores
        ("sigmoid", "label by one net, confidence by another"),  # scores that lead elsewhere
        ("sigmoid, 100 columns", "tanh30"),  # logits that are flat, above others that are not
    ],
)
def test_a_mask_hides_nothing(run: Run, kind: str, name: str) -> None:
    masked, bare = run(kind, MASKS[name]), run(kind)
    assert bare.rules[0].status == masked.rules[0].status == "pass"
    assert 0.3 < worst(bare) < 0.75 < clean(bare)
    assert worst(masked) <= worst(bare) + 0.05


def clean(report: Report) -> float:
    return next(
        m.value for m in report.checks[0].measurements if m.metric.endswith("clean_accuracy") and not m.where
    )


@pytest.mark.parametrize("kind", HEADS)
def test_an_honest_network_stands_every_test(run: Run, kind: str) -> None:
    (check,) = run(kind).checks
    assert [note.partition(" model evaluations")[0] for note in check.notes] == ["The attacks take up to 38"]
    (found,) = (t for t in check.tables if t.name == "validity")
    assert set(found.columns["verdict"]) == {"holds"} and len(found.columns["test"]) == 8
    methods = {m.method for m in check.measurements}
    assert methods == {"clopper-pearson"}


def test_where_doubt_remains_a_rule_is_inconclusive_and_says_why(run: Run) -> None:
    report = run("sigmoid", sign_as_text)
    rule, high = report.rules
    assert high.status == "fail"  # a bound breaks a limit as well as anything
    assert rule.status == "inconclusive"
    assert rule.reason.startswith("not decided: the measurement bounds the value on one side only. ")
    assert "worst is an upper bound only" in rule.reason and "the scores are only labels" in rule.reason
    (found,) = rule.measurements
    assert found.ci is not None and found.ci[0] == 0 and found.value <= found.ci[1] < 1
    flips = next(
        m for m in report.checks[0].measurements if m.metric.endswith("flip_rate") and m.where == found.where
    )
    assert flips.ci is not None and 0 < flips.ci[0] <= flips.value and flips.ci[1] == 1
