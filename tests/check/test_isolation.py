"""A plug-in that writes where it should only read changes no other check's measurements, nor the next audit's."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import audit
from audit.check import Check, Classified, Measurement, MetricFacts, Subject
from audit.check.isolation import private_view
from audit.result import CheckResult, Report
from audit.testing import toy_subject

from ..audits import content, store
from ..cli import plugins
from ..conftest import Models


class Meddling(Check):
    """Writes wherever it can."""

    summary: ClassVar[str] = "Writes wherever it can"
    metrics: ClassVar[dict[str, MetricFacts]] = {"refused": MetricFacts(about="Arrays that refused a write.")}

    def measure(self, subject: Subject) -> Iterator[Measurement]:
        """Spoil every array, record and setting within reach; yield how many arrays refused."""
        scores = subject.scores
        assert isinstance(scores, Classified) and scores.label is not None and scores.predicted is not None
        features = subject.features
        arrays = [scores.known_outcomes.favorable, scores.label, scores.predicted, scores.code, scores.guess]
        arrays += [subject.attributes[0].codes, features.data.matrix, features.background.matrix]
        refused = 0
        for array in arrays:
            try:
                array[:] = 0
            except ValueError:
                refused += 1
        for computed in (scores.favorable, scores.certainty, scores.log_loss, scores.brier):
            with suppress(ValueError):  # or it is a copy
                computed[:] = 0
        subject.attributes.clear()
        subject.policy.gate.rules.clear()  # type: ignore[union-attr]  # a resolved policy has a gate
        subject.policy.checks.clear()
        subject.data_facts.groups.clear()
        scores.classes.reverse()
        features.columns.clear()
        np.random.seed(3)
        random.seed(3)
        os.environ["AUDIT_TEST_MEDDLED"] = "yes"
        os.chdir("/")
        yield Measurement(metric="meddling.refused", value=float(refused), n=subject.rows, method="exact")


class Mean(Check):
    """Runs after the check above."""

    summary: ClassVar[str] = "Means of what a check may read"
    metrics: ClassVar[dict[str, MetricFacts]] = {
        name: MetricFacts(about="A mean.") for name in ("score", "x", "groups")
    }

    def measure(self, subject: Subject) -> Iterator[Measurement]:
        """Yield three means."""
        assert isinstance(subject.scores, Classified)
        values = {
            "score": subject.scores.favorable,
            "x": subject.features.data.matrix,
            "groups": subject.attributes[0].codes,
        }
        for name, array in values.items():
            yield Measurement(
                metric=f"mean.{name}", value=float(array.mean()), n=subject.rows, method="exact"
            )


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((300, 2)), columns=["a", "b"])
    return frame.assign(
        label=(frame["a"] + rng.standard_normal(300) > 0).astype(int), sex=np.where(frame["b"] > 0, "F", "M")
    )


def audited(model: Path, folder: Path) -> Report:
    policy = content(
        model,
        store(table(), folder),
        protected={"sex": {"privileged": "M"}},
        spec={"inputs": {"x": ["a", "b"]}},
    )
    policy["checks"] = {"explainability": {"rows": 20, "references": 10}, "robustness": False}
    policy["gate"] = {"rules": [{"metric": "performance.accuracy", "at_least": 0.1}]}
    return audit.run(policy)


def measured(report: Report, *names: str) -> list[CheckResult]:
    return [check for check in report.checks if check.name in names]


BUILT_IN = ("performance", "fairness", "explainability", "slices")


def test_built_in_and_later_checks_measure_what_they_measure_without_it(
    model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        plugins.install(patch, Mean)
        without = audited(model("variables"), tmp_path)
    before = os.getcwd(), random.getstate(), repr(np.random.get_state())
    plugins.install(monkeypatch, Meddling, Mean)
    spoiled = audited(model("variables"), tmp_path)
    again = audited(model("variables"), tmp_path)
    assert (os.getcwd(), random.getstate(), repr(np.random.get_state())) == before
    assert "AUDIT_TEST_MEDDLED" not in os.environ
    for report in (spoiled, again):
        names = (*BUILT_IN, "mean")
        assert [check.status for check in report.checks] == ["measured"] * 6
        assert repr(measured(report, *names)) == repr(measured(without, *names))
        (refused,) = measured(report, "meddling")
        assert refused.measurements[0].value == 8
        assert asdict(report.data) == asdict(without.data) and report.verdict == without.verdict == "pass"
        assert report.policy.effective["gate"] == without.policy.effective["gate"]


def test_what_a_plug_in_is_the_first_to_ask_for_is_not_shared(tmp_path: Path) -> None:
    subject = toy_subject(tmp_path)
    view = private_view(subject)
    view.features.data.matrix[:] = 0
    assert subject.features.data.matrix.any()
    assert not subject.scores.predicted.flags.writeable  # type: ignore[union-attr]  # a classification
