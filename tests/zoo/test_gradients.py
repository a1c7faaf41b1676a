"""Kinds by what is wrong with the gradient."""

from __future__ import annotations

from typing import Any

import pytest

from . import gradients, inputs
from .audited import Audited, audit
from .kind import Kind
from .suite import Suite

SAME = [gradients.stopped, gradients.without, gradients.lying]
"""Builders of models that compute what `inputs.one_tensor` does, which has its gradient."""


class TestGradients(Suite):
    kinds = gradients.KINDS

    def test_the_report_says_what_was_attacked_and_why(self, audited: Audited) -> None:
        if audited.kind.build is gradients.staircase:  # along the logits, of which the report says so
            assert audited.attacks() == ["fgsm", "noise", "pgd"]
            assert "are left out" in audited.subject.logits.evidence
        elif audited.kind.build is gradients.lying:  # along the function's own gradient
            assert audited.attacks() == ["fgsm", "noise", "pgd"]
        else:
            assert audited.attacks() == ["noise", "square"]
            assert any("gradient" in note and "square" in note for note in robustness(audited)["notes"])

    def test_a_black_box_finds_what_a_gradient_would_have(self, audited: Audited, honest: float) -> None:
        if audited.kind.build in SAME:
            assert worst(audited) == pytest.approx(honest, abs=0.01)
        assert worst(audited) < clean(audited)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Accuracy of the same function under attacks that follow its gradient."""
    kind = Kind("honest", "input", inputs.one_tensor)
    return worst(audit(kind, tmp_path_factory.mktemp("honest")))


def robustness(audited: Audited) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in audited.report["checks"] if c["name"] == "robustness")
    return found


def worst(audited: Audited) -> float:
    return _value(audited, "robustness.adversarial_accuracy", {"attack": "worst", "norm": "inf", "eps": 0.1})


def clean(audited: Audited) -> float:
    return _value(audited, "robustness.clean_accuracy", {})


def _value(audited: Audited, metric: str, where: dict[str, object]) -> float:
    found = robustness(audited)["measurements"]
    return float(next(m["value"] for m in found if m["metric"] == metric and m["where"] == where))
