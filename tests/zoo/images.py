"""Kinds that take images: arrays in several ranges and types, and the bytes of image files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from PIL import Image

from .kind import Kind, Made
from .networks import export

ROWS, HEIGHT, WIDTH = 300, 12, 10
BYTES = {"image": tf.TensorSpec([None], tf.string)}
FEW: dict[str, object] = {
    "explainability": {"rows": 10, "references": 10},
    "robustness": {"eps": [0.1], "queries": 60},
}
"""Options for models that decode every picture they score: attacks and patches go through PNG files."""


def scans(channels: int = 3) -> tuple[np.ndarray, pd.DataFrame]:
    """Return images uint8 ``(rows, height, width, channels)`` and what else is known of them.

    Label 1 goes with a spot in the upper half, label 0 with one in the lower half.
    """
    random = np.random.default_rng(0)
    label = random.integers(0, 2, ROWS)
    pictures = random.normal(90, 25, (ROWS, HEIGHT, WIDTH, channels))
    high = np.where(label, 2, 7) + random.integers(0, 2, ROWS)
    left = random.integers(0, WIDTH - 3, ROWS)
    for picture, row, column in zip(pictures, high, left, strict=True):
        picture[row : row + 3, column : column + 3] += 60
    frame = pd.DataFrame({"label": label, "sex": random.choice(["Female", "Male"], ROWS)})
    frame.loc[random.random(ROWS) < 0.1, "label"] ^= 1
    return np.clip(np.rint(pictures), 0, 255).astype(np.uint8), frame


def logit(pictures: Any) -> Any:
    """Return the log-odds ``(rows,)`` of pictures from 0 to 1: bright spots above against those below."""
    spots = tf.nn.conv2d(pictures, tf.ones([3, 3, pictures.shape[-1], 1]) / 9, 1, "SAME")
    bright = tf.nn.softplus(8 * spots - 4)
    height = pictures.shape[1] // 2
    return (
        tf.reduce_mean(bright[:, :height], [1, 2, 3]) * 6 - tf.reduce_mean(bright[:, height:], [1, 2, 3]) * 6
    )


def _stored(folder: Path, pictures: np.ndarray, frame: pd.DataFrame) -> Path:
    """Write the rows as ``.npz`` and return the file."""
    file = folder / "scans.npz"
    np.savez(file, image=pictures, label=frame["label"].to_numpy(), sex=frame["sex"].to_numpy(str))
    return file


def _exported(folder: Path, score: Callable[..., Any], taken: np.ndarray) -> Path:
    spec = tf.TensorSpec([None, *taken.shape[1:]], taken.dtype)
    return export(folder / "model", score, {"image": spec})


def _unit(folder: Path, stored: Callable[[np.ndarray, np.ndarray], np.ndarray], **given: object) -> Made:
    pictures, frame = scans()
    taken = pictures.astype(np.float32) / np.float32(255)
    model = _exported(folder, lambda image: tf.sigmoid(logit(image)), taken)
    return Made(model, _stored(folder, stored(taken, pictures), frame), lambda: {"image": taken}, given=given)


def unit(folder: Path) -> Made:
    return _unit(folder, lambda taken, pictures: taken)


def scaled(folder: Path) -> Made:
    return _unit(folder, lambda taken, pictures: pictures, pixels=[0, 1])


def rescaling(folder: Path) -> Made:
    """A Keras model whose first layer divides by 255, as Keras exports it."""
    pictures, frame = scans()
    taken = pictures.astype(np.float32)
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential([keras.Input(taken.shape[1:], name="image"), *layers])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(taken, frame["label"].to_numpy(np.float32), batch_size=30, epochs=8, verbose=0)
    model.export(folder / "model", verbose=False)
    data = _stored(folder, pictures, frame)
    return Made(folder / "model", data, lambda: {"image": taken}, given={"pixels": [0, 255]})


def eight_bits(folder: Path) -> Made:
    pictures, frame = scans()
    model = _exported(folder, lambda image: tf.sigmoid(logit(tf.cast(image, tf.float32) / 255)), pictures)
    return Made(model, _stored(folder, pictures, frame), lambda: {"image": pictures})


def grey(folder: Path) -> Made:
    pictures, frame = scans(channels=1)
    taken = pictures[..., 0].astype(np.float32) / np.float32(255)
    model = _exported(folder, lambda image: tf.sigmoid(logit(image[..., None])), taken)
    return Made(model, _stored(folder, taken, frame), lambda: {"image": taken}, given={"pixels": [0, 1]})


def _files(kind: str, pictures: np.ndarray) -> list[bytes]:
    """Return the images as files in memory."""
    found = []
    for picture in pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, kind, quality=95)
        found.append(file.getvalue())
    return found


def _directory(folder: Path, files: list[bytes], suffix: str, frame: pd.DataFrame) -> Path:
    """Write the files and ``labels.csv``, which names them."""
    data = folder / "scans"
    data.mkdir()
    names = [f"{number:03}{suffix}" for number in range(len(files))]
    for name, content in zip(names, files, strict=True):
        (data / name).write_bytes(content)
    frame.assign(file=names).to_csv(data / "labels.csv", index=False)
    return data


def _decoding(folder: Path, decode: Callable[[Any], Any]) -> Path:
    """Export a model of the bytes of image files, each of which ``decode`` makes the network's input."""

    def score(image: Any) -> Any:
        shape = tf.TensorSpec([HEIGHT, WIDTH, 3], tf.float32)
        return tf.sigmoid(logit(tf.map_fn(decode, image, fn_output_signature=shape)))

    return export(folder / "model", score, BYTES)


def png(folder: Path) -> Made:
    """The graph decodes files one by one, and scales the pixels of all rows together."""
    pictures, frame = scans()
    files = _files("PNG", pictures)

    def score(image: Any) -> Any:
        pixels = tf.TensorSpec([HEIGHT, WIDTH, 3], tf.uint8)
        found = tf.map_fn(lambda file: tf.io.decode_png(file, channels=3), image, fn_output_signature=pixels)
        return tf.sigmoid(logit(tf.cast(found, tf.float32) / 255))

    model, data = export(folder / "model", score, BYTES), _directory(folder, files, ".png", frame)
    return Made(model, data, lambda: {"image": tf.constant(files)})


def jpeg(folder: Path) -> Made:
    """Files of twice the size that the network takes: each is decoded, scaled and resized by itself."""
    pictures, frame = scans()
    files = _files("JPEG", pictures.repeat(2, axis=1).repeat(2, axis=2))

    def decode(file: Any) -> Any:
        found = tf.io.decode_image(file, channels=3, expand_animations=False, dtype=tf.float32)
        return tf.image.resize(tf.ensure_shape(found, [None, None, 3]), [HEIGHT, WIDTH])

    data = _directory(folder, files, ".jpg", frame)
    return Made(_decoding(folder, decode), data, lambda: {"image": tf.constant(files)}, checks=FEW)


def records(folder: Path) -> Made:
    """The bytes as a feature of `tf.train.Example`, read as a column: the model takes them, not the example."""
    pictures, frame = scans()
    files, data = _files("PNG", pictures), folder / "scans.tfrecord"
    with tf.io.TFRecordWriter(str(data)) as writer:
        for content, label, sex in zip(files, frame["label"], frame["sex"], strict=True):
            features = {
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[content])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                "sex": tf.train.Feature(bytes_list=tf.train.BytesList(value=[sex.encode()])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())

    def decode(file: Any) -> Any:
        found = tf.cast(tf.io.decode_png(file, channels=3), tf.float32) / 255
        return tf.ensure_shape(found, [HEIGHT, WIDTH, 3])

    return Made(_decoding(folder, decode), data, lambda: {"image": tf.constant(files)}, checks=FEW)


KINDS = [
    Kind("`float32` images from 0 to 1", "image", unit),
    Kind("`float32` images from 0 to 1, data in 8 bits", "image", scaled),
    Kind("`float32` images from 0 to 255, rescaled inside", "image", rescaling),
    Kind("`uint8` images", "image", eight_bits),
    Kind("grey images of rank 3", "image", grey),
    Kind("PNG strings, data as a directory with a label file", "image", png),
    Kind("JPEG strings, resized inside", "image", jpeg),
    Kind("PNG strings, data as TFRecord", "image", records),
]
