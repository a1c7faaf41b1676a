"""`audit monitor` as a user meets it: what it prints, its exit codes, alerts, logs and the export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.cli import main

from ..conftest import Models
from ..monitoring import batches
from ..monitoring.receiver import serving, status

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(model, tmp_path)
    return tmp_path


def write(model: Models, folder: Path, **monitoring: Any) -> None:
    (folder / "audit.yaml").write_text(json.dumps(batches.content(model("given"), folder, **monitoring)))


def monitor(frame: pd.DataFrame, name: str, *options: str) -> int:
    return main(["monitor", "--data", batches.store(frame, Path.cwd(), name), *options])


def test_exit_codes_follow_the_state(place: Path, capsys: Capture) -> None:
    assert monitor(batches.table(300, 1).drop(columns="label"), "a.parquet", "--as-of", "2027-01-01") == 3
    out = capsys.readouterr().out
    assert (
        out.startswith("NOT MEASURED: ")
        and "batch 1 as of 2027-01-01T00:00:00Z: 300 rows, 0 with a label" in out
    )
    assert "accuracy: not measured, the batch has no labels yet" in out
    assert monitor(batches.table(300, 2), "b.parquet") == 0
    assert monitor(batches.table(600, 3, shift=0.3), "c.parquet") == 1
    out = capsys.readouterr().out
    assert (
        "ALARM: " in out
        and "DRIFT     feature score" in out
        and "  alarm     Drift: " in out
        and "[new]" in out
    )
    assert "limit at least 0.6; no evidence, alarm at 356" in out
    assert monitor(batches.table(300, 4), "d.parquet") == 1
    assert "[since batch 3, " in capsys.readouterr().out
    assert monitor(batches.table(300, 4), "d.parquet") == 1
    assert "counted before: shown is the state after batch 4" in capsys.readouterr().out
    assert monitor(batches.table(300, 5).drop(columns="sex"), "e.parquet") == 2
    assert capsys.readouterr().err.splitlines()[0].startswith("audit: ")


def test_json_is_the_outcome(place: Path, capsys: Capture) -> None:
    assert monitor(batches.table(300, 1), "a.parquet", "--json") == 0
    text = capsys.readouterr().out
    facts = json.loads(text)
    assert "Infinity" not in text and "NaN" not in text
    assert facts["exit_code"] == 0 and facts["rules"][0]["high"] is None
    assert (facts["state"], facts["sequence"], facts["counted"], facts["rows"]) == ("quiet", 1, True, 300)
    assert {stream["rule"] for stream in facts["streams"]} == {str(rule["id"]) for rule in batches.RULES}


def test_a_parquet_table_of_all_batches_is_written_with_a_batch_and_without(
    place: Path, capsys: Capture
) -> None:
    assert main(["monitor", "--export", "out.parquet"]) == 2
    assert "monitoring.sqlite" in capsys.readouterr().err
    monitor(batches.table(300, 1), "a.parquet", "--export", "out.parquet")
    first = pd.read_parquet("out.parquet")
    monitor(batches.table(300, 2), "b.parquet")
    assert main(["monitor", "--export", "out.parquet"]) == 0
    both = pd.read_parquet("out.parquet")
    assert set(both["batch"]) == {1, 2} and len(both) == 2 * len(first)
    accuracy = both[(both["name"] == "accuracy") & (both["batch"] == 1)].iloc[0]
    frame = batches.table(300, 1)
    assert accuracy["value"] == pytest.approx(((frame["score"] >= 0.5) == frame["label"]).mean())
    assert accuracy["limit_low"] == 0.6


def test_alerts_are_sent_once_for_each_change_and_wait_in_the_store_otherwise(
    model: Models, place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(model, place, webhook={"url_env": "AUDIT_WEBHOOK_URL"})
    assert monitor(batches.table(300, 1), "a.parquet") == 2
    assert "AUDIT_WEBHOOK_URL" in capsys.readouterr().err and not Path("audit-monitoring").exists()
    with serving() as receiver:
        monkeypatch.setenv("AUDIT_WEBHOOK_URL", receiver.url)
        monkeypatch.setattr("audit.monitoring.webhook._WAIT_SECONDS", 0.01)
        assert monitor(batches.table(600, 2, shift=0.3), "b.parquet") == 1
        assert monitor(batches.table(600, 3, shift=0.3), "c.parquet") == 1
        assert [request.content["kind"] for request in receiver.requests] == ["drift"]
        receiver.script = [status(400)]
        write(model, place, webhook={"url_env": "AUDIT_WEBHOOK_URL", "format": "slack"})
        for day in range(3, 9):
            assert monitor(batches.table(600, day, recall=0.1), f"{day}.parquet") == 1
        out = capsys.readouterr().out
        assert "1 alert waits in the store: the receiver answered 400" in out
        later = [request.content for request in receiver.requests[1:]]
        assert later[0] == later[1] and all(content.keys() == {"text"} for content in later)
    stored = b"".join(file.read_bytes() for file in Path("audit-monitoring").iterdir())
    assert receiver.url.encode() not in stored and receiver.url not in "".join(capsys.readouterr())


@pytest.mark.parametrize("text", ["yesterday", "2027-13-01", ""])
def test_a_time_that_is_none_is_refused(place: Path, capsys: Capture, text: str) -> None:
    assert monitor(batches.table(50, 1), "a.parquet", "--as-of", text) == 2
    assert "--as-of" in capsys.readouterr().err


def test_without_a_batch_the_message_says_what_is_missing(place: Path, capsys: Capture) -> None:
    assert main(["monitor"]) == 2
    assert "--data" in capsys.readouterr().err


def test_what_fails_after_counting_says_that_the_batch_was_counted(place: Path, capsys: Capture) -> None:
    assert monitor(batches.table(300, 1), "a.parquet", "--export", "missing/out.parquet") == 2
    error = capsys.readouterr().err
    assert "missing" in error and "the batch was counted" in error
    assert monitor(batches.table(300, 1), "a.parquet") == 0
    assert "counted before" in capsys.readouterr().out


def test_logs_are_written_for_tensorboard(place: Path) -> None:
    assert monitor(batches.table(300, 1), "a.parquet", "--tensorboard", "tb") == 0
    assert [file for file in Path("tb").rglob("events.out.tfevents.*") if file.stat().st_size > 1000]


@pytest.mark.parametrize("alias", ["champion", "income@v1", "income@latest"])
def test_an_alias_that_cannot_be_rolled_back_is_refused_before_anything_is_counted(
    model: Models, place: Path, capsys: Capture, alias: str
) -> None:
    write(model, place, rollback={"alias": alias, "after": 1})
    assert monitor(batches.table(50, 1), "a.parquet") == 2
    assert "NAME@ALIAS" in capsys.readouterr().err
    assert not Path("audit-monitoring").exists()
