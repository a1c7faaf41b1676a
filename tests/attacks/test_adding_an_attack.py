"""A new attack is one file and one line in the table: policy, audit and page know it from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import audit
from audit.attacks import ATTACKS, AttackContext, AttackSpec, Plan
from audit.attacks.batch import AttackResult, Batch, one_step
from audit.attacks.run import attack
from audit.formats.html.page import render_html
from audit.result import Measurement, Report

from ..audits import content, store
from ..checks.kit import BIAS, COLUMNS, WEIGHTS, logistic, persons
from ..models import save
from .kit import Network, rows, space

LABEL = "a step against the weights"


def against_weights(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """The best step there is against a logistic model whose weights are known."""
    yield from one_step(
        batch, np.where(batch.classes[:, None] == 1, -1, 1) * np.sign(WEIGHTS), context.epsilons
    )


INSIDER = AttackSpec("insider", LABEL, "decisions", against_weights)


def audited(model: Path, folder: Path, **options: Any) -> Report:
    data = store(persons(200, 1), folder)
    policy = content(model, data, spec={"inputs": {"x": COLUMNS}, "output": "probabilities"}, favorable=1)
    rule = {"metric": "robustness.adversarial_accuracy", "where": {"attack": "worst"}, "at_least": 0.1}
    checks = {**policy["checks"], "performance": False, "fairness": False}
    checks["robustness"] = {"eps": [0.2], "queries": 50, **options}
    return audit.run({**policy, "checks": checks, "gate": {"rules": [rule]}})


def under(report: Report, name: str) -> list[Measurement]:
    (check,) = (check for check in report.checks if check.name == "robustness")
    return [m for m in check.measurements if m.where.get("attack") == name]


def notes(report: Report) -> str:
    return " ".join(note for check in report.checks for note in check.notes)


def test_it_is_requested_measured_and_named_in_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = logistic(tmp_path / "m")
    with pytest.raises(audit.AuditError, match=r"'noise', 'fgsm', 'pgd' or 'square'"):
        audited(model, tmp_path, attacks=["insider"])
    monkeypatch.setitem(ATTACKS, "insider", INSIDER)
    report = audited(model, tmp_path, attacks=["noise", "insider"])
    accuracy, flip_rate = under(report, "insider")
    assert accuracy.where == {"attack": "insider", "norm": "inf", "eps": 0.2} and flip_rate.value > 0
    assert accuracy.method == "clopper-pearson-upper"  # nothing shows that it would have found what there is
    assert "Accuracy under insider" in notes(report) and f"under {LABEL} at eps 0.2" in render_html(report)


def test_one_for_doubtful_evidence_runs_unasked_and_counts_in_the_worst_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    def without_gradient(x: Any) -> Any:
        x = tf.reshape(tf.strings.to_number(tf.strings.as_string(x)), [-1, len(COLUMNS)])
        return tf.sigmoid(tf.matmul(x, tf.constant(WEIGHTS[:, None], tf.float32)) + BIAS)

    save(tmp_path / "m", without_gradient, x=([None, len(COLUMNS)], tf.float32))
    spec = AttackSpec("insider", LABEL, "decisions", against_weights, on_request=False, escalates=True)
    monkeypatch.setitem(ATTACKS, "insider", spec)
    report = audited(tmp_path / "m", tmp_path)
    assert not under(report, "insider") and under(report, "worst")
    assert "Also run, and counted in worst only: " in notes(report) and f", {LABEL}." in notes(report)


def test_a_report_with_an_attack_that_this_version_lacks_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(ATTACKS, "insider", INSIDER)
        report = audited(logistic(tmp_path / "m"), tmp_path, attacks=["insider"])
    assert "under insider at eps 0.2" in render_html(report)


@pytest.mark.parametrize("name", [spec.name for spec in ATTACKS.values() if spec.follows == "gradient"])
def test_an_attack_along_a_gradient_is_not_run_without_one(name: str) -> None:
    """It would move no row, and look like robustness."""
    x, network = rows(5, 3), Network(3)
    batch = Batch(x, network.judge(x), space(3), "inf", network.judge, observed=-x)
    with pytest.raises(ValueError, match="follows a gradient was run without one"):
        attack(batch, None, Plan([name], [0.1], 0), batch_size=5)


@pytest.mark.parametrize("spec", ATTACKS.values(), ids=lambda spec: spec.name)
def test_every_attack_answers_for_itself(spec: AttackSpec) -> None:
    known: Callable[[str | None], bool] = lambda name: name is None or name in ATTACKS  # noqa: E731
    assert ATTACKS[spec.name] is spec and spec.label and known(spec.stronger_than)
    assert spec.on_request or (spec.escalates and spec.proven_by is None and spec.description)
    assert spec.proven_by is None or spec.follows in ("gradient", "scores")
