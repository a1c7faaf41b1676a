"""A promoted model's life: quiet, drift, broken rules; labels that come later; input that cannot be counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from audit.check import policy_from
from audit.cli.monitor import exit_code
from audit.errors import AuditError
from audit.monitoring.monitor import Monitor
from audit.monitoring.outcome import BatchOutcome
from audit.monitoring.store_file import FILE

from ..conftest import Models
from . import batches


@pytest.fixture
def monitor(model: Models, tmp_path: Path) -> Monitor:
    return Monitor(batches.policy(model("given"), tmp_path, key="id"), tmp_path / "store")


def observe(monitor: Monitor, folder: Path, frame: pd.DataFrame, name: str, day: int = 1) -> BatchOutcome:
    file = batches.store(frame, folder, f"{name}.parquet")
    return monitor.observe(file, as_of=datetime(2026, 1, day, tzinfo=UTC)).outcome


def evidence(outcome: BatchOutcome, rule: str) -> float:
    (stream,) = [stream for stream in outcome.streams if stream.rule == rule]
    return stream.evidence.log_e


def test_quiet_then_drift_then_an_alarm_that_stands(monitor: Monitor, tmp_path: Path) -> None:
    for day in range(1, 6):
        outcome = observe(monitor, tmp_path, batches.table(500, day), f"day-{day}", day)
        assert outcome.state == "quiet"
        assert [event.kind for event in outcome.events] == ["started"] * (day == 1)
    for day in range(6, 9):
        shifted = observe(monitor, tmp_path, batches.table(500, day, shift=0.1), f"day-{day}", day)
        if shifted.events:
            break
    assert shifted.state == "alarm" and [event.kind for event in shifted.events] == ["drift"]
    assert "score" in shifted.events[0].text
    back = observe(monitor, tmp_path, batches.table(500, 20), "back", 20)
    assert (back.state, back.events) == ("alarm", [])
    assert len(monitor.store.pending()) == 1  # once, and none for the first run


def test_a_fall_of_recall_raises_its_rule_and_counts_the_batches_that_fail(
    monitor: Monitor, tmp_path: Path
) -> None:
    events: list[str] = []
    failing = []
    for day in range(1, 9):
        outcome = observe(monitor, tmp_path, batches.table(600, day, recall=0.3), f"day-{day}", day)
        events += [event.subject for event in outcome.events if event.kind == "rule"]
        failing.append(next(stream.failing for stream in outcome.streams if stream.rule == "recall"))
    assert "recall" in events and "accuracy" not in events
    first = next(place for place, number in enumerate(failing) if number)
    assert failing[first:] == list(range(1, len(failing) - first + 1))


def test_late_labels_count_as_those_that_came_at_once(model: Models, tmp_path: Path) -> None:
    frame = batches.table(500, 3)
    policy = batches.policy(model("given"), tmp_path, key="id")
    with Monitor(policy, tmp_path / "at-once") as monitor:
        at_once = observe(monitor, tmp_path, frame, "labelled")
    rows = batches.store(frame.drop(columns="label"), tmp_path, "rows.parquet")
    labels = frame[["label", "id"]].sample(frac=1, random_state=1)
    halves = [
        batches.store(part, tmp_path, f"{place}.csv")
        for place, part in enumerate([labels[:200], labels[100:]])
    ]
    with Monitor(policy, tmp_path / "later") as monitor:
        first = monitor.observe(rows).outcome
        assert first.labelled == 0
        assert [one.evidence for one in first.drift] == [one.evidence for one in at_once.drift]
        assert evidence(first, "selection") == evidence(at_once, "selection")
        assert first.streams[0].reason == "the batch has no labels yet"
        second, third = (monitor.observe(rows, half).outcome for half in halves)
        assert (second.labelled, third.labelled) == (200, 300)  # a hundred labels came twice
        assert (second.drift, evidence(third, "selection")) == ([], evidence(at_once, "selection"))
        assert (first.rows, second.rows, third.rows) == (500, 0, 0)
        again = monitor.observe(rows, halves[0])
        assert not again.counted and again.outcome == third
        sorted_labels = batches.store(labels.sort_values("id"), tmp_path, "sorted.csv")
        assert not monitor.observe(rows, sorted_labels).counted  # no label is new
        recall = [
            one.estimate.value for outcome in (second, third) for one in outcome.rules if one.rule == "recall"
        ]
    assert len(recall) == 2 and all(0 < value < 1 for value in recall)


def test_a_batch_given_twice_is_counted_once_and_one_out_of_order_is_said(
    monitor: Monitor, tmp_path: Path
) -> None:
    first = observe(monitor, tmp_path, batches.table(200, 1), "one", 5)
    copy = monitor.observe(batches.store(batches.table(200, 1), tmp_path, "copy.parquet"))
    assert not copy.counted and copy.outcome == first
    late = observe(monitor, tmp_path, batches.table(200, 2), "two", 3)
    assert "earlier than 2026-01-05" in late.notes[-1] and late.sequence == 2


def test_another_model_begins_another_run_with_a_smaller_share_of_false_alarms(
    model: Models, tmp_path: Path
) -> None:
    with Monitor(batches.policy(model("given"), tmp_path), tmp_path / "store") as monitor:
        before = observe(monitor, tmp_path, batches.table(200, 1), "one")
    other = tmp_path / "other"
    other.mkdir()
    for file in model("given").rglob("*"):
        if file.is_file():
            place = other / file.relative_to(model("given"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    (other / "assets.extra").mkdir()
    (other / "assets.extra" / "note").write_text("retrained")
    with Monitor(batches.policy(other, tmp_path), tmp_path / "store") as monitor:
        after = observe(monitor, tmp_path, batches.table(200, 1), "one")
        assert [run.id for run in monitor.store.runs()] == [1, 2]
        assert [alert.kind for alert in monitor.store.pending()] == ["started"]
    assert after.sequence == 1 and after.evidence.log_line > before.evidence.log_line


Change = Callable[[pd.DataFrame], pd.DataFrame]
BAD: dict[str, tuple[Change, str]] = {
    "no column": (lambda t: t.drop(columns="score"), "a column 'score'"),
    "no group": (lambda t: t.drop(columns="sex"), "a column 'sex'"),
    "new group": (
        lambda t: t.assign(sex=t["sex"].where(t.index > 3, "x")),
        "a group that the reference has: 'f', 'm'",
    ),
    "no group's value": (
        lambda t: t.assign(sex=t["sex"].where(t.index > 3)),
        "a group that the reference has",
    ),
    "new label": (
        lambda t: t.assign(label=t["label"].where(t.index > 3, 2)),
        "a label value that the audited data have",
    ),
    "empty": (lambda t: t[:0], "at least one row"),
    "text": (lambda t: t.assign(score="high"), "numbers"),
    "null": (lambda t: t.assign(score=t["score"].where(t.index > 3)), "score"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_batch_that_cannot_be_counted_leaves_the_store_as_it_was(
    monitor: Monitor, tmp_path: Path, kind: str
) -> None:
    change, message = BAD[kind]
    observe(monitor, tmp_path, batches.table(100, 1), "good")
    before = (tmp_path / "store" / FILE).read_bytes()
    with pytest.raises(AuditError) as caught:
        observe(monitor, tmp_path, change(batches.table(100, 2)), "bad")
    assert message in str(caught.value)
    assert (tmp_path / "store" / FILE).read_bytes() == before


def test_no_store_is_begun_by_what_cannot_be_counted(monitor: Monitor, tmp_path: Path) -> None:
    with pytest.raises(AuditError):
        observe(monitor, tmp_path, batches.table(10, 1).drop(columns="score"), "bad")
    assert not (tmp_path / "store").exists()


BAD_LABELS: dict[str, tuple[Change, str]] = {
    "no key": (lambda t: t[["label"]], "the key column 'id'"),
    "no label": (lambda t: t[["id"]], "a column 'label'"),
    "key twice": (lambda t: pd.concat([t, t])[["id", "label"]], "each key once"),
    "no keys": (lambda t: t[["id", "label"]].assign(id=None), "a key in column 'id'"),
    "new label": (lambda t: t[["id"]].assign(label=7), "a label value that the audited data have"),
    "empty": (lambda t: t[["id", "label"]][:0], "at least one label"),
    "another day's": (lambda t: t[["id", "label"]].assign(id=t["id"] + "x"), "no key that both files have"),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_labels_that_cannot_be_joined_leave_the_store_as_it_was(
    monitor: Monitor, tmp_path: Path, kind: str
) -> None:
    change, message = BAD_LABELS[kind]
    frame = batches.table(100, 1)
    rows = batches.store(frame.drop(columns="label"), tmp_path, "rows.parquet")
    monitor.observe(rows)
    before = (tmp_path / "store" / FILE).read_bytes()
    with pytest.raises(AuditError) as caught:
        monitor.observe(rows, batches.store(change(frame), tmp_path, "labels.parquet"))
    assert message in str(caught.value)
    assert (tmp_path / "store" / FILE).read_bytes() == before


def test_the_key_is_the_only_column_that_both_files_have(model: Models, tmp_path: Path) -> None:
    frame = batches.table(100, 1)
    rows = batches.store(frame.drop(columns="label"), tmp_path, "rows.parquet")
    with Monitor(batches.policy(model("given"), tmp_path), tmp_path / "store") as monitor:
        labels = batches.store(frame[["id", "label"]], tmp_path, "labels.parquet")
        assert monitor.observe(rows, labels).outcome.labelled == 100
        with pytest.raises(
            AuditError, match=r"(?s)several that both have: 'id', 'sex'.*set monitoring.key: COLUMN"
        ):
            monitor.observe(rows, batches.store(frame[["id", "sex", "label"]], tmp_path, "two.parquet"))


def test_keys_that_rows_share_and_labels_beside_labels_are_refused(monitor: Monitor, tmp_path: Path) -> None:
    frame = batches.table(100, 1)
    labels = batches.store(frame[["id", "label"]], tmp_path, "labels.parquet")
    shared = pd.concat([frame, frame[:1]]).drop(columns="label")
    with pytest.raises(AuditError, match="a key in several rows"):
        monitor.observe(batches.store(shared, tmp_path, "shared.parquet"), labels)
    with pytest.raises(AuditError, match="labels once: in the batch or in a file of their own"):
        monitor.observe(batches.store(frame, tmp_path, "labelled.parquet"), labels)


def test_a_store_of_another_policy_is_left_alone(model: Models, monitor: Monitor, tmp_path: Path) -> None:
    observe(monitor, tmp_path, batches.table(100, 1), "good")
    before = (tmp_path / "store" / FILE).read_bytes()
    stricter = [{**batches.RULES[0], "at_least": 0.7}, *batches.RULES[1:]]
    with pytest.raises(AuditError, match="the store of this policy"):
        Monitor(batches.policy(model("given"), tmp_path, stricter), tmp_path / "store")
    assert (tmp_path / "store" / FILE).read_bytes() == before
    webhook = {"url_env": "AUDIT_WEBHOOK_URL"}
    Monitor(batches.policy(model("given"), tmp_path, key="id", webhook=webhook), tmp_path / "store")


def test_a_waived_rule_raises_no_alarm(model: Models, tmp_path: Path) -> None:
    content = batches.content(model("given"), tmp_path)
    waiver = {"rule": "recall", "reason": "known", "owner": "Ann", "expires": "2026-02-01"}
    with Monitor(policy_from({**content, "waivers": [waiver]}), tmp_path / "store") as monitor:
        for day in range(1, 9):
            outcome = observe(monitor, tmp_path, batches.table(600, day, recall=0.3), f"day-{day}", day)
            assert "recall" not in [event.subject for event in outcome.events]
        later = monitor.observe(
            batches.store(batches.table(600, 99, recall=0.3), tmp_path, "later.parquet"),
            as_of=datetime(2026, 2, 2, tzinfo=UTC),
        )
    assert "recall" in [event.subject for event in later.outcome.events]


def test_a_rule_without_evidence_is_not_measured_though_it_has_a_value(model: Models, tmp_path: Path) -> None:
    """A mean of few rows has no interval to be judged by: quiet would be what was never measured."""
    with Monitor(batches.policy(model("given"), tmp_path), tmp_path / "store") as monitor:
        outcome = observe(monitor, tmp_path, batches.table(15, 1), "few")
        streams = {stream.rule: stream for stream in outcome.streams}
        assert [one.rule for one in outcome.rules if one.rule == "brier"] == ["brier"]
        assert (streams["brier"].measured, exit_code(outcome)) == (0, 3)
        assert streams["brier"].reason.startswith("fewer rows than gate.min_rows")
        assert (streams["accuracy"].measured, streams["accuracy"].reason) == (1, "")
        assert exit_code(observe(monitor, tmp_path, batches.table(200, 2), "more")) == 0


def test_exact_values_are_measured(model: Models, tmp_path: Path) -> None:
    rows = [{"id": "rows", "metric": "performance.rows", "at_least": 100}]
    with Monitor(batches.policy(model("given"), tmp_path, rows), tmp_path / "store") as monitor:
        enough = observe(monitor, tmp_path, batches.table(200, 1), "many")
        assert (enough.streams[0].measured, enough.streams[0].evidence.alarm, exit_code(enough)) == (
            1,
            False,
            0,
        )
        few = [observe(monitor, tmp_path, batches.table(50, seed), f"few-{seed}") for seed in (2, 3)]
    assert few[-1].streams[0].evidence.alarm


def test_a_batch_that_came_with_its_labels_is_not_counted_again_without_them(
    monitor: Monitor, tmp_path: Path
) -> None:
    frame = batches.table(100, 1)
    rows = batches.store(frame.drop(columns="label"), tmp_path, "rows.parquet")
    first = monitor.observe(rows, batches.store(frame[["id", "label"]], tmp_path, "labels.parquet"))
    again = monitor.observe(rows)
    assert (again.counted, again.outcome) == (False, first.outcome)


def test_a_policy_without_rules_and_drift_is_never_quiet(model: Models, tmp_path: Path) -> None:
    drift = {"features": False, "scores": False}
    with Monitor(batches.policy(model("given"), tmp_path, [], drift=drift), tmp_path / "store") as monitor:
        assert exit_code(observe(monitor, tmp_path, batches.table(100, 1), "one")) == 3


def test_labels_of_one_batch_in_several_files_are_one_failing_batch(model: Models, tmp_path: Path) -> None:
    with Monitor(batches.policy(model("given"), tmp_path, key="id"), tmp_path / "store") as monitor:
        for day in range(1, 7):
            outcome = observe(monitor, tmp_path, batches.table(600, day, recall=0.2), f"day-{day}", day)
        before = next(stream.failing for stream in outcome.streams if stream.rule == "recall")
        frame = batches.table(600, 9, recall=0.2)
        rows = batches.store(frame.drop(columns="label"), tmp_path, "rows.parquet")
        for part in range(3):
            labels = frame[["id", "label"]][200 * part : 200 * part + 200]
            outcome = monitor.observe(rows, batches.store(labels, tmp_path, f"{part}.csv")).outcome
    assert (
        before and next(stream.failing for stream in outcome.streams if stream.rule == "recall") == before + 1
    )


def test_a_waiver_adds_no_evidence(model: Models, tmp_path: Path) -> None:
    """An e-value below 1 counts as it is: at 1, the evidence of all rules would rise with each waiver."""
    content = batches.content(model("given"), tmp_path)
    waiver = {"rule": "recall", "reason": "known", "owner": "Ann", "expires": "2026-02-01"}
    evidence_of: list[list[float]] = []
    for waivers in ([], [waiver]):
        policy = policy_from({**content, "waivers": waivers})
        with Monitor(policy, tmp_path / f"store-{len(waivers)}") as monitor:
            outcomes = [observe(monitor, tmp_path, batches.table(300, day), f"{day}", day) for day in (1, 2)]
        assert evidence(outcomes[-1], "recall") < 0.0
        evidence_of.append([outcome.evidence.log_e for outcome in outcomes])
    assert evidence_of[0] == evidence_of[1]
