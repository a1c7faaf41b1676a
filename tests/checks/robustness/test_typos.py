"""Typos in the robustness check: judged by the model as it is served, and told by group, size and word."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from audit.check import Skip
from audit.checks.robustness.typos import DRAWS
from audit.data.shared_ranges import SHARED
from audit.gate.claims import covered
from audit.perturbations.typos import misspellings
from audit.policy.gate_spec import Rule

from ...model.logits.surgery import export
from ..kit import Found, measure, subject_of
from .letters import NAME, WEIGHTS, audited, bag, beside_stars, held, letters, log_odds, scored

SIZES = [0.1, 0.3]


def attacked(model: Path, folder: Path, **given: Any) -> Found:
    return measure("robustness", audited(model, folder, **given), eps=SIZES, steps=3)


def order(model: Path, folder: Path, seed: int = 0) -> np.ndarray:
    """Return the rows of `letters` in the order of the sample, by whose places typos are drawn."""
    return audited(model, folder, seed=seed).features.data.index


def flipped(rows: np.ndarray, seed: int = 0) -> dict[float, np.ndarray]:
    """Return which rows of `letters` some draw flips, by the closed form of `scored`; ``rows`` are in `order`."""
    texts = letters()["text"].iloc[rows].tolist()
    before = bag(texts) >= 0  # a score of one half is decided favourably
    found = {size: np.zeros(len(texts), bool) for size in SIZES}
    for draw in range(DRAWS):
        drawn = list(misspellings(texts, f"{seed} {draw} 0", max(SIZES)))
        for size in SIZES:
            found[size] |= (bag([one.at(size) for one in drawn]) >= 0) != before
    return {size: flips[np.argsort(rows)] for size, flips in found.items()}


def test_a_text_alone_is_measured_under_typos(tmp_path: Path) -> None:
    model, frame = scored(tmp_path / "m"), letters()
    found, expected = attacked(model, tmp_path), flipped(order(model, tmp_path))
    right = (bag(frame["text"]) >= 0) == frame["label"].to_numpy()
    assert 0.1 < expected[0.1].mean() < expected[0.3].mean() < 0.9 and 0 < right.mean() < 1
    for size in SIZES:
        where = {"attack": "typos", "norm": "words", "eps": size}
        assert found.value("flip_rate", **where) == pytest.approx(expected[size].mean())
        assert found.value("adversarial_accuracy", **where) == pytest.approx((right & ~expected[size]).mean())
        for sex in ("Female", "Male"):
            own = (frame["sex"] == sex).to_numpy()
            share = found.one("flip_rate", **where, attribute="sex", group=sex)
            assert share.value == pytest.approx(expected[size][own].mean()) and share.n == own.sum()
    assert found.value("clean_accuracy") == pytest.approx(right.mean())
    worst = found.value("flip_rate", attack="worst", norm="words", eps=0.3)
    assert worst == pytest.approx((expected[0.1] | expected[0.3]).mean())
    assert any("was not measured: no numeric column may be perturbed: text" in note for note in found.notes)


def test_what_is_served_decides(tmp_path: Path) -> None:
    """Steps in the scores hide nothing from typos, and make no flips."""

    def score(m: Any, text: Any) -> Any:
        return tf.round(tf.sigmoid(log_odds(m, text)) * 50) / 50

    model = export(tmp_path / "m", score, {"text": ([None], tf.string)}, **held())
    assert attacked(model, tmp_path).value(
        "flip_rate", attack="typos", norm="words", eps=0.3
    ) == pytest.approx(flipped(order(model, tmp_path))[0.3].mean())


def test_numbers_beside_a_text_are_attacked_as_well_and_each_kind_has_its_own_worst(tmp_path: Path) -> None:
    found = attacked(beside_stars(tmp_path / "m"), tmp_path)
    kinds = {(m.where["attack"], m.where["norm"]) for m in found.measurements if m.where.get("eps") == 0.3}
    numeric = {(attack, "inf") for attack in ("noise", "fgsm", "pgd", "worst")}
    assert kinds == numeric | {("typos", "words"), ("worst", "words")}
    assert (
        len([m for m in found.measurements if m.metric == "robustness.clean_accuracy" and not m.where]) == 1
    )
    assert found.value("flip_rate", attack="pgd", norm="inf", eps=0.3) > 0


def test_the_same_seed_repeats(tmp_path: Path) -> None:
    model = scored(tmp_path / "m")
    first, again, other = (attacked(model, tmp_path, seed=seed) for seed in (3, 3, 4))
    assert first.measurements == again.measurements != other.measurements
    assert first.tables["typos"].equals(again.tables["typos"])
    where = {"attack": "typos", "norm": "words", "eps": 0.3}
    assert first.value("flip_rate", **where) == pytest.approx(
        flipped(order(model, tmp_path, 3), 3)[0.3].mean()
    )


@pytest.mark.parametrize("rows", ["shown", "masked", "none"])
def test_words_whose_typos_flip_are_told_if_many_rows_share_them(tmp_path: Path, rows: str) -> None:
    model = scored(tmp_path / "m")
    table = attacked(model, tmp_path, rows=rows).tables["typos"]
    assert set(table["word"]) >= {"great", "broken"} and NAME.casefold() not in set(table["word"])
    hit, told = Counter[str](), Counter[str]()
    texts = letters()["text"].iloc[order(model, tmp_path)].tolist()
    for draw in range(DRAWS):
        for text, drawn in zip(texts, misspellings(texts, f"0 {draw} 0", max(SIZES)), strict=True):
            own = {word.casefold() for word in drawn.hit(min(SIZES))}
            hit.update(own)
            told.update(own if (bag([drawn.at(min(SIZES))]) >= 0) != (bag([text]) >= 0) else ())
    assert dict(zip(table["word"], table["misspelt"], strict=True)) == {
        word: hit[word] for word in table["word"]
    }
    assert dict(zip(table["word"], table["flipped"], strict=True)) == {
        w: told[w] for w in told if w != NAME.casefold()
    }
    assert table["flipped"].is_monotonic_decreasing


def test_words_that_too_few_rows_share_are_not_told(tmp_path: Path) -> None:
    """The rows that count are those of the background."""
    background = letters(19)
    texts = background["text"].str.lower()
    rows = {word: int(texts.str.contains(word).sum()) for word in WEIGHTS}
    assert {SHARED - 1, SHARED} <= set(rows.values())
    subject = subject_of(scored(tmp_path / "m"), letters(), background, tmp_path, spec={})
    told = set(measure("robustness", subject, eps=SIZES, steps=3).tables["typos"]["word"])
    assert told & set(rows) == {word for word, number in rows.items() if number >= SHARED}


def test_a_model_that_takes_no_text_apart_has_no_typos(tmp_path: Path) -> None:
    def score(m: Any, text: Any) -> Any:
        return tf.sigmoid(m.table.lookup(text) + 0.1)

    model = export(tmp_path / "m", score, {"text": ([None], tf.string)}, **held())
    with pytest.raises(Skip, match=r"^no numeric column may be perturbed: text: 'text'$"):
        attacked(model, tmp_path)


def test_a_model_that_fails_on_misspelt_texts_is_skipped_with_that_reason(tmp_path: Path) -> None:
    def score(m: Any, text: Any) -> Any:
        known = tf.strings.regex_full_match(text, "((great|quick|late|broken|the|parcel|was|very|x)( |$))+")
        words = tf.strings.split(text)
        count = tf.cast(words.row_lengths(), tf.float32)
        return tf.where(known, tf.sigmoid(log_odds(m, text) + 0 * count), float("nan"))

    frame = letters().drop(index=0)
    model = export(tmp_path / "m", score, {"text": ([None], tf.string)}, **held())
    with pytest.raises(Skip, match="the model fails on misspelt texts: NaN or infinity"):
        attacked(model, tmp_path, frame=frame)


def test_beside_numbers_it_leaves_the_worst_open(tmp_path: Path) -> None:
    """Else a rule on the worst would pass on the numbers alone, and never say that texts were left out."""

    def score(m: Any, text: Any, stars: Any) -> Any:
        known = tf.strings.regex_full_match(text, "((great|quick|late|broken|the|parcel|was|very|x)( |$))+")
        words = tf.cast(tf.strings.split(text).row_lengths(), tf.float32)
        return tf.where(known, tf.sigmoid(log_odds(m, text) + stars + 0 * words), float("nan"))

    frame = letters().drop(index=0)
    inputs = {"text": ([None], tf.string), "stars": ([None], tf.float32)}
    model = export(tmp_path / "m", score, inputs, **held())
    found = measure("robustness", audited(model, tmp_path, frame), eps=[0.1], steps=1)
    assert found.value("adversarial_accuracy", attack="worst", norm="inf", eps=0.1) > 0
    undefined = found.one("adversarial_accuracy", attack="worst", norm="words", eps=0.1)
    assert np.isnan(undefined.value) and undefined.method == "none"
    rule = Rule(metric="robustness.adversarial_accuracy", where={"attack": "worst", "eps": 0.1}, at_least=0.0)
    ruled = covered(rule, found.measurements)
    assert {m.where["norm"] for m in ruled} == {"inf", "words"}
    assert any("typos was not measured: the model fails on misspelt texts" in note for note in found.notes)


def test_two_columns_are_misspelt_together(tmp_path: Path) -> None:
    def score(m: Any, text: Any, reply: Any) -> Any:
        return tf.sigmoid(log_odds(m, text) + log_odds(m, reply))

    inputs = {"text": ([None], tf.string), "reply": ([None], tf.string)}
    frame = letters().assign(reply="parcel")
    found = attacked(export(tmp_path / "m", score, inputs, **held()), tmp_path, frame=frame)
    assert any("'text'" in note and "'reply'" in note and note.startswith("Typos") for note in found.notes)
    assert found.value("flip_rate", attack="typos", norm="words", eps=0.3) > 0.1


def test_columns_that_must_not_move_are_not_misspelt(tmp_path: Path) -> None:
    subject = audited(beside_stars(tmp_path / "m"), tmp_path)
    found = measure("robustness", subject, eps=[0.1], steps=1, immutable=["te*"])
    assert "typos" not in found.tables and {m.where.get("norm") for m in found.measurements} <= {"inf", None}


def test_a_sample_of_rows_is_said_to_be_one(tmp_path: Path) -> None:
    subject = audited(scored(tmp_path / "m"), tmp_path)
    found = measure("robustness", subject, rows=100, eps=SIZES, steps=3)
    assert found.one("flip_rate", attack="typos", norm="words", eps=0.1).n == 100
    assert any(note.startswith("Typos") and "100 of 300 rows" in note for note in found.notes)


def test_texts_that_typos_cannot_change_are_skipped_and_not_called_robust(tmp_path: Path) -> None:
    frame = letters().assign(text=[f"{1000 + row} 7 a" for row in range(300)])
    with pytest.raises(Skip, match="no text of 'text' has a word of at least two letters, which typos need"):
        attacked(scored(tmp_path / "m"), tmp_path, frame=frame)


def codes(words: int) -> Any:
    """Return `letters` with that many texts of words; the others are numbers."""
    frame = letters()
    kept = frame["text"].where(frame.index < words, [f"{1000 + row} 7" for row in frame.index])
    return frame.assign(text=kept)


def changed(frame: Any, size: float) -> float:
    """Return the share of rows whose text some draw changes."""
    texts, touched = frame["text"].tolist(), np.zeros(len(frame), bool)
    for draw in range(DRAWS):
        drawn = misspellings(texts, f"0 {draw} 0", max(SIZES))
        touched |= np.array([one.at(size) != text for one, text in zip(drawn, texts, strict=True)])
    return float(touched.mean())


def test_a_size_that_changes_few_texts_says_so(tmp_path: Path) -> None:
    frame = codes(100)
    found, share = attacked(scored(tmp_path / "m"), tmp_path, frame=frame), changed(frame, 0.3)
    assert 0.2 < share < 0.5
    assert any(f"eps 0.3 changed the texts of only {share:.0%} of the rows" in note for note in found.notes)
    assert found.value("flip_rate", attack="typos", norm="words", eps=0.3) > 0
    every = attacked(scored(tmp_path / "n"), tmp_path)
    assert changed(letters(), 0.1) > 0.5 and not any("changed the texts" in note for note in every.notes)


def test_a_size_that_changes_hardly_any_text_is_not_measured(tmp_path: Path) -> None:
    frame = codes(24)
    frame["text"] = frame["text"].where(frame.index >= 24, "great")
    found, (small, large) = (
        attacked(scored(tmp_path / "m"), tmp_path, frame=frame),
        (changed(frame, s) for s in SIZES),
    )
    assert 0 < small < 0.05 <= large
    assert {m.where["eps"] for m in found.measurements if m.where.get("norm") == "words"} == {0.3}
    assert any(f"changed the texts of {small:.1%} of the rows" in note for note in found.notes)
