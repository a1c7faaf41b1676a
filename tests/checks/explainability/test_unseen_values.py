"""A value that no draw has, on a logistic model: rows that have it are explained, as far as the budget goes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from audit.checks.explainability.explanation import ExplainedOutput, Explanation, Sampling, explain
from audit.checks.explainability.metrics import protected_shares
from audit.checks.explainability.unseen_values import notes_on_unseen
from audit.stats import interval
from audit.subject.subject import Subject

from ..kit import COLUMNS, WEIGHTS, logistic, persons, subject_of

ROWS, RARE = 1000, 40
PROTECTED = {"debt": {"privileged": 0}}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """4 % of the rows have a debt of 3, all others none; so have the reference rows."""
    folder = tmp_path_factory.mktemp("unseen")
    data, background = persons(ROWS, 1), persons(100, 2)
    for frame, rare in ((data, RARE), (background, 0)):
        frame["debt"] = np.where(np.arange(len(frame)) < rare, 3.0, 0.0).astype(np.float32)
        frame[["grade", "extra"]] = frame[["grade", "extra"]].round(0)
    return subject_of(logistic(folder / "model"), data, background, folder, protected=PROTECTED)


def explanation(audited: Subject, max_evaluations: float) -> Explanation:
    """Explain rows without debt."""
    data = audited.features.data.matrix
    rows = np.flatnonzero(data[:, COLUMNS.index("debt")] == 0)[:60]
    sampling = Sampling(0, 0.1, 2**24, max_evaluations)
    return explain(audited, ExplainedOutput.of(audited, score=False), rows, np.arange(20), sampling)


def test_what_the_value_adds_follows_from_the_rows_that_have_it(audited: Subject) -> None:
    found = explanation(audited, np.inf)
    debt = COLUMNS.index("debt")
    share = beta.ppf(0.999, RARE + 1, ROWS - RARE) + beta.ppf(
        0.999, 1, 100
    )  # of the data, and of the background
    mass = share * abs(WEIGHTS[debt]) * 3
    assert found.rare.masses[debt] == pytest.approx(mass, rel=1e-4) and not found.rare.unseen.any()
    assert found.rare.additional_rows >= 5 and found.rare.evaluations > 0
    (traced,) = protected_shares(found, {"debt": {"debt": "its own column"}}, audited.rows)
    total = found.mean(found.total_magnitudes)
    span = interval(traced.measurement, 0.95)
    assert span is not None and traced.measurement.value == 0 == span[0]
    assert mass / (total + mass) <= span[1] < 1.3 * mass / (total + mass)
    (note,) = notes_on_unseen(found.rare, COLUMNS, {"debt": {"debt": "its own column"}})
    assert (
        f"in addition, for the upper limits alone: {found.rare.additional_rows}." in note.text
        and not note.about
    )


def test_without_a_budget_for_them_the_share_is_open_and_a_note_explains_it(audited: Subject) -> None:
    found = explanation(audited, 1.0)
    assert found.rare.unseen[COLUMNS.index("debt")] and not found.rare.masses.any()
    (traced,) = protected_shares(found, {"debt": {"debt": "its own column"}}, audited.rows)
    assert traced.measurement.counts["unseen"] == [1.0]
    note = list(notes_on_unseen(found.rare, COLUMNS, {"debt": {"debt": "its own column"}}))[-1]
    assert note.bounds and note.explains({"attribute": "debt"}) and note.explains({"feature": "debt"})
    assert not note.explains({"attribute": "age"})
    assert "The limits of 'debt' are open above" in note.text and "checks.explainability.budget" in note.text


def test_a_draw_that_has_all_values_has_nothing_to_add(audited: Subject) -> None:
    sampling = Sampling(0, 0.1, 2**24)
    rows = np.arange(len(audited.features.data.index))[:600]
    found = explain(audited, ExplainedOutput.of(audited, score=False), rows, np.arange(20), sampling)
    assert found.rare.additional_rows == 0 and not list(notes_on_unseen(found.rare, COLUMNS, {}))
