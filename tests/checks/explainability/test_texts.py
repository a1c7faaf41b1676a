"""Words of prose in the explainability check: closed forms, what stands for masked words, what a report may show."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.attribution.text_shapley import words
from audit.checks.explainability.text_tables import HIDDEN

from ...model.logits.surgery import export
from ..kit import Found, measure
from ..robustness.letters import NAME, WEIGHTS, audited, bag, beside_stars, held, letters, log_odds, scored

FEW: dict[str, Any] = {"rows": 60, "references": 10}
TEXT = ([None], tf.string)


def explained(model: Path, folder: Path, **given: Any) -> Found:
    return measure("explainability", audited(model, folder, **{"frame": letters(60), **given}), **FEW)


def by_word(found: Found) -> pd.DataFrame:
    return found.tables["words"].set_index("word")


def test_words_have_the_weights_that_the_model_gives_them(tmp_path: Path) -> None:
    """All rows are explained: the means are those over all of them."""
    frame = letters(60)
    found = by_word(explained(scored(tmp_path / "m"), tmp_path, frame=frame))
    counts = pd.DataFrame([Counter(words(text)) for text in frame["text"]]).fillna(0)
    for word, weight in WEIGHTS.items():
        own = counts[word][counts[word] > 0]
        assert found["texts"][word] == len(own)
        assert found["mean"][word] == pytest.approx(weight * own.mean(), abs=1e-5)
        assert found["mean_abs"][word] == pytest.approx(abs(weight) * own.mean(), abs=1e-5)
    np.testing.assert_allclose(found.drop(index=list(WEIGHTS))["mean_abs"], 0, atol=1e-5)
    order = (found["mean_abs"] * found["texts"]).round(4).to_numpy()
    assert (np.diff(order) <= 0).all()


def test_words_add_up_to_the_output_and_it_is_measured(tmp_path: Path) -> None:
    found = explained(scored(tmp_path / "m"), tmp_path, rows="shown")
    assert 0 <= found.value("additivity_error", words_of="text") < 1e-6
    frame, texts = letters(60), found.tables["texts"]
    for _, case in texts.groupby("case"):
        row = frame.iloc[case["row"].iloc[0] - 1]
        assert "".join(case["word"]) == row["text"]
        np.testing.assert_allclose(case["attribution"], bag(case["word"]), atol=1e-6)
        assert case["output"].iloc[0] == pytest.approx(float(bag([row["text"]])[0]), abs=1e-6)
        assert case["base"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert texts["why"].nunique() >= 3


def test_a_confident_model_is_explained_below_its_head(tmp_path: Path) -> None:
    """Its scores are 0 or 1 to the last digit: words would seem to add nothing."""
    found = explained(scored(tmp_path / "m", size=30), tmp_path)
    assert by_word(found)["mean"]["great"] >= 60 - 1e-3
    assert found.value("additivity_error", words_of="text") < 1e-6


def test_the_other_columns_stay(tmp_path: Path) -> None:
    found = explained(beside_stars(tmp_path / "m"), tmp_path, rows="shown")
    frame, texts = letters(60), found.tables["texts"]
    for _, case in texts.groupby("case"):
        assert case["base"].iloc[0] == pytest.approx(float(frame["stars"][case["row"].iloc[0] - 1]), abs=1e-5)
        np.testing.assert_allclose(case["attribution"], bag(case["word"]), atol=1e-5)
    assert list(found.of("mean_abs_attribution")) == ["text", "stars"]


def test_two_columns_of_prose_in_one_tensor(tmp_path: Path) -> None:
    def score(m: Any, t: Any) -> Any:
        return tf.sigmoid(log_odds(m, t[:, 0]) - 0.5 * log_odds(m, t[:, 1]))

    model = export(tmp_path / "m", score, {"t": ([None, 2], tf.string)}, **held())
    frame = letters(60).assign(reply=letters(60, seed=1)["text"])
    found = explained(model, tmp_path, frame=frame, spec={"inputs": {"t": ["text", "reply"]}})
    means = found.tables["words"].set_index(["column", "word"])["mean"]
    assert means["text", "great"] >= 2 - 1e-5 and means["reply", "great"] <= -1 + 1e-5
    assert {m.where["words_of"] for m in found.measurements if "words_of" in m.where} == {"text", "reply"}


def test_whole_numbers_beside_a_text(tmp_path: Path) -> None:
    def score(m: Any, text: Any, count: Any) -> Any:
        return tf.sigmoid(log_odds(m, text) + 0.1 * tf.cast(count, tf.float32))

    model = export(tmp_path / "m", score, {"text": TEXT, "count": ([None], tf.int64)}, **held())
    found = explained(model, tmp_path, frame=letters(60).assign(count=7))
    assert found.value("additivity_error", words_of="text") < 1e-6
    assert set(found.tables["texts"]["base"]) == {0.7}


def test_several_classes_are_explained_by_the_log_odds_of_the_favourable_one(tmp_path: Path) -> None:
    def score(m: Any, text: Any) -> Any:
        z = log_odds(m, text)
        return tf.nn.softmax(tf.stack([z, tf.zeros_like(z), -z], 1))

    model = export(tmp_path / "m", score, {"text": TEXT}, **held())
    frame = letters(60)
    frame["label"] = np.arange(len(frame)) % 3
    found = explained(model, tmp_path, frame=frame, favorable=0, rows="shown")
    case = found.tables["texts"].query("case == 0")
    z = float(bag(["".join(case["word"])])[0])
    assert case["output"].iloc[0] == pytest.approx(z - np.log(1 + np.exp(-z)), abs=1e-5)
    assert found.value("additivity_error", words_of="text") < 1e-5


def test_the_score_is_explained_where_it_is_asked_for(tmp_path: Path) -> None:
    subject = audited(scored(tmp_path / "m"), tmp_path, letters(60), rows="shown")
    found = measure("explainability", subject, **FEW, output="score")
    case = found.tables["texts"].query("case == 0")
    assert case["base"].iloc[0] == pytest.approx(0.5)
    assert case["output"].iloc[0] == pytest.approx(case["score"].iloc[0], abs=1e-6)


def everything(found: Found) -> str:
    tables = {name: table.to_dict() for name, table in found.tables.items()}
    return json.dumps([tables, found.notes, [m.where for m in found.measurements]], default=str).casefold()


@pytest.mark.parametrize("rows", ["shown", "masked", "none"])
def test_words_that_few_rows_share_are_written_only_where_rows_are_shown(tmp_path: Path, rows: str) -> None:
    frame = letters(60)
    # the text with a name is the one confident error
    frame["label"] = frame["label"].where(frame.index > 0, 1 - frame["label"])
    found = explained(scored(tmp_path / "m"), tmp_path, rows=rows, frame=frame)
    assert (NAME.casefold() in everything(found)) == (rows == "shown")
    assert ("texts" in found.tables) == (rows != "none")
    assert NAME.casefold() not in found.tables["words"]["word"].to_numpy()
    if rows == "masked":
        case = found.tables["texts"].query("case == 0")
        assert case["word"].tolist() == [HIDDEN, "was", "great", "quick", HIDDEN, "late"]
        np.testing.assert_allclose(case["attribution"], [0, 0, 2, 1, 0, -1], atol=1e-6)
        assert case["row"].isna().all()


def test_numbers_of_masked_texts_have_three_digits(tmp_path: Path) -> None:
    texts = explained(beside_stars(tmp_path / "m"), tmp_path).tables["texts"]
    for name in ("score", "base", "output", "attribution"):
        assert all(float(f"{value:.3g}") == value for value in texts[name])


def test_dots_stand_for_words_where_the_model_has_no_output_for_an_empty_text(tmp_path: Path) -> None:
    def score(m: Any, text: Any) -> Any:
        words = tf.cast(tf.strings.length(tf.strings.strip(text)), tf.float32)
        return tf.sigmoid(log_odds(m, text) + 0 / words)

    found = explained(export(tmp_path / "m", score, {"text": TEXT}, **held()), tmp_path)
    assert any("replaced by '...'" in note for note in found.notes)
    assert by_word(found)["mean"]["great"] >= 2 - 1e-5


def test_a_model_without_an_output_for_texts_without_words_says_so(tmp_path: Path) -> None:
    def score(m: Any, text: Any) -> Any:
        words = tf.strings.length(tf.strings.regex_replace(text, "[^a-zA-Z]", ""))
        return tf.sigmoid(log_odds(m, text) + 0 / tf.cast(words, tf.float32))

    found = explained(export(tmp_path / "m", score, {"text": TEXT}, **held()), tmp_path)
    assert any(note.startswith("text: texts are not explained by their words") for note in found.notes)
    assert not {"words", "texts"} & set(found.tables)


def test_texts_that_the_budget_does_not_suffice_for_are_counted(tmp_path: Path) -> None:
    frame = letters(40)
    frame.loc[5, "text"] = "great " * 4000  # which 8,001 masked texts explain: more than 20 million words
    found = explained(scored(tmp_path / "m"), tmp_path, frame=frame)
    (note,) = [
        note for note in found.notes if "are explained by their words" in note or "is explained by" in note
    ]
    assert "of 39 texts" in note and "for 1 more the budget does not suffice" in note


def test_texts_without_a_word_are_left_out(tmp_path: Path) -> None:
    frame = letters(40)
    frame.loc[[3, 4], "text"] = ["", "?!"]
    found = explained(scored(tmp_path / "m"), tmp_path, frame=frame)
    assert found.one("additivity_error", words_of="text").n == 38
    frame["text"] = "?!"
    frame["label"] = np.arange(40) % 2
    found = explained(scored(tmp_path / "m2"), tmp_path, frame=frame)
    assert any("no text is explained by its words" in note for note in found.notes)


def test_categories_are_not_explained_by_words(tmp_path: Path) -> None:
    def score(m: Any, text: Any) -> Any:
        return tf.sigmoid(m.table.lookup(text))

    found = explained(export(tmp_path / "m", score, {"text": TEXT}, **held()), tmp_path)
    assert not {"words", "texts"} & set(found.tables)
    assert not [m for m in found.measurements if "words_of" in m.where]


def test_the_same_seed_gives_the_same_words(tmp_path: Path) -> None:
    def runs() -> Iterator[str]:
        for seed in (1, 1, 2):
            subject = audited(beside_stars(tmp_path / "m"), tmp_path, letters(60), seed=seed)
            yield measure("explainability", subject, rows=20, references=10).tables["words"].to_json()

    first, again, other = runs()
    assert first == again != other
