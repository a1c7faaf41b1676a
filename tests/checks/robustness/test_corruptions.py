"""Accuracy under common corruptions against decisions made by hand: the model asks how bright a picture is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import beta

from audit.checks.robustness import check as options
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.corruptions import corrupted
from audit.perturbations import Corruption, corrupt
from audit.stats.influence import untraced

from ...audits import content, subject
from ...models import save
from ...stats.known import known_interval
from ..kit import Found, measure

ROWS = 400


@cache
def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels uint8, whether they are bright up to some noise, and which of two cameras took them."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0.35, 0.65, (ROWS, 1, 1, 1))
    pixels = np.clip(base + rng.normal(0, 0.2, (ROWS, 8, 6, 3)), 0, 1)
    label = (base.ravel() + rng.normal(0, 0.02, ROWS) > 0.5).astype(int)
    return np.rint(pixels * 255).astype(np.uint8), label, np.where(rng.random(ROWS) < 0.3, "old", "new")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("bright")

    def bright(unit: Any) -> Any:
        mean = tf.reduce_mean(tf.cast(unit, tf.float64), [1, 2, 3])
        return tf.sigmoid(tf.cast(100 * (mean - 0.5), tf.float32))[:, None]

    def decoded(files: Any) -> Any:
        one = tf.map_fn(lambda f: tf.io.decode_png(f, 3), files, fn_output_signature=tf.uint8)
        return bright(tf.ensure_shape(one, [None, 8, 6, 3]) / 255)

    save(folder / "unit", bright, image=([None, 8, 6, 3], tf.float32))
    save(folder / "bytes", lambda x: bright(x / 255), image=([None, 8, 6, 3], tf.uint8))
    save(folder / "files", decoded, image=([None], tf.string))
    return {name: folder / name for name in ("unit", "bytes", "files")}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pictures")
    pixels, label, camera = pictures()
    np.savez(folder / "bytes.npz", image=pixels, label=label, camera=camera)
    np.savez(folder / "unit.npz", image=(pixels / 255).astype(np.float32), label=label, camera=camera)
    (folder / "files").mkdir()
    names = [f"{row}.png" for row in range(ROWS)]
    for name, picture in zip(names, pixels, strict=True):
        Image.fromarray(picture).save(folder / "files" / name)
    table = pd.DataFrame({"file": names, "label": label, "camera": camera})
    table.to_csv(folder / "files" / "labels.csv", index=False)
    return {"unit": folder / "unit.npz", "bytes": folder / "bytes.npz", "files": folder / "files"}


def found(model: Path, path: Path, **given: Any) -> Found:
    protected = {"camera": {"privileged": "new"}}
    policy = content(model, path, protected=protected)
    return measure("robustness", subject(policy), attacks=["noise"], eps=[0.01], **given)


def keys(model: Path, path: Path) -> np.ndarray:
    """Return the key of each row, by which its noise is drawn."""
    rows = subject(content(model, path, protected={"camera": {"privileged": "new"}})).features.data
    return np.asarray(rows.keys[np.argsort(rows.index)])


def by_hand(
    kind: Corruption, severity: int, row_keys: np.ndarray, low: float, high: float, whole: bool
) -> np.ndarray:
    """Whether each row is decided right."""
    pixels, label, _ = pictures()
    images = (pixels / 255 * (high - low) + low).astype(np.float32)
    changed = corrupt(images, low, high, kind, severity, row_keys, 0).astype(np.float64)
    changed = np.rint(changed) if whole else changed
    return np.asarray((changed.mean((1, 2, 3)) >= (low + high) / 2) == label)


FORMS = {"unit": (0.0, 1.0, False), "bytes": (0.0, 255.0, True), "files": (0.0, 255.0, True)}


@pytest.mark.parametrize("form", FORMS)
def test_accuracy_is_that_of_decisions_by_hand(
    models: dict[str, Path], data: dict[str, Path], form: str
) -> None:
    camera = pictures()[2]
    measured = found(models[form], data[form], severities=[5, 1, 5])
    row_keys = keys(models[form], data[form])
    for kind in get_args(Corruption):
        for severity in (1, 5):
            right = by_hand(kind, severity, row_keys, *FORMS[form])
            where = {"corruption": kind, "severity": severity}
            assert measured.value("corruption_accuracy", **where) == right.mean()
            for group in ("old", "new"):
                one = measured.one("corruption_accuracy", **where, attribute="camera", group=group)
                assert one.value == right[camera == group].mean() and one.n == (camera == group).sum()
    assert len([m for m in measured.measurements if m.metric.endswith("corruption_accuracy")]) == 4 * 2 * 3
    assert measured.value("corruption_accuracy", corruption="brightness", severity=5) < 0.6  # all are bright
    assert measured.value("corruption_accuracy", corruption="contrast", severity=1) > 0.9  # the means stay


def test_the_option_rows_bounds_the_corrupted_pictures(
    models: dict[str, Path], data: dict[str, Path]
) -> None:
    measured = found(models["bytes"], data["bytes"], severities=[5], corruptions=["brightness"], rows=50)
    assert measured.one("corruption_accuracy", corruption="brightness", severity=5).n == 50
    assert "50 of 400 images were corrupted, drawn at random." in measured.notes
    assert measured.one("clean_accuracy").n == 50


def test_the_interval_is_exact(models: dict[str, Path], data: dict[str, Path]) -> None:
    measured = found(models["unit"], data["unit"], severities=[5], corruptions=["brightness"])
    one = measured.one("corruption_accuracy", corruption="brightness", severity=5)
    right = int(by_hand("brightness", 5, np.arange(ROWS), 0, 1, False).sum())
    assert one.counts == {"rate": [right, ROWS]} and one.method == "clopper-pearson"
    expected = beta.ppf(0.025, right, ROWS - right + 1), beta.ppf(0.975, right + 1, ROWS - right)
    np.testing.assert_allclose(known_interval(one, 0.95), expected, rtol=1e-9)


def test_batches_change_nothing(models: dict[str, Path], data: dict[str, Path]) -> None:
    audited = subject(content(models["unit"], data["unit"]))
    assert audited.image_column is not None
    given = audited, audited.image_column, get_args(Corruption), [1, 5], Budget(1e12, 1)
    assert untraced(corrupted(*given, max_values=1000)) == untraced(corrupted(*given))


def test_of_many_pictures_some_are_drawn(models: dict[str, Path], tmp_path: Path) -> None:
    one, *others = pictures()
    label, camera = (np.concatenate([part] * 3) for part in others)
    pixels = np.concatenate([one, one[:, ::-1], one[:, :, ::-1]])  # of the same means, and no copies
    np.savez(tmp_path / "many.npz", image=pixels, label=label, camera=camera)
    measured = found(models["bytes"], tmp_path / "many.npz", corruptions=["contrast"], severities=[1])
    assert "1,000 of 1,200 images were corrupted, drawn at random." in measured.notes
    assert measured.one("corruption_accuracy", corruption="contrast", severity=1).n == 1000


def test_without_corruptions_none_is_measured(models: dict[str, Path], data: dict[str, Path]) -> None:
    measured = found(models["unit"], data["unit"], corruptions=[])
    assert not [m for m in measured.measurements if "corruption" in m.metric]
    assert measured.one("clean_accuracy").n == ROWS


def test_a_model_that_fails_on_corrupted_pictures_leaves_the_family_out(tmp_path: Path) -> None:
    """Brighter pictures than the data's have no score: what was measured of other corruptions goes as well."""
    import tensorflow as tf

    pixels, label, _ = pictures()
    brightest = float(pixels.mean((1, 2, 3)).max()) + 1

    def score(images: Any) -> Any:
        mean = tf.reduce_mean(tf.cast(images, tf.float32), [1, 2, 3])[:, None]
        return tf.where(mean <= brightest, tf.sigmoid((mean - 128) / 10), np.nan)

    save(tmp_path / "m", score, images=([None, *pixels.shape[1:]], tf.uint8))
    np.savez(tmp_path / "data.npz", images=pixels, label=label)
    audited = subject(content(tmp_path / "m", tmp_path / "data.npz"))
    measured = measure(
        "robustness", audited, eps=[0.01], attacks=["noise"], corruptions=["contrast", "brightness"]
    )
    (note,) = [note for note in measured.notes if "common corruptions" in note]
    assert "was not measured: the model fails on corrupted images: NaN or infinity" in note
    assert not [m for m in measured.measurements if "corruption" in m.metric] and measured.one(
        "clean_accuracy"
    )


def test_the_options_name_all_corruptions() -> None:
    assert get_args(options.Corruption) == get_args(Corruption)  # type: ignore[attr-defined]
