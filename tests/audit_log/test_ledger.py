"""How audits of the same rows are counted, by whom, and what happens to the count when the file is spoilt."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from audit.audit_log.ledger import AuditIdentity, AuditPlace, Count, History, find_history
from audit.conclusion.assembly import _decide
from audit.conclusion.facts import Measured
from audit.policy import parse_policy, resolve

from ..conclusion import samples

STARTED = "2026-06-15T12:00:00+00:00"


def audited(model: str = "m1", asked: str = "q", seed: int = 0, data: str = "d") -> AuditIdentity:
    return AuditIdentity(data=data, model=model, asked=asked, seed=seed)


def count(file: Path, this: AuditIdentity) -> Count:
    """Count one audit that passes."""
    try:
        with History(file).place(this, STARTED) as place:
            place.record("pass")
            return place.count
    except OSError as error:
        return History(file).unknown(error)


def places(file: Path, *audits: AuditIdentity) -> list[tuple[int | None, int | None]]:
    return [(found.audits, found.candidates) for found in (count(file, this) for this in audits)]


def test_each_different_audit_takes_the_next_place(tmp_path: Path) -> None:
    made = [audited(), audited("m2"), audited("m2", seed=1), audited("m3"), audited("m3", asked="other")]
    assert places(tmp_path / "h", *made) == [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)]


def test_an_audit_that_is_repeated_keeps_its_place(tmp_path: Path) -> None:
    first, second = audited(), audited("m2")
    assert places(tmp_path / "h", first, second, first, second, audited("m3")) == [
        (1, 1), (2, 2), (1, 1), (2, 2), (3, 3),
    ]  # fmt: skip


def test_other_rows_are_counted_by_themselves(tmp_path: Path) -> None:
    assert places(tmp_path / "h", audited(), audited(data="other"), audited("m2")) == [(1, 1), (1, 1), (2, 2)]


def test_a_line_an_audit_says_what_was_decided(tmp_path: Path) -> None:
    count(tmp_path / "deep" / "er" / "h", audited())
    (line,) = (tmp_path / "deep" / "er" / "h").read_text().splitlines()
    assert json.loads(line) == {
        "data": "d", "model": "m1", "asked": "q", "seed": 0,
        "started": "2026-06-15T12:00:00+00:00", "verdict": "pass",
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"3",
        b'"text"',
        b'{"data": "d"}',
        b"\xff\xfe",
        b'{"data": [], "model": 1, "asked": 2, "seed": 3}',
    ],
)
def test_a_damaged_line_is_skipped_and_counted(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "h"
    count(file, audited())
    file.write_bytes(file.read_bytes() + line + b"\n")
    found = count(file, audited("m2"))
    assert (found.audits, found.candidates, found.damaged, found.problem) == (2, 2, 1, None)


def test_a_line_that_was_cut_off_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    file = tmp_path / "h"
    count(file, audited())
    file.write_bytes(file.read_bytes()[:-20])  # and no newline: a process was killed
    assert places(file, audited("m2"), audited("m3")) == [(1, 1), (2, 2)]


def test_a_place_that_cannot_be_written_loses_no_audit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for file in (tmp_path / "file" / "h", tmp_path, Path("/dev/null")):
        found = count(file, audited())
        assert (found.audits, found.candidates) == (None, None) and str(file) in str(found.problem)


class _ReadOnly(History):
    """A file that can be read and, as on a full disk, not be written when it comes to the line."""

    @contextmanager
    def place(self, this: AuditIdentity, started: str) -> Iterator[AuditPlace]:
        with super().place(this, started) as place, open(self.path, "rb", buffering=0) as file:
            yield replace(place, file=file)


def test_a_place_that_cannot_be_recorded_decides_nothing(tmp_path: Path) -> None:
    """The verdict is made again, without the count, since the next audit takes the same place."""
    content = {
        "version": 1,
        "model": {"path": "m"},
        "data": {"path": "d.csv", "label": "y"},
        "gate": {"rules": [], "max_audits": 3},
    }
    policy = resolve(parse_policy(content), {})
    measured = Measured(facts=samples.facts(policy), results=[], started=STARTED, seconds={})
    reasons = []
    for history in (_ReadOnly(tmp_path / "h"), History(tmp_path / "h")):
        decision, facts = _decide(measured, policy, history)
        (rule,) = decision.rules
        reasons.append((rule.reason, facts["history"]["audits"]))  # type: ignore[index]  # plain data
    assert reasons == [
        ("not decided: the number of audits of these rows is unknown", None),
        ("1 different audit of these rows, of 3 that the policy allows", 1),
    ]
    assert len((tmp_path / "h").read_text().splitlines()) == 1


def test_nothing_is_written_of_what_could_not_be_decided(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="damaged"), History(tmp_path / "h").place(audited(), STARTED):
        raise ValueError("damaged")
    assert (tmp_path / "h").read_bytes() == b""


def _count_many(file: Path, name: str) -> list[int | None]:
    return [count(file, audited(f"{name}{i}")).audits for i in range(20)]


def test_audits_at_the_same_time_take_different_places(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        found = pool.starmap(_count_many, [(tmp_path / "h", name) for name in "abcd"])
    assert sorted(place or 0 for places in found for place in places) == list(range(1, 81))


def test_where_the_history_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AUDIT_HISTORY", "mine.jsonl")
    assert find_history() == History(Path("mine.jsonl"))
    monkeypatch.setenv("AUDIT_HISTORY", "~/mine.jsonl")
    assert find_history() == History(tmp_path / "mine.jsonl")
    monkeypatch.setenv("AUDIT_HISTORY", "")
    assert find_history() is None
    monkeypatch.delenv("AUDIT_HISTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert find_history() == History(tmp_path / "state/savedmodel-audit/history.jsonl")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # to be ignored, as the standard says
    assert find_history() == History(tmp_path / ".local/state/savedmodel-audit/history.jsonl")
