"""The store of monitoring: what is written together is there together, and is read as it was."""

from __future__ import annotations

import ast
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audit.errors import AuditError
from audit.monitoring import store as store_module
from audit.monitoring.outcome import BatchOutcome, EValue, IntervalEstimate, RuleOutcome
from audit.monitoring.store import Store

from . import stores
from .stores import (
    MODELS,
    RECORDED,
    REFERENCE,
    Batch,
    Counting,
    append,
    decider_of,
    opened,
    the_run,
)
from .stores_in_memory import require_sound


def test_neither_store_nor_decisions_start_tensorflow() -> None:
    modules = (
        "audit.monitoring.store, audit.monitoring.decision, audit.monitoring.export, tests.monitoring.stores"
    )
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_stand_in_calls_the_store_as_monitor_does() -> None:
    monitor = Path(store_module.__file__).with_name("monitor.py")
    ours = Path(stores.__file__)
    for name in ("_append", "_counted_once", "_counted", "_last"):
        assert store_calls(monitor, name) == store_calls(ours, name)
    assert store_calls(monitor, "_append") == ["run", "begin_run", "state", "latest_time", "append"]
    for file in (monitor, ours):
        text = ast.unparse(method(file, "_counted_once"))
        assert re.search(
            r"with store.transaction\(\):\n +if self._counted\(\w+\).keys\(\) != counted.keys\(\):", text
        )


def method(file: Path, name: str) -> ast.AST:
    """Return a method of the class that counts batches."""
    tree = ast.parse(file.read_text("utf-8"))
    (counting,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in ("Monitor", "Counting")
    )
    (found,) = (node for node in counting.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return found


def store_calls(file: Path, name: str) -> list[str]:
    """Return the methods of a store that a method calls, in their order."""
    calls = [node for node in ast.walk(method(file, name)) if isinstance(node, ast.Call)]
    texts = [
        ast.unparse(call.func) for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset))
    ]
    return [match[1] for text in texts if (match := re.fullmatch(r"(?:self\.)?_?store\.(\w+)", text))]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, AuditError])
def test_a_transaction_that_fails_leaves_neither_batch_nor_alert(
    counting: Counting, error: type[BaseException]
) -> None:
    store, before = counting.store, require_sound(counting.store.folder)
    raised = AuditError(where="here", expected="x", found="y") if error is AuditError else error()
    with pytest.raises(error), store.transaction():
        append(store, Batch(3))
        store.begin_run(MODELS[1], "v2", RECORDED, REFERENCE)
        assert len(store.pending()) == 1 and len(store.runs()) == 2
        raise raised
    assert (store.pending(), len(store.runs())) == ([], 1)
    assert repr(require_sound(store.folder)) == repr(before)


def test_alerts_are_committed_with_their_batch(counting: Counting) -> None:
    with opened(counting.store.folder) as other:
        with counting.store.transaction():
            append(counting.store, Batch(3))
            assert (other.pending(), len(other.outcomes(the_run(other)))) == ([], 3)
        assert [alert.text for alert in other.pending()] == ["alert 0"]
        assert len(other.outcomes(the_run(other))) == 4


def test_the_first_model_is_no_news_and_the_next_is(counting: Counting) -> None:
    assert counting.store.pending() == []
    other = Counting(counting.store.folder, MODELS[1])
    other.count(Batch(1))
    other.close()
    (alert,) = counting.store.pending()
    assert (alert.kind, alert.created) == ("started", RECORDED)
    facts = {"version": "income@b", "model": MODELS[1], "as_of": Batch(1).as_of, "subject": MODELS[1]}
    assert alert.facts == facts


def test_alerts_stay_in_order_until_they_are_delivered(counting: Counting) -> None:
    store = counting.store
    for number in range(5):
        with store.transaction():
            append(store, Batch(10 + number), number)
    store.mark_failed(3, "no answer")
    store.mark_delivered(2)
    store.mark_delivered(4)
    store.mark_delivered(4)
    store.mark_delivered(99)
    assert [(alert.id, alert.text) for alert in store.pending()] == [
        (1, "alert 0"), (3, "alert 2"), (5, "alert 4"),
    ]  # fmt: skip
    with opened(store.folder) as other:
        assert other.pending() == store.pending()
    rows = store.connection.execute("SELECT id, delivered, problem FROM alerts ORDER BY id").fetchall()
    assert rows == [(1, 0, ""), (2, 1, ""), (3, 0, "no answer"), (4, 1, ""), (5, 0, "")]
    store.mark_delivered(3)
    assert store.connection.execute("SELECT problem FROM alerts WHERE id = 3").fetchone() == ("",)


@pytest.mark.parametrize(
    "write",
    [
        lambda store: append(store, Batch(3)),
        lambda store: store.begin_run(MODELS[1], "v2", RECORDED, REFERENCE),
        lambda store: store.add_alert(RECORDED, "drift", "text", {}),
    ],
)
def test_nothing_is_written_outside_a_transaction(
    counting: Counting, write: Callable[[Store], object]
) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        write(counting.store)
    assert (len(require_sound(counting.store.folder)), counting.store.pending()) == (3, [])


def test_what_is_stored_is_read_as_it_was(counting: Counting) -> None:
    """Values that JSON, or a careless reader of it, would change."""
    nothing = IntervalEstimate(value=math.nan, low=-math.inf, high=math.inf)
    smallest = IntervalEstimate(value=5e-324, low=-0.0, high=0.1 + 0.2)
    outcome = BatchOutcome(
        sequence=4, as_of="2027-02-01T00:00:00Z", recorded=RECORDED, digest="sha256:4", rows=2**53 + 1,
        labelled=0, state="quiet", evidence=EValue(log_e=-math.inf, log_line=1e308, alarm=False),
        rules=[
            RuleOutcome(
                rule='"\x00\ud7ff\U0001f600', metric="m", estimate=estimate, low=-math.inf, high=1.0, rows=0,
                where={"truth": True, "one": 1, "float": 1.0, "text": "1", "empty": ""},
            )
            for estimate in (nothing, smallest)
        ],
    )  # fmt: skip
    store, run = counting.store, the_run(counting.store)
    with store.transaction():
        store.append(run, outcome, "", np.array([0, 2**64 - 1], "<u8").tobytes(), decider_of(1).initial())
    assert repr(store.last_outcome(run)) == repr(outcome)
    assert store.counted(run, "sha256:4")[""].tolist() == [0, 2**64 - 1]


def test_a_model_whose_name_is_not_utf_8(counting: Counting) -> None:
    store = counting.store
    with store.transaction():
        run = store.begin_run(MODELS[1], "mod\udcffel", RECORDED, REFERENCE)
    assert run.version == "mod\\udcffel" and store.run(MODELS[1]) == run


def test_a_batch_that_is_there_is_refused_by_the_table(counting: Counting) -> None:
    store, before = counting.store, require_sound(counting.store.folder)
    with pytest.raises(AuditError, match="UNIQUE"), store.transaction():
        append(store, Batch(2))
    assert repr(require_sound(store.folder)) == repr(before) and store.pending() == []


def test_a_transaction_within_another_undoes_it(counting: Counting) -> None:
    store = counting.store
    with pytest.raises(AuditError, match="within a transaction"), store.transaction():
        append(store, Batch(3))
        store.mark_delivered(1)
    assert len(require_sound(store.folder)) == 3


def test_commits_survive_a_power_failure(counting: Counting) -> None:
    """What was asked for; `test_store_faults.py` looks at the calls to the system."""
    pragma = counting.store.connection.execute
    assert pragma("PRAGMA journal_mode").fetchone() == ("delete",)
    assert pragma("PRAGMA synchronous").fetchone() == (3,), "the directory is not synced after a commit"


def test_no_question_reads_what_grows(counting: Counting) -> None:
    """The last batch is found by an index, and large keys are not read to get at an outcome."""
    statements: list[str] = []
    store, run = counting.store, the_run(counting.store)
    store.connection.set_trace_callback(statements.append)
    store.last_outcome(run)
    store.outcomes(run)
    store.counted(run, Batch(1).digest)
    store.latest_time(run)
    store.connection.set_trace_callback(None)
    for statement in statements:
        plan = str(store.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall())
        assert "SEARCH batches USING INDEX" in plan and "TEMP B-TREE" not in plan, (statement, plan)
    columns = [row[1] for row in store.connection.execute("PRAGMA table_info(batches)")]
    assert columns[-1] == "keys"
