"""Pictures as inputs: arrays and files, and which range their numbers have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

from audit.check import Skip
from audit.errors import AuditError
from audit.subject.subject import Subject

from ..audits import content, file_rows, subject
from ..model.logits.surgery import export, gradient, odds

ROWS, SHAPE = 40, (6, 5, 3)
WEIGHTS = np.random.default_rng(1).normal(0, 0.2, (90, 1)).astype(np.float32)
PIXELS = np.random.default_rng(2).integers(0, 256, (ROWS, *SHAPE), dtype=np.uint8)
LABELS = np.arange(ROWS) % 2


def of_pixels(scaled: Any) -> Any:
    return tf.sigmoid(tf.reshape(scaled, [-1, 90]) @ WEIGHTS)


def floats(path: Path) -> Path:
    return export(path, lambda m, image: of_pixels(image), {"image": ([None, *SHAPE], tf.float32)})


def bytes_of_pixels(path: Path) -> Path:
    def score(m: Any, image: Any) -> Any:
        return of_pixels(tf.cast(image, tf.float32) / 255)

    return export(path, score, {"image": ([None, *SHAPE], tf.uint8)})


def files(path: Path) -> Path:
    def score(m: Any, image: Any) -> Any:
        found = tf.map_fn(lambda b: tf.io.decode_png(b, 3), image, fn_output_signature=tf.uint8)
        return of_pixels(tf.cast(tf.ensure_shape(found, [None, *SHAPE]), tf.float32) / 255)

    return export(path, score, {"image": ([None], tf.string)})


def arrays(folder: Path, images: np.ndarray) -> Path:
    np.savez(folder / "data.npz", image=images, label=LABELS)
    return folder / "data.npz"


def directory(folder: Path, mode: str = "RGB", kind: str = "png") -> Path:
    (folder / "images").mkdir()
    for row, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).convert(mode).save(folder / "images" / f"{row}.png", kind)
    names = [f"{row}.png" for row in range(ROWS)]
    pd.DataFrame({"file": names, "label": LABELS}).to_csv(folder / "images" / "labels.csv", index=False)
    return folder / "images"


def expected() -> np.ndarray:
    return (PIXELS.reshape(ROWS, -1) / 255.0) @ WEIGHTS[:, 0]


def check(found: Subject, high: float) -> None:
    assert found.image_column is not None
    assert (found.image_column.shape, found.image_column.low, found.image_column.high) == (SHAPE, 0, high)
    assert found.logits.exact and found.model_facts.differentiable
    np.testing.assert_allclose(odds(found), expected(), atol=1e-5)
    slope = np.broadcast_to(WEIGHTS[:, 0] / high, (ROWS, 90))
    np.testing.assert_allclose(gradient(found), slope, rtol=1e-3, atol=1e-7)
    own = found.predictor.decide(file_rows(found))[0]
    assert np.array_equal(own, found.scores.favorable)  # type: ignore[union-attr]


def test_floats_as_they_stand(tmp_path: Path) -> None:
    data = arrays(tmp_path, (PIXELS / 255).astype(np.float32))
    check(subject(content(floats(tmp_path / "m"), data)), 1)


def test_bytes_of_pixels_into_a_model_of_bytes(tmp_path: Path) -> None:
    check(subject(content(bytes_of_pixels(tmp_path / "m"), arrays(tmp_path, PIXELS))), 255)


def test_files_into_a_model_of_floats(tmp_path: Path) -> None:
    check(subject(content(floats(tmp_path / "m"), directory(tmp_path), pixels=[0, 1])), 1)


def test_files_into_a_model_that_decodes_them(tmp_path: Path) -> None:
    check(subject(content(files(tmp_path / "m"), directory(tmp_path))), 255)


def test_nobody_guesses_how_pixels_are_scaled(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as raised:
        subject(content(floats(tmp_path / "m"), directory(tmp_path)))
    assert raised.value.where == "data.pixels" and "[0, 1]" in raised.value.fix
    assert list(map(str, raised.value.settings)) == [
        f"data.pixels: {numbers}" for numbers in ("[0, 255]", "[0, 1]", "[-1, 1]")
    ]


def test_numbers_of_no_known_range_ask_for_it(tmp_path: Path) -> None:
    data = arrays(tmp_path, (PIXELS * 3.0).astype(np.float32))
    found = subject(content(floats(tmp_path / "m"), data))
    with pytest.raises(AuditError, match=r"data\.pixels") as raised:
        found.image_column  # noqa: B018
    assert list(map(str, raised.value.settings)) == ["data.pixels: [LEAST, GREATEST]"]
    given = subject(content(floats(tmp_path / "m"), data, pixels=[0, 1000]))
    assert given.image_column is not None and given.image_column.high == 1000


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="6 x 5 x 3"):
        subject(content(floats(tmp_path / "m"), arrays(tmp_path, np.zeros((ROWS, 4, 5, 3), np.float32))))


def test_grey_pictures_without_a_channel_axis(tmp_path: Path) -> None:
    def score(m: Any, image: Any) -> Any:
        return tf.sigmoid(tf.reshape(image, [-1, 30]) @ WEIGHTS[:30])

    model = export(tmp_path / "m", score, {"image": ([None, 6, 5], tf.float32)})
    grey = (PIXELS[..., 0] / 255).astype(np.float32)
    found = subject(content(model, arrays(tmp_path, grey[..., None]), pixels=[0, 1]))
    assert found.image_column is not None and found.image_column.shape == (6, 5, 1)
    np.testing.assert_allclose(odds(found), grey.reshape(ROWS, -1) @ WEIGHTS[:30, 0], atol=1e-5)


def test_arrays_of_two_axes_are_a_sequence_unless_the_policy_says_pixels(tmp_path: Path) -> None:
    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(tf.reshape(x, [-1, 30]) @ WEIGHTS[:30])

    model = export(tmp_path / "m", score, {"x": ([None, 6, 5], tf.float32)})
    steps = np.random.default_rng(3).normal(size=(ROWS, 6, 5)).astype(np.float32)
    found = subject(content(model, arrays(tmp_path, steps)))
    assert found.image_column is None
    assert [column.name for column in found.features.columns][:6] == [
        "image[0, 0]", "image[0, 1]", "image[0, 2]", "image[0, 3]", "image[0, 4]", "image[1, 0]",
    ]  # fmt: skip
    np.testing.assert_allclose(odds(found), steps.reshape(ROWS, -1) @ WEIGHTS[:30, 0], atol=1e-5)
    assert found.model_facts.differentiable and found.logits.exact


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_files_of_other_channels_are_decoded_as_the_graph_does(tmp_path: Path, mode: str) -> None:
    found = subject(content(files(tmp_path / "m"), directory(tmp_path, mode)))
    assert found.image_column is not None and found.image_column.shape == SHAPE
    assert found.logits.exact and found.model_facts.differentiable
    assert np.abs(gradient(found)).min() > 0


def test_a_model_that_looks_at_the_file_is_not_judged_on_other_files(tmp_path: Path) -> None:
    def score(m: Any, image: Any) -> Any:
        jpeg = tf.strings.substr(image, 0, 2) == b"\xff\xd8"
        found = tf.map_fn(lambda b: tf.io.decode_jpeg(b, 3), image, fn_output_signature=tf.uint8)
        scores = of_pixels(tf.cast(tf.ensure_shape(found, [None, *SHAPE]), tf.float32) / 255)
        return tf.where(jpeg[:, None], scores, 0.5)

    model = export(tmp_path / "m", score, {"image": ([None], tf.string)})
    found = subject(content(model, directory(tmp_path, kind="jpeg")))
    with pytest.raises(Skip, match="made again from their features"):
        found.predictor  # noqa: B018


def test_whole_numbers_beyond_8_bits_ask_for_their_range(tmp_path: Path) -> None:
    def score(m: Any, image: Any) -> Any:
        return of_pixels(tf.cast(image, tf.float32) / 4095)

    model = export(tmp_path / "m", score, {"image": ([None, *SHAPE], tf.int32)})
    data = arrays(tmp_path, PIXELS.astype(np.int32))
    with pytest.raises(AuditError, match=r"data\.pixels for whole numbers"):
        subject(content(model, data)).image_column  # noqa: B018
    given = subject(content(model, data, pixels=[0, 4095]))
    assert given.image_column is not None and given.image_column.high == 4095


def test_fractions_do_not_go_into_8_bits(tmp_path: Path) -> None:
    data = arrays(tmp_path, (PIXELS / 255).astype(np.float32))
    with pytest.raises(AuditError, match="uint8"):
        subject(content(bytes_of_pixels(tmp_path / "m"), data))


def test_flags_are_not_scaled_by_255(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="0 and 1 only"):
        subject(content(floats(tmp_path / "m"), arrays(tmp_path, PIXELS > 128), pixels=[0, 1]))


def test_an_8_bit_input_has_its_own_range(tmp_path: Path) -> None:
    found = subject(content(bytes_of_pixels(tmp_path / "m"), arrays(tmp_path, PIXELS), pixels=[0, 1]))
    with pytest.raises(AuditError, match="pixels from 0 to 255"):
        found.image_column  # noqa: B018


def test_pixels_of_an_example_lie_flat(tmp_path: Path) -> None:
    flat = (PIXELS / 255).astype(np.float32).reshape(ROWS, -1)
    check(subject(content(floats(tmp_path / "m"), arrays(tmp_path, flat))), 1)
