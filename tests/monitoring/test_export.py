"""The table of a store: every quantity once and exactly, in a file that is replaced as a whole."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit.errors import AuditError
from audit.monitoring.export import SCHEMA, write_table
from audit.monitoring.outcome import BatchOutcome, IntervalEstimate
from audit.monitoring.store import Store

from .restricted_folders import as_nobody, filled, small_disk, without_rights
from .stores import IDENTITY, MODELS, Batch, Counting, opened

NOTHING = IntervalEstimate(value=math.nan, low=-math.inf, high=math.inf)
AWKWARD = IntervalEstimate(value=5e-324, low=-0.0, high=0.1 + 0.2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two models, late labels, and values that a table could lose."""
    folder = tmp_path / "store"
    for model in MODELS[:2]:
        counting = Counting(folder, model)
        for batch in (Batch(1), Batch(2, "first"), Batch(1, "all"), Batch(1000)):
            counting.count(batch)
        counting.close()
    with opened(folder) as store:
        run = store.runs()[-1]
        last = store.outcomes(run)[1]
        rules = [
            replace(last.rules[0], estimate=one, where={"group": "f", "attribute": "sex"})
            for one in (NOTHING, AWKWARD)
        ]
        state = store.state(run)
        assert state
        with store.transaction():
            store.append(
                run, replace(last, sequence=5, digest="x", rules=rules, rows=2**53 + 1), "", b"", state
            )
        yield store


def quantities(outcome: BatchOutcome) -> list[dict[str, Any]]:
    """Return what a reader of the table is to find of a batch, written down anew."""
    every = {"kind": "all", "name": "", "rows": outcome.rows, **evidence(outcome.evidence)}
    of_rules = {stream.rule: evidence(stream.evidence) for stream in outcome.streams}
    rules = [
        {
            "kind": "rule", "name": one.rule, "metric": one.metric, "rows": one.rows, "limit_low": one.low,
            "limit_high": one.high, "where": "attribute=sex,group=f" if one.where else "",
            **vars_of(one.estimate), **of_rules[one.rule],
        }
        for one in outcome.rules
    ]  # fmt: skip
    drift = [
        {
            "kind": f"drift of {one.kind}", "name": one.variable, "where": one.group, "rows": one.rows,
            "metric": metric, **vars_of(estimate), **evidence(one.evidence),
        }
        for one in outcome.drift
        for metric, estimate in (("psi", one.psi), ("js", one.js), ("ks", one.ks))
    ]  # fmt: skip
    about = {"batch": outcome.sequence, "as_of": outcome.as_of, "digest": outcome.digest}
    return [{**dict.fromkeys(SCHEMA.names), **about, **one} for one in (every, *rules, *drift)]


def evidence(of: Any) -> dict[str, Any]:
    return {"log_e": of.log_e, "log_line": of.log_line, "alarm": of.alarm}


def vars_of(estimate: IntervalEstimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def test_every_quantity_is_a_row_with_its_exact_values(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "table.parquet"
    write_table(file, store)
    expected = [
        {**row, "run": run.id, "version": run.version, "model": run.model}
        for run in store.runs()
        for outcome in store.outcomes(run)
        for row in quantities(outcome)
    ]
    table = pq.read_table(file)
    assert table.schema.equals(SCHEMA)
    assert repr(table.to_pylist()) == repr(expected)
    assert len(expected) == 2 * (4 + 2 + 3 * 4 * 3) + 1 + 2 + 4 * 3
    keys = {
        tuple(row[name] for name in ("run", "batch", "kind", "name", "where", "metric")) for row in expected
    }
    assert len(keys) == len(expected) - 1  # the two values of one rule, above


def test_a_store_without_batches_is_an_empty_table(tmp_path: Path) -> None:
    with opened(tmp_path / "store") as store:
        write_table(tmp_path / "t.parquet", store)
    assert pq.read_table(tmp_path / "t.parquet").schema.equals(SCHEMA)
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 0


def test_the_file_is_replaced_and_may_be_read_by_others(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / "t.parquet"
    file.write_text("old")
    write_table(file, store)
    write_table(file, store)
    assert pq.read_table(file).num_rows > 0
    assert [entry.name for entry in folder.iterdir()] == ["t.parquet"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_an_error_on_the_way_leaves_the_old_file(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "t.parquet").write_text("old")
    store.connection.execute("UPDATE batches SET outcome = '{}' WHERE id = (SELECT max(id) FROM batches)")
    with pytest.raises(AuditError, match="cannot be read"):
        write_table(folder / "t.parquet", store)
    require_old(folder)


def require_old(folder: Path) -> None:
    assert {entry.name: entry.read_text() for entry in folder.iterdir()} == {"t.parquet": "old"}


def test_a_disk_without_room_at_any_page_leaves_the_old_file(store: Store, tmp_path: Path) -> None:
    """Of which the last are those where the file is complete but for what a buffer holds."""
    write_table(tmp_path / "t.parquet", store)
    pages = -(-(tmp_path / "t.parquet").stat().st_size // 4096)
    with small_disk(tmp_path) as disk:
        (disk / "t.parquet").write_text("old")
        for spare in range(pages):
            with filled(disk, spare), pytest.raises(AuditError) as error:
                write_table(disk / "t.parquet", store)
            assert error.value.where == str(disk / "t.parquet") and "make room" in error.value.fix
            require_old(disk)
        with filled(disk, pages):
            write_table(disk / "t.parquet", store)
        assert (disk / "t.parquet").read_bytes() == (tmp_path / "t.parquet").read_bytes()
    assert pages >= 3


def test_a_place_that_cannot_be_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    for file in (
        tmp_path / "none" / "t.parquet",
        store.folder / "monitoring.sqlite" / "t",
        tmp_path / "directory",
    ):
        with pytest.raises(AuditError) as error:
            write_table(file, store)
        assert error.value.where == str(file) and "check the path" in error.value.fix
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["directory", "store"]


def test_a_directory_that_may_not_be_written() -> None:
    with without_rights() as folder:
        (folder / "t.parquet").write_text("old")
        (folder / "store").mkdir()
        (folder / "store").chmod(0o777)
        with as_nobody():
            store = Store.open(folder / "store", IDENTITY)
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(AuditError, match="Permission denied"):
            write_table(folder / "t.parquet", store)
        store.close()
        assert (folder / "t.parquet").read_text() == "old"
