"""The check conforms, and its ratio is the one that is counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from equalized_odds import EqualizedOdds

from audit.check import Attribute, Classified, Measurement, Note, Subject, Table
from audit.testing import conforms, toy_subject


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return toy_subject(tmp_path_factory.mktemp("toy"))


def test_it_conforms() -> None:
    conforms("equalized_odds", EqualizedOdds)


def test_the_ratio_is_that_of_counts(subject: Subject) -> None:
    measurement, table = EqualizedOdds().measure(subject)
    assert isinstance(measurement, Measurement) and isinstance(table, Table)
    (attribute,) = subject.attributes
    label, predicted = np.asarray(subject.scores.label), np.asarray(subject.scores.predicted)
    ratios = []
    for side in (label, ~label):
        shares = [predicted[side & (attribute.codes == code)].mean() for code in (0, 1)]
        ratios.append(min(shares) / max(shares))
    assert measurement.value == pytest.approx(min(ratios), rel=1e-12)
    assert measurement.ci is not None and measurement.ci[0] < measurement.value < measurement.ci[1]
    assert measurement.n == subject.rows and table.columns["group"] == ["a", "b"]


def test_a_small_group_is_left_out_with_a_note(subject: Subject) -> None:
    (attribute,) = subject.attributes
    codes = attribute.codes.copy()
    codes[:5] = 2
    thin = replace(subject, attributes=[Attribute("group", ["a", "b", "c"], codes, [1])])
    note, measurement, _ = EqualizedOdds().measure(thin)
    assert isinstance(note, Note) and "in c; left out" in note.text
    assert isinstance(measurement, Measurement) and measurement.n == subject.rows - 5
    assert all(isinstance(item, Note) for item in EqualizedOdds(min_rows=subject.rows).measure(thin))


@pytest.mark.parametrize("rates", [(0.4, 0.4), (0.4, 0.6)])
def test_the_interval_covers_the_true_ratio(subject: Subject, rates: tuple[float, float]) -> None:
    """At a confidence of 95 %, in at least 95 of 100 draws."""
    (attribute,) = subject.attributes
    scores = subject.scores
    assert isinstance(scores, Classified) and scores.outcomes
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        label = rng.random(subject.rows) < 0.5
        predicted = rng.random(subject.rows) < np.array(rates)[attribute.codes]
        outcomes = replace(scores.outcomes, label=label, predicted=predicted)
        drawn = replace(subject, scores=replace(scores, outcomes=outcomes))
        measurement, _ = EqualizedOdds().measure(drawn)
        assert isinstance(measurement, Measurement) and measurement.ci is not None
        covered += measurement.ci[0] <= min(rates) / max(rates) <= measurement.ci[1]
    assert covered >= 95
