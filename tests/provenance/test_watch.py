"""The digests in a report are those of the bytes that were scored: a change during the audit is an error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import audit
from audit.check import policy_from
from audit.data.dataset import read_dataset
from audit.data.readers.registry import open_source
from audit.errors import AuditError
from audit.inputs.binding import bind
from audit.model.model import open_model
from audit.provenance.digest import digest
from audit.subject.scoring import score
from audit.subject.sources import BoundModel

from ..audits import content, people, store
from ..conftest import Models


@dataclass(frozen=True)
class Place:
    """A model and its data in a folder of a test's own."""

    model: Path
    data: Path
    other: Path


@pytest.fixture
def place(tmp_path: Path, model: Models) -> Place:
    frame = people(300).rename(columns={"score": "a"})[["a", "age", "label"]]
    shutil.copytree(model("sigmoid"), tmp_path / "model")
    return Place(tmp_path / "model", store(frame, tmp_path), model("variables"))


def swapped(place: Place) -> None:
    """As a new export into the same place."""
    shutil.rmtree(place.model)
    shutil.copytree(place.other, place.model)


def same_size(place: Place) -> None:
    """Other bytes, as many as before."""
    file = place.model / "saved_model.pb"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def replaced(place: Place) -> None:
    """By a file of the same bytes and times: what was read may have been either."""
    copy = place.data.with_suffix(".new")
    shutil.copy2(place.data, copy)
    os.replace(copy, place.data)


def same_time(place: Place) -> None:
    """Other bytes, as many as before, under the old time."""
    file = place.model / "saved_model.pb"
    before = file.stat()
    same_size(place)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def swapped_and_back(place: Place) -> None:
    """Another model for a moment, in which somebody may have loaded it."""
    away = place.model.with_name("away")
    place.model.rename(away)
    shutil.copytree(place.other, place.model)
    shutil.rmtree(place.model)
    away.rename(place.model)


CHANGES: dict[str, tuple[Callable[[Place], object], str]] = {
    "another model": (swapped, "model"),
    "another byte of the model": (same_size, "model"),
    "another byte under the old time": (same_time, "model"),
    "another model for a moment": (swapped_and_back, "model"),
    "a file more": (lambda p: (p.model / "assets" / "more").write_text(""), "model"),
    "a file less": (lambda p: (p.model / "fingerprint.pb").unlink(), "model"),
    "other data": (lambda p: store(people(300), p.data.parent), "table.parquet"),
    "replaced data": (replaced, "table.parquet"),
    "no data": (lambda p: p.data.write_bytes(b""), "table.parquet"),
}


@pytest.mark.parametrize("case", CHANGES)
@pytest.mark.parametrize("moment", [("scoring", 300), ("fairness", 0)])
def test_a_change_during_the_audit(place: Place, case: str, moment: tuple[str, int]) -> None:
    """While the rows are scored, or later: workers load the model when they are first needed."""
    change, name = CHANGES[case]

    def meanwhile(doing: str, done: int, total: int) -> None:
        if (doing, done) == moment:
            change(place)

    with pytest.raises(AuditError, match="a change during the audit") as caught:
        audit.run(content(place.model, place.data), progress=meanwhile)
    assert Path(caught.value.where).name == name


def test_what_does_not_change_is_audited(place: Place) -> None:
    seen: list[str] = []
    found = audit.run(content(place.model, place.data), progress=lambda *step: seen.append(step[0]))
    assert "scoring" in seen
    assert (found.model.digest, found.data.digest) == (digest(place.model), digest(place.data))


@pytest.mark.parametrize("rows", [299, 301, 1, 600])
@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_other_rows_than_those_of_the_labels(place: Place, rows: int, name: str) -> None:
    """Labels and groups are read first, features afterwards: rows would no longer belong together."""
    frame = pd.read_parquet(place.data)
    file = store(frame, place.data.parent, name)
    policy = policy_from(content(place.model, file))
    labels = read_dataset(policy.data, open_source(str(file)), "auto").labels
    store(pd.concat([frame] * 2).head(rows), file.parent, name)
    source, model = open_source(str(file)), open_model(policy.model, place.model)
    feeds = bind(model.signature.inputs, {}, policy.data, source.schema, "model")
    bound = BoundModel(policy=policy, path=place.model, model=model, feeds=feeds)
    with pytest.raises(AuditError, match="the data changed during the audit") as caught:
        score(bound, source, labels, lambda *_: None)
    assert "300 rows" in caught.value.expected and caught.value.where == str(file)
