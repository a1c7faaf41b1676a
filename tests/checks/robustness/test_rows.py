"""The option ``rows``: how many rows are attacked, and which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.check import policy_from
from audit.cli import main
from audit.errors import AuditError
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ..kit import PROTECTED, Found, logistic, measure, persons, subject_of

OPTIONS: dict[str, Any] = {"eps": [0.1], "steps": 2}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("audited")
    data, background = persons(300, 1), persons(60, 2)
    model = logistic(folder / "model")
    return subject_of(model, data, background, folder, protected=PROTECTED, rows="shown")


def attacked(found: Found) -> set[int]:
    """Return how many rows the shares of all rows are of."""
    return {m.n for m in found.measurements if "attribute" not in m.where}


def test_the_default_is_what_an_explicit_20_000_gives_and_all_rows_of_fewer(audited: Subject) -> None:
    default = measure("robustness", audited, **OPTIONS)
    assert attacked(default) == {300} and not any("drawn at random" in note for note in default.notes)
    for rows in (300, 20_000, 1_000_000):
        explicit = measure("robustness", audited, rows=rows, **OPTIONS)
        assert explicit.measurements == default.measurements
        assert explicit.notes == default.notes
        assert all(explicit.tables[name].equals(table) for name, table in default.tables.items())


@pytest.mark.parametrize("rows", [1, 80, 299])
def test_so_many_rows_are_attacked(audited: Subject, rows: int) -> None:
    found = measure("robustness", audited, rows=rows, **OPTIONS)
    assert attacked(found) == {rows}
    assert f"{rows} of 300 rows were attacked, drawn at random." in found.notes


def test_a_black_box_that_takes_more_attacks_no_more(audited: Subject) -> None:
    found = measure("robustness", audited, rows=30, attacks=["square"], queries=40, eps=[0.1])
    assert attacked(found) == {30} and "30 of 300 rows were attacked, drawn at random." in found.notes


def test_more_rows_than_other_checks_look_at(audited: Subject) -> None:
    """Where other checks draw 40 of these rows, 80 are what they are where other checks see all of them."""
    narrow = replace(audited, sample_rows=40)
    assert attacked(measure("robustness", narrow, rows=40, **OPTIONS)) == {40}
    more = measure("robustness", narrow, rows=80, **OPTIONS)
    assert more.measurements == measure("robustness", audited, rows=80, **OPTIONS).measurements
    assert attacked(more) == {80} and len(narrow.features.data.index) == 40


def test_the_seed_draws_the_rows(audited: Subject) -> None:
    loaded = [load_subject(audited.policy, lambda *_: None, seed) for seed in (0, 0, 1)]
    drawn = {tuple(one.sampled(80).features.data.index) for one in loaded}
    assert len(drawn) == 2


@pytest.mark.parametrize("rows", [0, -1, 1.5, True, "many", None])
def test_anything_but_a_number_of_rows_is_an_error(rows: object) -> None:
    spec = {"model": {"path": "m"}, "data": {"path": "d.csv", "label": "label"}}
    with pytest.raises(AuditError) as caught:
        policy_from({"version": 1, **spec, "checks": {"robustness": {"rows": rows}}})
    assert caught.value.where == "checks.robustness.rows" and caught.value.found == repr(rows)
    assert caught.value.fix == "see 'audit checks robustness'"


def test_the_manual_page_and_the_effective_policy_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checks", "robustness"]) == 0
    assert "  rows = 20000  number of randomly drawn rows to attack" in capsys.readouterr().out
    policy = policy_from({"version": 1, "model": {"path": "m"}, "data": {"path": "d.csv", "label": "label"}})
    effective: Any = policy.effective()
    assert effective["checks"]["robustness"]["rows"] == 20_000


def test_each_group_has_its_rows_of_the_sample(audited: Subject) -> None:
    found = measure("robustness", audited, rows=80, **OPTIONS)
    sizes = [
        m.n
        for m in found.measurements
        if m.metric.endswith("clean_accuracy") and m.where.get("attribute") == "sex"
    ]
    assert len(sizes) == 2 and sum(sizes) == 80


def test_the_policy_s_path_of_the_option(tmp_path: Path) -> None:
    base = {"version": 1, "model": {"path": "m"}, "data": {"path": "d.csv", "label": "label"}}
    effective: Any = policy_from(base, ["checks.robustness.rows=500"]).effective()
    assert effective["checks"]["robustness"]["rows"] == 500
