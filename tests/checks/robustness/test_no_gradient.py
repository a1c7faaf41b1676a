"""Models without a gradient, or with one that is missing in parts: a black box attacks them, and the report says so."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.result import Report
from audit.subject.subject import Subject

from ...audits import content, store
from ...models import save
from ..kit import Found, measure, subject_of

NAMES = ["a", "b", "c"]
CUTS = {"a": [-0.4, 0.3], "b": [-0.5, 0.6], "c": [0.1]}
SQUARE = {"attack": "square", "norm": "inf"}


def frame(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    data = pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, 3)), columns=NAMES)
    data = data.astype(np.float32)
    return data.assign(label=(np.arange(rows) % 3 == 0).astype(int), sex=np.where(data["a"] > 0, "f", "m"))


def tree(x: Any) -> Any:
    import tensorflow as tf

    a, b, c = x[:, :1], x[:, 1:2], x[:, 2:]
    left = tf.where(b > 0.6, 0.9, tf.where(c > 0.1, 0.4, 0.2))
    right = tf.where(c > 0.1, tf.where(b > -0.5, 0.7, 0.3), 0.45)
    return tf.where((a > -0.4) & (a < 0.3), left, right)


def decided(x: np.ndarray) -> np.ndarray:
    """Return what `tree` decides, by numpy."""
    a, b, c = x.T
    left = np.where(b > 0.6, 0.9, np.where(c > 0.1, 0.4, 0.2))
    right = np.where(c > 0.1, np.where(b > -0.5, 0.7, 0.3), 0.45)
    return np.asarray(np.where((a > -0.4) & (a < 0.3), left, right) >= 0.5)


def can_flip(data: pd.DataFrame, eps: float) -> np.ndarray:
    """Try, of each row, a point in every cell of its ball that the cuts leave."""
    unit = data[NAMES].to_numpy(np.float64).std(0)
    found = []
    for row in data[NAMES].to_numpy(np.float64):
        ends = np.clip(np.stack([row - eps * unit, row + eps * unit]), data[NAMES].min(), data[NAMES].max())
        sides = []
        for (low, high), cuts in zip(ends.T, CUTS.values(), strict=True):
            edges = [low, *(cut for cut in cuts if low < cut < high), high]
            sides.append([(one + other) / 2 for one, other in pairwise(edges)])
        found.append((decided(np.array(list(product(*sides)))) != decided(row[None])).any())
    return np.array(found)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return grow(frame(), tmp_path_factory.mktemp("tree"))


def grow(data: pd.DataFrame, path: Path, **given: Any) -> Subject:
    save(path / "m", tree, x=([None, 3], "float32"))
    spec = {"inputs": {"x": NAMES}, "output": "probabilities"}
    return subject_of(path / "m", data, data, path, spec=spec, rows="shown", **given)


@pytest.fixture(scope="module")
def found(grown: Subject) -> Found:
    return measure("robustness", grown, eps=[0.05, 0.2])


@pytest.mark.parametrize("eps", [0.05, 0.2])
def test_the_rows_of_a_tree_that_can_flip_are_found(found: Found, eps: float) -> None:
    data = frame()
    flips, right = can_flip(data, eps), decided(data[NAMES].to_numpy()) == data["label"]
    assert 5 < flips.sum() < 150
    worst = {**SQUARE, "attack": "worst", "eps": eps}
    for where in ({**SQUARE, "eps": eps}, worst):
        assert found.value("flip_rate", **where) == flips.mean()
        assert found.value("adversarial_accuracy", **where) == (right & ~flips).mean()
    assert not [m for m in found.measurements if m.metric.endswith("zero_gradient_share")]
    alone = found.tables["columns"].set_index("feature")["alone"]
    assert (alone > 0).all() and set(found.tables["flips"]["attack"]) == {"square"}


def test_the_report_says_what_ran_and_why(found: Found) -> None:
    note, tried = found.notes
    assert tried.startswith(
        "Also run, and counted in worst only: a walk along the decision boundary by decisions"
    )
    assert note.startswith(
        "fgsm and pgd did not run, since the model has no gradient with respect to the columns"
    )
    assert "square" in note and "worst" in note


def test_an_operation_without_a_gradient_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    def score(x: Any) -> Any:
        return tf.sigmoid(tf.raw_ops.TruncateMod(x=x[:, :1], y=2 * tf.ones_like(x[:, :1])) + x[:, 1:2])

    save(tmp_path / "m", score, x=([None, 3], "float32"))
    subject = subject_of(tmp_path / "m", frame(), frame(), tmp_path, spec={"inputs": {"x": NAMES}})
    found = measure("robustness", subject, eps=[0.2])
    assert any("an operation in the model has no gradient" in n and "TruncateMod" in n for n in found.notes)
    x, unit = frame()[NAMES[:2]].to_numpy(np.float64), frame()[NAMES[:2]].std(ddof=0).to_numpy()
    inner = np.abs(x).max(1) < 1.5  # away from the jumps at 2 and from the ends of the ranges
    near = np.abs(x.sum(1)) <= 0.2 * unit.sum()
    rate = found.value("flip_rate", **SQUARE, eps=0.2)
    assert near[inner].sum() / 200 <= rate <= (near | ~inner).mean()


def run(path: Path, rules: list[dict[str, Any]], **options: Any) -> Report:
    save(path / "m", tree, x=([None, 3], "float32"))
    data = frame().assign(label=lambda rows: decided(rows[NAMES].to_numpy()).astype(int))
    policy = content(path / "m", store(data, path), spec={"inputs": {"x": NAMES}, "output": "probabilities"})
    return audit.run(
        {**policy, "checks": {"explainability": False, "robustness": options}, "gate": {"rules": rules}}
    )


def test_the_default_rule_is_decided_and_one_on_pgd_says_why_it_is_not(tmp_path: Path) -> None:
    worst: dict[str, Any] = {"metric": "robustness.adversarial_accuracy", "at_least": 0.5}
    rules = [{**worst, "where": {"attack": attack, "eps": 0.1}} for attack in ("worst", "pgd")]
    report = run(tmp_path, rules)
    assert [rule.status for rule in report.rules] == ["pass", "inconclusive"]
    reason = report.rules[1].reason
    assert "it covers no measurement" in reason and "fgsm and pgd did not run, since" in reason
    assert "worst includes it" in reason
    assert report.rules[0].measurements[0].where["attack"] == "worst"


def test_a_black_box_runs_on_request_and_is_never_there_unasked(tmp_path: Path) -> None:
    import tensorflow as tf

    save(
        tmp_path / "m", lambda x: tf.sigmoid(3 * tf.reduce_sum(x, 1, keepdims=True)), x=([None, 3], "float32")
    )
    subject = subject_of(tmp_path / "m", frame(), frame(), tmp_path, spec={"inputs": {"x": NAMES}})
    plain = measure("robustness", subject, eps=[0.2])
    assert not plain.notes and "square" not in {m.where.get("attack") for m in plain.measurements}
    both = measure("robustness", subject, eps=[0.2], attacks=["square", "pgd"])
    assert not both.notes
    rates = [both.value("flip_rate", attack=attack, norm="inf", eps=0.2) for attack in ("square", "pgd")]
    assert rates[0] == rates[1] > 0.1


def test_asked_for_scores_only_no_logits_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = grow(frame(), tmp_path)
    monkeypatch.setattr("audit.subject.model_functions.find_logits", lambda *_: pytest.fail("logits"))
    found = measure("robustness", subject, eps=[0.2], attacks=["noise", "square"])
    assert found.value("flip_rate", **SQUARE, eps=0.2) == can_flip(frame(), 0.2).mean() and not found.notes


def test_fewer_rows_and_queries_are_told(tmp_path: Path) -> None:
    subject = grow(frame(1200), tmp_path, protected={"sex": {"privileged": "m"}})
    found = measure("robustness", subject, eps=[0.2], queries=60)
    assert found.notes[0] == (
        "1,000 of 1,200 rows were attacked, drawn at random: the black-box attack uses up to 60 model queries for "
        "each row and size."
    )
    assert {m.n for m in found.measurements if "group" not in m.where} == {1000}
    parts = [found.one("flip_rate", **SQUARE, eps=0.2, attribute="sex", group=group).n for group in "fm"]
    assert sum(parts) == 1000 and min(parts) > 300


def test_where_a_part_has_no_gradient_both_run(tmp_path: Path) -> None:
    """Where a is positive the score is constant but for a jump in b: 45 % of the rows have no gradient."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        smooth = tf.sigmoid(3 * (x[:, 1:2] + x[:, 2:]))
        return tf.where(x[:, :1] > 0, tf.where(x[:, 1:2] > 0.2, 0.9, 0.2), smooth)

    save(tmp_path / "m", score, x=([None, 3], "float32"))
    spec = {"inputs": {"x": NAMES}, "output": "probabilities"}
    subject = subject_of(tmp_path / "m", frame(), frame(), tmp_path, spec=spec)
    found = measure("robustness", subject, eps=[0.2])
    note = next(note for note in found.notes if "Gradients miss" in note)
    share = (frame()["a"] > 0).mean()
    assert f"{share:.0%} of the probed rows have no gradient at all" in note and "ran in addition" in note
    rates = {
        name: found.value("flip_rate", **{**SQUARE, "attack": name}, eps=0.2)
        for name in ("square", "pgd", "worst")
    }
    assert rates["worst"] >= rates["square"] > rates["pgd"] > 0
    assert found.value("zero_gradient_share", attack="pgd") == pytest.approx(share, abs=0.01)


def test_what_fails_where_it_is_moved_to_is_skipped(tmp_path: Path) -> None:
    import tensorflow as tf

    def score(x: Any) -> Any:
        on_grid = tf.abs(x[:, :1] - tf.round(x[:, :1] * 8) / 8) < 1e-6
        return tf.where(on_grid, tree(x), tf.constant(np.nan))

    save(tmp_path / "m", score, x=([None, 3], "float32"))
    data = frame().assign(a=lambda rows: (rows["a"] * 8).round() / 8)
    spec = {"inputs": {"x": NAMES}, "output": "probabilities"}
    subject = subject_of(tmp_path / "m", data, data, tmp_path, spec=spec)
    from audit.check import Skip

    with pytest.raises(Skip, match="on adversarial rows, not on rows of the data"):
        measure("robustness", subject, eps=[0.2])


def test_whole_numbers_are_attacked_in_whole_steps(tmp_path: Path) -> None:
    """Counts, which the model takes as integers, of which it makes no smooth use."""
    import tensorflow as tf

    def score(count: Any, a: Any) -> Any:
        return tf.where(count > 40, tf.where(a > 0.2, 0.8, 0.6), 0.3)

    save(tmp_path / "m", score, count=([None, 1], "int64"), a=([None, 1], "float32"))
    rng = np.random.default_rng(0)
    data = frame()[["a", "label"]].assign(count=rng.integers(0, 100, 200))
    subject = subject_of(tmp_path / "m", data, data, tmp_path, spec={"output": "probabilities"}, rows="shown")
    found = measure("robustness", subject, eps=[0.2])
    reach = np.floor(0.2 * data["count"].std(ddof=0))
    flips = ((data["count"] > 40) & (data["count"] - reach <= 40)) | (
        (data["count"] <= 40) & (data["count"] + reach > 40)
    )
    assert found.value("flip_rate", **SQUARE, eps=0.2) == flips.mean() > 0.05
    moved = found.tables["flips"].query("feature == 'count'")["after"].astype(float)
    assert len(moved) == 6 and (moved % 1 == 0).all()
