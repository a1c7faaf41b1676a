"""Images from every form of data reach the model with the same pixels; a row without one is an error."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow

from ..audits import classified, content, file_rows, subject
from ..models import save

ROWS = 40
PIXELS = np.random.default_rng(0).integers(0, 256, (ROWS, 4, 3, 1), np.uint8)
LABEL = np.arange(ROWS) % 2
WEIGHTS = np.linspace(-1, 1, 12).reshape(4, 3, 1)


def png(picture: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture[..., 0]).save(stream, "PNG")
    return stream.getvalue()


FILES = [png(picture) for picture in PIXELS]


def as_npz(folder: Path) -> Path:
    np.savez(folder / "t.npz", image=PIXELS, label=LABEL[:, None])
    return folder / "t.npz"


def as_lists(folder: Path) -> Path:
    pq.write_table(pa.table({"image": pa.array(PIXELS.tolist()), "label": LABEL}), folder / "t.parquet")
    return folder / "t.parquet"


def as_bytes(folder: Path) -> Path:
    pq.write_table(pa.table({"image": pa.array(FILES, pa.binary()), "label": LABEL}), folder / "t.parquet")
    return folder / "t.parquet"


def as_records(folder: Path, without: int | None = None) -> Path:
    train = tensorflow().train
    with tensorflow().io.TFRecordWriter(str(folder / "t.tfrecord")) as writer:
        for row, (data, label) in enumerate(zip(FILES, LABEL, strict=True)):
            found = {"label": train.Feature(int64_list=train.Int64List(value=[label]))}
            if row != without:
                found["image"] = train.Feature(bytes_list=train.BytesList(value=[data]))
            writer.write(train.Example(features=train.Features(feature=found)).SerializeToString())
    return folder / "t.tfrecord"


def as_folder(folder: Path) -> Path:
    names = [f"{row}.png" for row in range(ROWS)]
    for name, data in zip(names, FILES, strict=True):
        (folder / name).write_bytes(data)
    pd.DataFrame({"path": names, "label": LABEL}).to_csv(folder / "labels.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("weighed")

    def weighed(unit: Any) -> Any:
        total = tf.reduce_sum(tf.cast(unit, tf.float32) * WEIGHTS.astype(np.float32), [1, 2, 3])
        return tf.sigmoid(total)[:, None]

    def decoded(files: Any) -> Any:
        pixels = tf.map_fn(lambda f: tf.io.decode_png(f, 1), files, fn_output_signature=tf.uint8)
        return weighed(tf.ensure_shape(pixels, [None, 4, 3, 1]) / 255)

    save(folder / "arrays", lambda x: weighed(x / 255), image=([None, 4, 3, 1], tf.uint8))
    save(folder / "files", decoded, image=([None], tf.string))
    return {name: folder / name for name in ("arrays", "files")}


FORMS = {
    "arrays": [as_npz, as_lists, as_bytes, as_records, as_folder],
    "files": [as_bytes, as_records, as_folder],
}
PAIRS = [(model, form) for model, forms in FORMS.items() for form in forms]


@pytest.mark.parametrize(("model", "form"), PAIRS)
def test_every_form_gives_the_same_pixels(
    models: dict[str, Path], tmp_path: Path, model: str, form: Any
) -> None:
    found = subject(content(models[model], form(tmp_path)))
    expected = 1 / (1 + np.exp(-(PIXELS / 255 * WEIGHTS).sum((1, 2, 3))))
    np.testing.assert_allclose(classified(found).favorable, expected, rtol=1e-5)
    np.testing.assert_array_equal(file_rows(found), PIXELS.reshape(ROWS, -1))
    assert found.data_facts.distinct_rows == ROWS


@pytest.mark.parametrize("model", FORMS)
def test_a_row_without_an_image_is_an_error(models: dict[str, Path], tmp_path: Path, model: str) -> None:
    with pytest.raises(AuditError, match="1 rows without one") as caught:
        subject(content(models[model], as_records(tmp_path, without=17)))
    assert "'image'" in caught.value.where


@pytest.mark.parametrize("model", FORMS)
def test_images_are_no_label(models: dict[str, Path], tmp_path: Path, model: str) -> None:
    policy = content(models[model], as_bytes(tmp_path))
    policy["data"]["label"] = "image"
    with pytest.raises(AuditError, match="bytes that are not UTF-8 text"):
        subject(policy)
