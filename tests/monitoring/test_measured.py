"""What is measured on a batch: counts by hand, and the rules' values as an audit of the same rows measures them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.check import policy_from
from audit.checks.performance import Performance
from audit.cli.monitor import exit_code
from audit.data.source import BatchSize, Source
from audit.errors import AuditError
from audit.monitoring import batch as batch_module
from audit.monitoring import batch_files, rule_parts
from audit.monitoring.measured import BatchMeasurement
from audit.monitoring.monitor import Monitor

from ..conftest import Models
from . import batches


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("monitoring")


def measure(model: Path, folder: Path, frame: pd.DataFrame, name: str, **monitoring: Any) -> BatchMeasurement:
    """Measure a batch without counting it anywhere."""
    policy = batches.policy(model, folder, **monitoring)
    with Monitor(policy, folder / "unused") as monitor:
        files = batch_files.open_batch(policy, batches.store(frame, folder, name), None)
        return batch_module.measure_batch(monitor._monitored, files, lambda *_: None)


def test_counts_are_those_of_a_crosstab(model: Models, folder: Path) -> None:
    frame = batches.table(1000, 5, shift=0.1)
    measured = measure(model("given"), folder, frame, "counts.parquet")
    policy = batches.policy(model("given"), folder)
    with Monitor(policy, folder / "unused") as monitor:
        reference = monitor._monitored.reference
    assert [variable.kind for variable in reference.variables] == ["feature", "score", "decision"]
    assert reference.groups == [("sex", "f"), ("sex", "m")]
    edges = np.quantile(batches.table(4000, 0)["score"], np.arange(1, 10) / 10, method="inverted_cdf")
    np.testing.assert_array_equal(reference.variables[0].edges[:-1], edges)
    cut = pd.cut(frame["score"], [-np.inf, *reference.variables[0].edges, np.inf], labels=False)
    expected = [np.bincount(cut, minlength=12)]
    expected += [np.bincount(cut[frame["sex"] == sex], minlength=12) for sex in ("f", "m")]
    np.testing.assert_array_equal(measured.counts[0], expected)
    np.testing.assert_array_equal(measured.counts[1], expected)  # the score is the feature
    decided = (frame["score"] >= 0.5).to_numpy()
    names = reference.variables[2].categories
    assert measured.counts[2][0][names.index("1")] == decided.sum()
    assert measured.counts[2][0][names.index("0")] == (~decided).sum()


def test_rules_have_the_values_and_intervals_of_an_audit(model: Models, folder: Path) -> None:
    frame = batches.table(900, 6)
    measured = measure(model("given"), folder, frame, "audited.parquet")
    content = batches.content(model("given"), folder)
    content["data"] = {**dict(content["data"]), "path": str(folder / "audited.parquet")}  # type: ignore[call-overload]
    report = audit.run(content)
    by_rule = {rule.id: rule.measurements[0] for rule in report.rules}
    assert {one.rule for one in measured.rules} == by_rule.keys()
    for one in measured.rules:
        expected = by_rule[one.rule]
        assert expected.ci is not None
        estimate = one.estimate()
        assert estimate.value == pytest.approx(expected.value, abs=1e-12)
        assert one.rows == expected.n
        assert (estimate.low, estimate.high) == pytest.approx(expected.ci, abs=1e-12)


def test_parts_of_a_large_batch_count_as_the_whole(
    model: Models, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = batches.table(3000, 7)
    whole = measure(model("given"), folder, frame, "whole.parquet")
    monkeypatch.setattr(batch_module, "_PART_VALUES", 1)
    monkeypatch.setattr(Source, "batch_size", BatchSize(rows=700))
    parts = measure(model("given"), folder, frame, "whole.parquet")
    assert parts.counts == whole.counts
    assert [len(one.parts) for one in parts.rules] == [5] * len(parts.rules)
    for part, one in zip(parts.rules, whole.rules, strict=True):
        assert part.rule == one.rule
        if one.is_counted:
            assert part.counts == one.counts
            assert part.estimate() == one.estimate()
        else:
            assert part.estimate().value == pytest.approx(one.estimate().value, abs=1e-9)
            assert part.estimate().high - part.estimate().low == pytest.approx(
                one.estimate().high - one.estimate().low, rel=0.1
            )


def test_without_labels_rates_of_decisions_are_measured_and_nothing_else(model: Models, folder: Path) -> None:
    frame = batches.table(500, 8)
    with_labels = measure(model("given"), folder, frame, "with.parquet")
    without = measure(model("given"), folder, frame.drop(columns="label"), "without.parquet")
    null = measure(model("given"), folder, frame.assign(label=None), "null.parquet")
    assert [one.rule for one in without.rules] == ["selection"] == [one.rule for one in null.rules]
    (selection,) = [one for one in with_labels.rules if one.rule == "selection"]
    assert without.rules[0].estimate() == selection.estimate() == null.rules[0].estimate()
    assert (without.labelled, null.labelled, with_labels.labelled) == (0, 0, 500)
    assert without.counts == with_labels.counts


def test_labels_of_some_rows_measure_these_rows(model: Models, folder: Path) -> None:
    frame = batches.table(500, 9)
    some = frame.assign(label=frame["label"].where(frame.index % 2 == 0))
    measured = measure(model("given"), folder, some, "some.parquet")
    half = measure(model("given"), folder, frame[frame.index % 2 == 0], "half.parquet")
    assert measured.labelled == 250
    values = {one.rule: one.estimate() for one in measured.rules}
    expected = {one.rule: one.estimate() for one in half.rules}
    assert {name: values[name] for name in ("accuracy", "recall", "brier")} == {
        name: expected[name] for name in ("accuracy", "recall", "brier")
    }
    assert values["selection"] != expected["selection"]  # of all rows


def test_a_batch_of_one_group_or_one_label_is_measured_as_far_as_it_goes(model: Models, folder: Path) -> None:
    frame = batches.table(400, 10)
    women = measure(model("given"), folder, frame[frame["sex"] == "f"], "women.parquet")
    assert {one.rule for one in women.rules} == {"accuracy", "recall", "brier"}
    assert women.reasons["selection"].endswith(
        "no protected attribute has rows of both privileged and unprivileged groups"
    )
    refused = measure(model("given"), folder, frame[frame["label"] == 0], "refused.parquet")
    assert {one.rule for one in refused.rules} == {"accuracy", "selection", "brier"}
    single = measure(model("given"), folder, frame[:1], "single.parquet")
    assert single.rows == 1 and math.isfinite(single.rules[0].estimate().value)


def test_a_csv_file_counts_as_the_parquet_file_of_the_same_rows(model: Models, folder: Path) -> None:
    frame = batches.table(300, 11)
    assert (
        measure(model("given"), folder, frame, "x.csv").counts
        == measure(model("given"), folder, frame, "x.parquet").counts
    )


def test_rows_of_a_cluster_count_once_for_drift(model: Models, folder: Path) -> None:
    frame = batches.table(300, 12)
    twice = pd.concat([frame.assign(household=frame.index), frame.assign(household=frame.index)])
    content = batches.content(model("given"), folder)
    reference = batches.table(4000, 0).assign(household=range(4000))
    reference.to_parquet(folder / "clustered.parquet", index=False)
    data = {**dict(content["data"]), "cluster": "household", "path": str(folder / "clustered.parquet")}  # type: ignore[call-overload]
    policy = policy_from({**content, "data": data})
    with Monitor(policy, folder / "unused") as monitor:
        files = batch_files.open_batch(policy, batches.store(twice, folder, "twice.parquet"), None)
        measured = batch_module.measure_batch(monitor._monitored, files, lambda *_: None)
    assert np.sum(measured.counts[0][0]) == 300
    assert measured.rows == 600


def test_attributions_are_counted_when_asked_for(model: Models, folder: Path) -> None:
    quiet = measure(model("given"), folder, batches.table(600, 13), "a.parquet", drift={"attributions": True})
    assert len(quiet.counts) == 4
    assert np.sum(quiet.counts[3][0]) == 600
    assert np.sum(quiet.counts[3][1]) + np.sum(quiet.counts[3][2]) == 600


def test_a_batch_is_bound_to_the_columns_of_the_reference(model: Models, folder: Path) -> None:
    """A column with the name of the model's input is not taken for it because a batch happens to have it."""
    frame = batches.table(300, 20)
    plain = measure(model("given"), folder, frame, "plain.parquet")
    more = measure(model("given"), folder, frame.assign(x=1 - frame["score"]), "more.parquet")
    assert more.counts == plain.counts
    assert [one.estimate() for one in more.rules] == [one.estimate() for one in plain.rules]


def test_a_null_cluster_and_weights_that_are_all_zero_are_refused_as_in_an_audit(
    model: Models, folder: Path
) -> None:
    frame = batches.table(100, 30)
    for key, column, message in (
        ("cluster", [None, *range(99)], "a cluster in every row"),
        ("weight", [0.0] * 100, "only zeros"),
    ):
        content = batches.content(model("given"), folder)
        reference = folder / f"{key}.parquet"
        batches.table(4000, 0).assign(extra=range(1, 4001)).to_parquet(reference, index=False)
        data = {**dict(content["data"]), key: "extra", "path": str(reference)}  # type: ignore[call-overload]
        policy = policy_from({**content, "data": data})
        with Monitor(policy, folder / "unused") as monitor, pytest.raises(AuditError, match=message):
            monitor.observe(batches.store(frame.assign(extra=column), folder, f"bad-{key}.parquet"))
        assert not (folder / "unused").exists()


def test_a_check_that_crashes_on_a_part_is_no_pass(
    model: Models, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other parts are measured, and the exit code is that of what was not."""
    calls: list[int] = []
    measured = Performance.measure

    def crash_once(self: Performance, subject: Any) -> Any:
        calls.append(subject.rows)
        if len(calls) == 2:
            raise ZeroDivisionError("on purpose")
        return measured(self, subject)

    tracebacks: list[str] = []
    policy = batches.policy(model("given"), folder)
    with Monitor(policy, folder / "crashing", crash=lambda _, text: tracebacks.append(text)) as monitor:
        monitor.observe(batches.store(batches.table(500, 31), folder, "fine.parquet"))
        monkeypatch.setattr(batch_module, "_PART_VALUES", 1)
        monkeypatch.setattr(Source, "batch_size", BatchSize(rows=300))
        calls.clear()
        monkeypatch.setattr(Performance, "measure", crash_once)
        outcome = monitor.observe(batches.store(batches.table(900, 32), folder, "crash.parquet")).outcome
    streams = {stream.rule: stream for stream in outcome.streams}
    assert streams["accuracy"].crashed and "crashed" in streams["accuracy"].reason
    assert not streams["selection"].crashed
    assert exit_code(outcome) == 3 and "ZeroDivisionError" in tracebacks[0]


@pytest.mark.parametrize("unlabelled", [[0], [450], []])
def test_a_check_that_samples_features_runs_once_wherever_labels_are_missing(
    model: Models, folder: Path, monkeypatch: pytest.MonkeyPatch, unlabelled: list[int]
) -> None:
    rows: list[int] = []
    measured = Performance.measure

    def recorded(self: Performance, subject: Any) -> Any:
        rows.append(subject.rows)
        return measured(self, subject)

    for module in (batch_module, rule_parts):
        monkeypatch.setattr(module, "STREAMED", frozenset({"fairness"}))
    monkeypatch.setattr(batch_module, "_PART_VALUES", 1)
    monkeypatch.setattr(Source, "batch_size", BatchSize(rows=300))
    frame = batches.table(900, 33)
    frame["label"] = frame["label"].astype(float).where(~frame.index.isin(unlabelled))
    with Monitor(batches.policy(model("given"), folder), folder / "unused") as monitor:
        files = batch_files.open_batch(
            monitor._policy, batches.store(frame, folder, f"nulls-{unlabelled}.parquet"), None
        )
        known = monitor._monitored
        monkeypatch.setattr(Performance, "measure", recorded)
        result = batch_module.measure_batch(known, files, lambda *_: None)
    assert rows == [300 - (0 in unlabelled)]
    assert {one.rule for one in result.rules} == {str(rule["id"]) for rule in batches.RULES}
