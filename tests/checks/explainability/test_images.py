"""Pictures explained: models linear in the pixels, whose attributions have closed forms, and ones with jumps."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.check import policy_from
from audit.checks.explainability.explanation import ExplainedOutput
from audit.checks.explainability.image_attribution import (
    CellGrid,
    ImageAttribution,
    cell_grid,
)
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ...audits import content
from ...models import save
from ..kit import Found, measure

SHAPE = (12, 10, 3)
CELLS, PATCHES = (12, 10), (6, 5)
WEIGHTS = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32) / 4
ROWS, REFERENCES = 60, 25


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures from 0 to 1 and labels that follow the weights with some errors."""
    rng = np.random.default_rng(seed)
    pictures = rng.random((rows, *SHAPE), np.float32)
    pictures[0, 0, 0, 0], pictures[0, 0, 0, 1] = 0, 1
    signal = ((pictures - 0.5) * WEIGHTS).sum((1, 2, 3)) + rng.normal(scale=1.5, size=rows)
    return pictures, (signal > 0).astype(int)


def linear(x: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum((x - 0.5) * WEIGHTS, [1, 2, 3])


def steps(x: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tf.round(2 * x) * WEIGHTS, [1, 2, 3])


def shrunk(x: Any) -> Any:
    """Resizing by areas has no gradient in TensorFlow."""
    import tensorflow as tf

    return linear(x) + 0.1 * tf.reduce_sum(tf.image.resize(x, [3, 2], method="area"), [1, 2, 3])


def spread(x: Any) -> Any:
    """The graph holds each pixel 400 times."""
    import tensorflow as tf

    copies = tf.reshape(x, [-1, 1, 360]) * tf.linspace(0.5, 1.5, 400)[:, None]
    return linear(x) + 1e-6 * tf.reduce_sum(copies, [1, 2])


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Subject]:
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("pictures")
    found: dict[tuple[str, str, bool], Subject] = {}
    for name, rows, seed in (("data", ROWS, 1), ("background", REFERENCES, 2)):
        pictures, label = drawn(rows, seed)
        sex = np.where(np.arange(rows) % 3 == 0, "Female", "Male")
        np.savez(
            folder / f"{name}.npz", scan=pictures, label=label, sex=sex, weight=1.0 + np.arange(rows) % 4
        )

    def find(
        function: Callable[[Any], Any] = linear, rows: str = "masked", weighted: bool = False
    ) -> Subject:
        name = function.__name__
        if (name, rows, weighted) not in found:
            model = folder / name
            if not model.exists():
                save(model, lambda x: tf.sigmoid(function(x)[:, None]), x=([None, *SHAPE], tf.float32))
            given = {"weight": "weight"} if weighted else {}
            policy = content(
                model, folder / "data.npz", spec={"inputs": {"x": "scan"}}, background=str(folder / "background.npz"),
                protected={"sex": {"privileged": "Male"}}, **given,
            )  # fmt: skip
            policy["report"] = {"rows": rows}
            found[name, rows, weighted] = load_subject(policy_from(policy), lambda *_: None)
        return found[name, rows, weighted]

    return find


def explained(subject: Subject, **options: Any) -> Found:
    return measure("explainability", subject, **options)


def exact() -> np.ndarray:
    """What each pixel adds by the closed form: all rows are explained, against all references."""
    added = (drawn(ROWS, 1)[0] - drawn(REFERENCES, 2)[0].mean(0)) * WEIGHTS
    return np.asarray(added.sum(3))


def patched(pixels: np.ndarray) -> np.ndarray:
    """Return the sums over patches of two pixels by two."""
    return np.asarray(pixels.reshape(-1, 6, 2, 5, 2).sum((2, 4)))


def read(line: Any) -> np.ndarray:
    """Decode the map of a row of a table by hand."""
    steps = np.frombuffer(base64.b64decode(line["cells"]), "<i2").reshape(line["height"], line["width"])
    return np.asarray(steps * line["step"])


def test_overlays_are_the_closed_form_on_the_picture(subjects: Callable[..., Subject]) -> None:
    table = explained(subjects(rows="shown")).tables["pictures"]
    assert len(table) == 6
    for _, line in table.iterrows():
        row = int(line["row"]) - 1
        np.testing.assert_allclose(read(line), exact()[row], atol=1e-4)
        image = np.frombuffer(base64.b64decode(line["image"]), np.uint8).reshape(*CELLS, line["channels"])
        np.testing.assert_array_equal(image, np.rint(255 * drawn(ROWS, 1)[0][row]))
        assert line["feature"] == "scan"
        assert line["base"] + read(line).sum() == pytest.approx(line["output"], abs=1e-2)


def test_masked_rows_have_coarse_attributions_and_no_picture(subjects: Callable[..., Subject]) -> None:
    table = explained(subjects()).tables["pictures"]
    shown = explained(subjects(rows="shown")).tables["pictures"]
    assert table["image"].isna().all() and table["row"].isna().all()
    for (_, line), (_, other) in zip(table.iterrows(), shown.iterrows(), strict=True):
        expected = patched(exact()[int(other["row"]) - 1])[0]
        assert read(line).shape == PATCHES
        np.testing.assert_allclose(read(line), expected, atol=np.abs(expected).max() / 100)
        for number in line[["score", "base", "output", "step"]]:
            assert float(f"{number:.3g}") == number


def test_without_rows_there_is_only_the_map(subjects: Callable[..., Subject]) -> None:
    tables = explained(subjects(rows="none")).tables
    assert set(tables) == {"picture_map"}
    np.testing.assert_allclose(read(tables["picture_map"].iloc[0]), np.abs(exact()).mean(0), atol=1e-4)


def test_a_map_of_few_rows_is_as_coarse_as_theirs(subjects: Callable[..., Subject]) -> None:
    few, enough = (explained(subjects(), rows=rows).tables["picture_map"].iloc[0] for rows in (9, 10))
    assert (read(few).shape, read(enough).shape) == (PATCHES, CELLS)
    assert read(explained(subjects(rows="shown"), rows=9).tables["picture_map"].iloc[0]).shape == CELLS


def test_predictions_are_explained_as_decisions_are(tmp_path: Path) -> None:
    pictures, _ = drawn(ROWS, 1)
    expected = linear(pictures).numpy()
    save(tmp_path / "model", lambda x: linear(x)[:, None], x=([None, *SHAPE], np.float32))
    target = expected + np.where(np.arange(ROWS) == 17, 9, 0.1)
    np.savez(tmp_path / "data.npz", scan=pictures, label=target)
    spec = {"inputs": {"x": "scan"}, "output": "regression"}
    policy = content(tmp_path / "model", tmp_path / "data.npz", spec=spec) | {"report": {"rows": "shown"}}
    found = explained(load_subject(policy_from(policy), lambda *_: None)).tables["pictures"]
    assert found["why"].tolist()[::2] == ["large error", "greatest prediction", "least prediction"]
    assert found["row"][0] == 18
    np.testing.assert_allclose(found["score"], expected[found["row"].to_numpy(int) - 1], rtol=1e-4)
    assert found["score"][4] == pytest.approx(expected.min(), rel=1e-4)


def test_the_map_weighs_rows(subjects: Callable[..., Subject]) -> None:
    table = explained(subjects(weighted=True)).tables["picture_map"]
    expected = np.average(np.abs(exact()), axis=0, weights=1.0 + np.arange(ROWS) % 4)
    np.testing.assert_allclose(read(table.iloc[0]), expected, atol=1e-4)
    assert table["rows"].tolist() == [ROWS]


def test_the_picture_as_a_whole_is_a_feature(subjects: Callable[..., Subject]) -> None:
    found = explained(subjects())
    whole = np.abs(exact().sum((1, 2))).mean()
    assert found.value("mean_abs_attribution", feature="scan") == pytest.approx(whole, rel=1e-4)
    assert found.value("attribution_share", feature="scan") == 1
    assert not found.of("protected_share")  # pixels may show it, and 0 would pass a limit
    assert any("counterfactual_flip_rate were not measured for sex" in note for note in found.notes)
    assert not found.of("attribution_direction")
    assert found.value("additivity_error") < 1e-4
    assert found.value("faithfulness") > 0.95
    assert found.value("rank_stability") > 0.5
    assert any("expected gradients" in note and "6 x 5 patches" in note for note in found.notes)


@pytest.mark.parametrize("function", [steps, shrunk])
def test_without_gradients_patches_are_explained(
    subjects: Callable[..., Subject], function: Callable[[Any], Any]
) -> None:
    found = explained(subjects(function, rows="shown"), rows=20)
    (line, *_) = [line for _, line in found.tables["pictures"].iterrows()]
    assert read(line).shape == (4, 4)
    assert line["base"] + read(line).sum() == pytest.approx(line["output"], abs=1e-2)
    assert found.value("additivity_error") < 1e-4
    assert any("SHAP values of 4 x 4 patches" in note for note in found.notes)
    if function is steps:  # a sum over pixels: its SHAP values are those of the pixels
        data, background = (np.round(2 * drawn(*which)[0]) for which in ((ROWS, 1), (REFERENCES, 2)))
        added = ((data[int(line["row"]) - 1] - background.mean(0)) * WEIGHTS).sum(2)
        rows, columns = np.arange(12) * 4 // 12, np.arange(10) * 4 // 10
        expected = [[added[np.ix_(rows == i, columns == j)].sum() for j in range(4)] for i in range(4)]
        np.testing.assert_allclose(read(line), expected, atol=1e-3)


def test_telling_pictures_are_errors_and_the_surest(subjects: Callable[..., Subject]) -> None:
    table = explained(subjects(rows="shown")).tables["pictures"]
    score = 1 / (1 + np.exp(-((drawn(ROWS, 1)[0] - 0.5) * WEIGHTS).sum((1, 2, 3))))
    label = drawn(ROWS, 1)[1]
    rows = table["row"].to_numpy(int) - 1
    np.testing.assert_allclose(table["score"], score[rows], rtol=1e-4)
    whys = ["confident error"] * 2 + ["confidently favourable"] * 2 + ["confidently unfavourable"] * 2
    assert table["why"].tolist() == whys
    wrong = np.flatnonzero((score > 0.5) != label)
    sure = wrong[np.argsort(-np.abs(score[wrong] - 0.5))][:2]
    assert set(rows[:2]) == set(sure)
    right = [row for row in np.argsort(-score) if row not in sure]
    assert rows[2:4].tolist() == right[:2]
    assert set(rows[4:]) == set(right[-2:])


def test_explained_rows_repeat_and_follow_the_option(subjects: Callable[..., Subject]) -> None:
    one, other = (explained(subjects(), rows=30) for _ in range(2))
    assert one.measurements == other.measurements
    pd.testing.assert_frame_equal(one.tables["pictures"], other.tables["pictures"])
    assert one.one("faithfulness").n == 30


def test_fewer_rows_are_explained_within_a_budget_and_noted(subjects: Callable[..., Subject]) -> None:
    audited = subjects(spread)
    cost = ExplainedOutput.of(audited, score=False).multiply_adds
    # A quarter is the probe's; a gradient at a point costs three evaluations; 22 references are taken three times.
    found = explained(audited, error=0.9, budget=19.1 / 0.75 * 3 * 2 * 66 * cost)
    assert found.one("faithfulness").n == 19
    assert any(
        "It suffices to explain 19 of 60 rows against 22 of 25 reference rows" in n for n in found.costs
    )


@settings(max_examples=60)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 3), st.integers(1, 50), st.integers(1, 2))
def test_cells_cover_every_pixel_once(height: int, width: int, channels: int, most: int, pixels: int) -> None:
    cut = cell_grid((height, width, channels), most, pixels)
    assert cut.rows == max(1, min(most, height // pixels)) and cut.cell.max() + 1 == cut.cells
    values = np.random.default_rng(0).random((2, height * width * channels))
    by_hand = [np.bincount(cut.cell, row, cut.cells) for row in values]
    np.testing.assert_allclose(cut.sums(values), by_hand)
    sizes = np.bincount(cut.cell)
    assert sizes.min() >= pixels**2 * channels or min(height, width) < pixels
    one = values[0].reshape(-1, channels)
    means = [one[cut.cell[::channels] == cell].mean(0) for cell in range(cut.cells)]
    np.testing.assert_allclose(cut.means(values[0]), means)


@settings(max_examples=40)
@given(st.integers(1, 200), st.integers(1, 200))
def test_patches_are_made_up_of_whole_cells(height: int, width: int) -> None:
    fine, coarse = cell_grid((height, width, 1), 48), cell_grid((height, width, 1), 8, 2)
    values = np.random.default_rng(1).random((1, height * width))
    found = ImageAttribution(fine, fine.sums(values)).pool(coarse)
    assert isinstance(found.grid, CellGrid)
    np.testing.assert_allclose(found.values, found.grid.sums(values))
