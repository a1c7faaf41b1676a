"""Accuracy and flips under attack on a logistic model, where FGSM lowers the margin by eps times sum |w sd|."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.subject.subject import Subject

from ...audits import content, store
from ...models import save
from ..kit import (
    COLUMNS,
    PROTECTED,
    WEIGHTS,
    Found,
    effective_rows,
    log_odds,
    logistic,
    measure,
    persons,
    subject_of,
)

DATA, BACKGROUND = persons(300, 21, spread=5), persons(60, 22, spread=30)
"""The background spreads so much further that nothing reaches its bounds."""
FIXED = ["sex_Male", "is_north", "debt", "grade", "extra"]
EPS = [0.0, 0.05, 0.2]
MARGIN = log_odds(DATA)
UNIT = BACKGROUND[COLUMNS].to_numpy(np.float64).std(0)
REACH = np.abs(WEIGHTS * UNIT) * [name not in FIXED for name in COLUMNS]
RIGHT = ((MARGIN >= 0) == DATA["label"]).to_numpy()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logistic(tmp_path_factory.mktemp("logistic") / "model")


@pytest.fixture(scope="module")
def audited(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("audited")
    return subject_of(model, DATA, BACKGROUND, folder, protected=PROTECTED, rows="shown")


@pytest.fixture(scope="module")
def found(audited: Subject) -> Found:
    return measure("robustness", audited, eps=EPS, immutable=FIXED)


def where(attack: str, eps: float, **group: Any) -> dict[str, Any]:
    return {"attack": attack, "norm": "inf", "eps": eps, **group}


@pytest.mark.parametrize("attack", ["fgsm", "pgd", "worst"])
@pytest.mark.parametrize("eps", EPS)
def test_decisions_within_reach_flip(found: Found, attack: str, eps: float) -> None:
    flips = np.abs(MARGIN) <= eps * REACH.sum()
    assert flips.sum() == 0 if eps == 0 else 10 < flips.sum() < 250
    rate = found.one("flip_rate", **where(attack, eps))
    assert rate.value == flips.mean() and rate.n == 300 and rate.counts == {"rate": [flips.sum(), 300]}
    kept = found.one("adversarial_accuracy", **where(attack, eps))
    assert kept.value == (RIGHT & ~flips).mean()
    for column, attribute in (("sex", "sex"), ("race", "race")):
        for group, rows in DATA.groupby(column).indices.items():
            m = found.one("adversarial_accuracy", **where(attack, eps, attribute=attribute, group=group))
            assert m.value == (RIGHT & ~flips)[rows].mean() and m.n == len(rows)


def test_noise_flips_less_and_the_worst_case_more_than_any_attack(found: Found) -> None:
    noise, fgsm = (found.value("flip_rate", **where(name, 0.05)) for name in ("noise", "fgsm"))
    assert 0 < noise < fgsm
    for eps in EPS:
        worst = found.value("adversarial_accuracy", **where("worst", eps))
        assert all(
            worst <= found.value("adversarial_accuracy", **where(a, eps)) for a in ("noise", "fgsm", "pgd")
        )


def test_without_an_attack_accuracy_is_that_of_the_performance_check(audited: Subject, found: Found) -> None:
    plain = measure("performance", audited)
    groups: list[dict[str, Any]] = [{}, *({"attribute": "age", "group": g} for g in ("<30", ">=30"))]
    for group in groups:
        clean, accuracy = found.one("clean_accuracy", **group), plain.one("accuracy", **group)
        assert (clean.value, clean.counts) == (accuracy.value, accuracy.counts)
        for attack in ("noise", "fgsm", "pgd", "worst"):
            assert found.value("adversarial_accuracy", **where(attack, 0.0, **group)) == clean.value
            assert found.value("flip_rate", **where(attack, 0.0, **group)) == 0


def test_every_row_of_a_linear_model_has_a_gradient(found: Found) -> None:
    for attack in ("fgsm", "pgd"):
        assert found.value("zero_gradient_share", attack=attack) == 0


@pytest.mark.parametrize("norm", [2, "2", 2.0])
def test_the_euclidean_ball(audited: Subject, norm: Any) -> None:
    found = measure("robustness", audited, eps=[0.05], immutable=FIXED, norm=norm, attacks=["fgsm"])
    flips = np.abs(MARGIN) <= 0.05 * np.linalg.norm(REACH)
    assert found.value("flip_rate", attack="fgsm", norm="2", eps=0.05) == flips.mean()
    assert 0 < flips.mean() < (np.abs(MARGIN) <= 0.05 * REACH.sum()).mean()


def test_a_threshold_moves_the_border(model: Path, tmp_path: Path) -> None:
    """The first class is favourable, and decided at a probability of 0.3: where the log-odds are log(7 / 3)."""
    subject = subject_of(model, DATA, BACKGROUND, tmp_path, favorable=0, threshold=0.3, rows="shown")
    found = measure("robustness", subject, eps=[0.05], immutable=FIXED)
    margin = MARGIN - np.log(7 / 3)
    flips = np.abs(margin) <= 0.05 * REACH.sum()
    assert flips.any() and found.value("flip_rate", **where("fgsm", 0.05)) == flips.mean()
    assert found.value("flip_rate", **where("pgd", 0.05)) == flips.mean()
    assert found.value("clean_accuracy") == ((margin > 0) == DATA["label"]).mean()
    table = found.tables["flips"].drop_duplicates("case")
    assert ((table["score_before"] >= 0.3) != (table["score_after"] >= 0.3)).all()


def test_weights_and_clusters(model: Path, tmp_path: Path) -> None:
    w, who = np.random.default_rng(0).integers(1, 5, 300), np.arange(300) // 4
    flips = np.abs(MARGIN) <= 0.05 * REACH.sum()
    options: dict[str, Any] = {"eps": [0.05], "immutable": FIXED, "attacks": ["fgsm"]}
    frame = DATA.assign(w=w, who=who)
    given: dict[str, Any] = {"protected": PROTECTED}
    weighted = subject_of(model, frame, BACKGROUND, tmp_path / "w", weight="w", **given)
    clustered = subject_of(model, frame, BACKGROUND, tmp_path / "c", cluster="who", **given)
    rate = measure("robustness", weighted, **options).one("flip_rate", **where("fgsm", 0.05))
    assert rate.value == pytest.approx(np.average(flips, weights=w))
    assert rate.counts["rate"][1] == pytest.approx(effective_rows(flips, w))
    rate = measure("robustness", clustered, **options).one("flip_rate", **where("fgsm", 0.05))
    assert rate.value == flips.mean() and rate.counts["rate"][1] == pytest.approx(75)
    part = where("fgsm", 0.05, attribute="sex", group="Male")
    rate, male = measure("robustness", weighted, **options).one("flip_rate", **part), DATA["sex"] == "Male"
    assert rate.value == pytest.approx(np.average(flips[male], weights=w[male]))


def test_accuracy_of_the_worst_case_never_rises_where_an_attack_s_does(tmp_path: Path) -> None:
    """On a wave, a large step lands behind the next crest, where the decision is the first one again."""
    import tensorflow as tf

    save(tmp_path / "m", lambda x: tf.sigmoid(5 * tf.sin(4 * x[:, :1])), x=([None, 1], tf.float32))
    x = np.random.default_rng(0).normal(size=200).astype(np.float32)
    data = pd.DataFrame({"x": x, "label": (np.sin(4 * x) > 0).astype(int)})
    spec = {"inputs": {"x": "x"}}
    subject = subject_of(tmp_path / "m", data, pd.concat([data, 20 * data[:20]]), tmp_path, spec=spec)
    sizes = [0.6, 0.0, 0.1, 0.3, 0.2]
    found = measure("robustness", subject, eps=sizes, attacks=["noise", "fgsm"])
    worst, noise, fgsm = (
        [found.value("adversarial_accuracy", **where(name, eps)) for eps in sorted(sizes)]
        for name in ("worst", "noise", "fgsm")
    )
    assert fgsm != sorted(fgsm, reverse=True)
    assert worst == sorted(worst, reverse=True) and worst[0] > worst[-1]
    assert all(w <= min(pair) for w, *pair in zip(worst, noise, fgsm, strict=True))


def test_a_sample_of_the_rows_says_so(audited: Subject) -> None:
    found = measure("robustness", audited, rows=80, eps=[0.05], immutable=FIXED, attacks=["fgsm"])
    assert found.notes == ["80 of 300 rows were attacked, drawn at random."]
    rows = audited.sampled(80).features.data.index
    flips = np.abs(MARGIN[rows]) <= 0.05 * REACH.sum()
    rate = found.one("flip_rate", **where("fgsm", 0.05))
    assert rate.n == 80 and rate.value == flips.mean()
    shown = found.tables["flips"].drop_duplicates("case")["row"] - 1
    assert set(shown) <= set(rows[flips])
    group = found.one("flip_rate", **where("fgsm", 0.05, attribute="sex", group="Male"))
    assert group.value == flips[DATA["sex"].iloc[rows] == "Male"].mean()


def test_a_rule_covers_one_attack_of_one_size(model: Path, tmp_path: Path) -> None:
    rules = [
        {
            "metric": "robustness.adversarial_accuracy",
            "where": {"attack": "fgsm", "eps": 0.1},
            "at_least": 0.01,
        },
        {"metric": "robustness.flip_rate", "where": {"attack": "worst", "eps": 1, "norm": 2}, "at_most": 1},
        {
            "metric": "robustness.flip_rate",
            "where": {"attack": "pgd", "attribute": "sex", "eps": 1},
            "at_most": 1,
        },
    ]
    policy = content(
        model, store(DATA, tmp_path), spec={"inputs": {"x": COLUMNS}}, protected={"sex": PROTECTED["sex"]}
    )
    checks = {"explainability": False, "robustness": {"eps": [0.1, 1], "norm": 2, "immutable": ["age"]}}
    report = audit.run({**policy, "checks": checks, "gate": {"rules": rules}})
    covered = [[m.where for m in rule.measurements] for rule in report.rules]
    assert covered[:2] == [
        [{"attack": "fgsm", "norm": "2", "eps": 0.1}], [{"attack": "worst", "norm": "2", "eps": 1.0}],
    ]  # fmt: skip
    assert [found["group"] for found in covered[2]] == ["Female", "Male"]


def test_infinity_as_yaml_writes_it() -> None:
    from audit.checks.robustness import Robustness

    assert Robustness(norm=float("inf")).norm == Robustness(norm="inf").norm == "inf"  # type: ignore[arg-type]
    for wrong in (1, True, "1", 3.5):
        with pytest.raises(ValueError, match="norm"):
            Robustness(norm=wrong)  # type: ignore[arg-type]


def test_a_run_repeats_to_the_last_bit(audited: Subject) -> None:
    once, again = (measure("robustness", audited) for _ in range(2))
    assert repr(once) == repr(again)
    pd.testing.assert_frame_equal(once.tables["flips"], again.tables["flips"])
