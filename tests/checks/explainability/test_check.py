"""Importance, direction and shares on a logistic model: its SHAP values are w (x - mean of the background)."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, sem, skew, spearmanr

from audit.checks.explainability import check, evidence
from audit.stats import interval
from audit.stats.means import Moments, mean_limits
from audit.subject.subject import Subject

from ...models import save
from ...stats.known import known_interval
from ..kit import COLUMNS, PROTECTED, WEIGHTS, Found, logistic, measure, persons, subject_of

WHOLE_SAMPLE = ("proxy_auc", "proxy_strength", "counterfactual_flip_rate")
"""Metrics of all sampled rows, and not of those that are explained."""
DATA, BACKGROUND = persons(60, 1), persons(20, 2)
PHI = (DATA[COLUMNS] - BACKGROUND[COLUMNS].astype(np.float64).mean()).to_numpy(np.float64) * WEIGHTS
SIZE = np.abs(PHI)
APART = DATA[COLUMNS].to_numpy(np.float64)[:, None] - BACKGROUND[COLUMNS].to_numpy(np.float64)
BY_REFERENCE = (np.sign(PHI)[:, None] * APART * WEIGHTS).mean(0)
"""What each reference row by itself makes of the mean sizes, (references, columns)."""


def drawn(values: np.ndarray) -> float:
    """Return the standard error of a mean over the 20 references."""
    return float(values.std(ddof=1) / 20**0.5)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logistic(tmp_path_factory.mktemp("logistic") / "model")


@pytest.fixture(scope="module")
def audited(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder, sets = tmp_path_factory.mktemp("audited"), [["sex", "age"], ["race", "sex"]]
    return subject_of(model, DATA, BACKGROUND, folder, protected=PROTECTED, intersections=sets)


@pytest.fixture(scope="module")
def found(audited: Subject) -> Found:
    return measure("explainability", audited)


def test_sizes_shares_and_directions(found: Found) -> None:
    sizes, shares = found.of("mean_abs_attribution"), found.of("attribution_share")
    for place, name in enumerate(COLUMNS):
        own = SIZE[:, place]
        assert sizes[name].value == pytest.approx(own.mean(), abs=2e-6)
        assert shares[name].value == pytest.approx(own.sum() / SIZE.sum(), abs=1e-6)
        assert sizes[name].n == shares[name].n == 60
    assert list(sizes) == [COLUMNS[place] for place in np.argsort(-SIZE.mean(0))]
    directions = {name: m.value for name, m in found.of("attribution_direction").items()}
    assert [directions[name] for name in COLUMNS[:-1]] == [1, 1, -1, 1, -1, 1]
    assert np.isnan(directions["extra"])


def test_intervals_are_of_the_draws_of_rows_and_of_references(found: Found) -> None:
    size = found.one("mean_abs_attribution", feature="age")
    share = found.one("attribution_share", feature="age")
    own, total = SIZE[:, 0], SIZE.sum(1)
    error = np.hypot(own.std(ddof=1) / 60**0.5, drawn(BY_REFERENCE[:, 0]))
    assert size.se == pytest.approx(error, rel=1e-4)
    margins = []
    for values in (own, BY_REFERENCE[:, 0]):
        facts = [np.array(fact) for fact in (0.0, sem(values), len(values), skew(values), np.nan)]
        margins.append(mean_limits(Moments(*facts), 0.025))
    low = own.mean() - np.hypot(margins[0][0], margins[1][0])
    high = own.mean() + np.hypot(margins[0][1], margins[1][1])
    np.testing.assert_allclose(known_interval(size, 0.95), [low, high], rtol=1e-4)
    left = [np.delete(own, i).sum() / np.delete(total, i).sum() for i in range(60)]
    jackknife = np.sqrt(59 / 60 * ((np.array(left) - np.mean(left)) ** 2).sum())
    leaning = (BY_REFERENCE[:, 0] - share.value * BY_REFERENCE.sum(1)) / total.mean()
    assert share.se == pytest.approx(np.hypot(jackknife, drawn(leaning)), rel=0.05)


def test_what_the_model_ignores_has_a_share_of_nothing_that_can_be_decided(found: Found) -> None:
    share = found.one("attribution_share", feature="extra")
    assert share.value == 0 and found.value("mean_abs_attribution", feature="extra") == 0
    assert interval(share, 0.95) == pytest.approx((0, beta.ppf(0.975, 1, 60)))


def test_protected_shares_count_all_columns_of_an_attribute(found: Found) -> None:
    shares = (SIZE.sum(0) / SIZE.sum()).tolist()
    expected = {"age": shares[0], "sex": shares[1], "region": shares[2], "race": 0}
    expected |= {"sex*age": shares[0] + shares[1], "race*sex": shares[1]}
    measured = found.of("protected_share")
    assert list(measured) == [*PROTECTED, "sex*age", "race*sex"]
    for name, m in measured.items():
        assert m.value == pytest.approx(expected[str(name)], abs=1e-6)
        assert m.method == ("exact" if name == "race" else "rows-and-references")
    read = found.tables["protected"].groupby("attribute")["column"].agg(list).to_dict()
    assert read == {
        "age": ["age"], "sex": ["sex_Male"], "region": ["is_north"],
        "sex*age": ["sex_Male", "age"], "race*sex": ["sex_Male"],
    }  # fmt: skip


def test_values_add_up(found: Found) -> None:
    assert 0 < found.value("additivity_error") < 1e-5


def test_a_sum_needs_no_sampling_and_a_product_of_three_does(found: Found, tmp_path: Path) -> None:
    """Permutations and their reverse are exact up to two features; beyond, the note is the errors' own median."""
    assert "a standard error of less than 0.01 % of their norm" in found.notes[-1]
    import tensorflow as tf

    save(tmp_path / "m", lambda x: tf.sigmoid(tf.reduce_prod(x, 1, keepdims=True)), x=([None, 7], tf.float32))
    subject = subject_of(tmp_path / "m", DATA, BACKGROUND, tmp_path / "d", protected=PROTECTED)
    assert "all feature subsets were evaluated" in measure("explainability", subject, references=8).notes[-1]
    note = measure("explainability", subject).notes[-1]
    median, most = (float(part) for part in re.findall(r"([\d.]+(?:e[+-]\d+)?) %", note))
    assert 0.5 < median < most


def test_weights_are_repeated_rows(model: Path, tmp_path: Path) -> None:
    w = np.random.default_rng(3).integers(0, 4, 60)
    weighted = subject_of(
        model, DATA.assign(w=w), BACKGROUND, tmp_path / "w", protected=PROTECTED, weight="w"
    )
    repeated = DATA.loc[DATA.index.repeat(w)]
    plain = subject_of(model, repeated, BACKGROUND, tmp_path / "r", protected=PROTECTED)
    ours, theirs = measure("explainability", weighted), measure("explainability", plain)
    for metric in ("mean_abs_attribution", "attribution_share", "attribution_direction", "protected_share"):
        for where, m in ours.of(metric).items():
            np.testing.assert_allclose(m.value, theirs.of(metric)[where].value, rtol=1e-6, atol=1e-7)
    size = ours.one("mean_abs_attribution", feature="age")
    assert size.counts["rows"] == [pytest.approx(w.sum() ** 2 / (w**2).sum())]
    assert size.value != pytest.approx(SIZE[:, 0].mean(), rel=1e-3)


def test_copies_buy_no_certainty_with_or_without_a_cluster(model: Path, tmp_path: Path, found: Found) -> None:
    copies = pd.concat([DATA.assign(who=range(60))] * 4)
    options: dict[str, Any] = {"protected": PROTECTED}
    clustered = subject_of(model, copies, BACKGROUND, tmp_path / "c", cluster="who", **options)
    naive = subject_of(model, copies, BACKGROUND, tmp_path / "n", **options)
    one, many = measure("explainability", clustered), measure("explainability", naive)
    alone, fixed = found.one("mean_abs_attribution", feature="age"), drawn(BY_REFERENCE[:, 0])
    for copied in (one, many):  # a file that is four copies of itself counts once
        m = copied.one("mean_abs_attribution", feature="age")
        assert m.value == pytest.approx(alone.value, rel=1e-6)
        of_rows, alone_rows = ((float(e.se or 0) ** 2 - fixed**2) ** 0.5 for e in (m, alone))
        assert of_rows == pytest.approx(alone_rows, rel=0.02)
    assert one.one("faithfulness").counts["rate"][1] == 60
    assert one.value("rank_stability") < 1 or found.value("rank_stability") == 1


def test_rows_and_references_are_as_many_as_asked_for(audited: Subject) -> None:
    few = measure("explainability", audited, rows=7, references=5)
    assert {m.n for m in few.measurements if not m.metric.endswith(WHOLE_SAMPLE)} == {7}
    assert len(few.notes) == 3 and "suffice" not in "".join(few.costs)
    assert few.value("mean_abs_attribution", feature="age") != pytest.approx(SIZE[:, 0].mean(), rel=1e-3)


def test_a_run_repeats_to_the_last_bit_and_another_seed_draws_other_rows(
    audited: Subject, model: Path, tmp_path: Path
) -> None:
    once, again = (measure("explainability", audited, rows=20) for _ in range(2))
    assert repr(once) == repr(again)
    other = subject_of(model, DATA, BACKGROUND, tmp_path / "o", protected=PROTECTED, seed=1)
    assert measure("explainability", other, rows=20).measurements[0].value != once.measurements[0].value


def test_direction_of_a_feature_that_bends(audited: Subject) -> None:
    """Spearman's, by scipy, of any values: those of the linear model are monotone."""
    from audit.attribution.rank_stability import spearman

    x, y = PHI[:, 0], PHI[:, 0] ** 2 + PHI[:, 1]
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, rel=1e-12)


def test_measuring_imports_one_module_late_at_its_head() -> None:
    """What the evidence needs is at the head of one module, so that the flow of the check can be read."""
    tree = ast.parse(Path(check.__file__).read_text(encoding="utf-8"))
    late = {
        node.name: [part.module for part in ast.walk(node) if isinstance(part, ast.ImportFrom)]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert late["measure"] == ["audit.checks.explainability.evidence"]
    source = Path(evidence.__file__).read_text(encoding="utf-8")
    assert all(
        node.col_offset == 0 for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    )
