"""Feeds of image inputs: arrays of pixels, or encoded files."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import NullValue, tensors
from audit.data.image_decoding import decode
from audit.data.nulls import Missing
from audit.errors import AuditError, Setting
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.feeds import Feed, Values


@dataclass(frozen=True)
class ImageFeed(Feed):
    """Feed of an input ``(rows, height, width[, channels])``; ``shape`` is that of one image, None where it is free.

    ``pixels`` is the range that the model takes (``data.pixels`` of the policy), None if unknown.
    """

    shape: tuple[int | None, ...]
    pixels: Sequence[float] | None

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Missing) -> list[Values]:
        """Return a batch's images ``(rows, height, width[, channels])`` in the numbers that the model takes.

        Raises:
            AuditError: an image has another size, or the scale of pixels from 0 to 255 is unknown.
        """
        name = self.columns[0]
        column = batch.column(name)
        is_encoded = pa.types.is_binary(column.type)
        images = self._shaped(self._decoded(column, first_row) if is_encoded else tensors(column, name))
        if images.dtype == np.uint8 and self.dtype.is_floating:
            return [self._scaled(images)]
        if self.dtype.is_integer:
            self.require_whole([_worst(images.reshape(len(images), -1))], first_row)
        return [images]

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the input tensor of images in its dtype."""
        return tensorflow().cast(np.asarray(values[0]), self.dtype)

    def matrix(self, values: Values) -> np.ndarray:
        """Return the images of some rows as features, ``(rows, height, width[, channels])``."""
        return np.asarray(values)

    def image(self, numbers: Any, shape: Sequence[int], dtype: Any) -> Any:
        """Return the input tensor of images from flat numbers ``(rows, prod(shape))``."""
        tf = tensorflow()
        return tf.reshape(tf.cast(numbers, dtype or self.dtype), [-1, *shape])

    def _decoded(self, column: pa.Array, first_row: int) -> np.ndarray:
        channels = (self.shape[2] if len(self.shape) == 3 else 1) or 3
        files = enumerate(_files(column, self.columns[0]), start=first_row)
        images = [self._image(data, channels, row) for row, data in files]
        return stack_images(images, self.columns[0], first_row)

    def _image(self, data: bytes, channels: int, row: int) -> np.ndarray:
        try:
            return decode(data, channels, f"data column {self.columns[0]!r}")
        except AuditError as error:
            raise error.in_row(row) from None

    def _shaped(self, images: np.ndarray) -> np.ndarray:
        """Return images with or without an axis of one channel, as the input has it."""
        shape = images.shape[1:]
        if len(shape) == 1 and None not in self.shape and shape[0] == prod(n or 0 for n in self.shape):
            return images.reshape(-1, *(n or 0 for n in self.shape))  # as a `tf.Example` holds them
        if len(shape) == len(self.shape) + 1 and shape[-1] == 1:
            images = images[..., 0]
        elif len(shape) == len(self.shape) - 1 and self.shape[-1] in (1, None):
            images = images[..., None]
        fits = len(images.shape) == len(self.shape) + 1
        if not fits or any(n not in (None, m) for n, m in zip(self.shape, images.shape[1:], strict=True)):
            raise AuditError(
                where=f"data column {self.columns[0]!r}",
                expected=f"pictures of shape {_sizes(self.shape)} for the model's input {self.name!r}",
                found=f"shape {_sizes(shape)}",
                fix="resize the pictures, or export the model with the resizing inside",
            )
        return images

    def _scaled(self, images: np.ndarray) -> np.ndarray:
        if self.pixels is None:
            raise AuditError(
                where="data.pixels",
                expected=f"the range that the model's input {self.name!r} ({self.dtype.name}) takes",
                found="nothing, with pixels from 0 to 255 in the data",
                fix="set data.pixels: [0, 255] to send them as they are, or [0, 1] to scale them",
                settings=[Setting("data.pixels", numbers) for numbers in ("[0, 255]", "[0, 1]", "[-1, 1]")],
            )
        low, high = self.pixels
        unscaled = (low, high) == (0, 255)
        if not unscaled and len(images) and images.max() <= 1:
            raise AuditError(
                where=f"data column {self.columns[0]!r}",
                expected="pixels from 0 to 255, to be scaled as data.pixels says",
                found="8-bit numbers or flags of 0 and 1 only",
                fix="store the pictures as floats, in the numbers that the model takes",
            )
        exact = images.astype(np.float32)
        return exact if unscaled else exact / np.float32(255) * np.float32(high - low) + np.float32(low)


@dataclass(frozen=True)
class ImageFileFeed(Feed):
    """Feed of a text input that takes PNG or JPEG files, decoded to ``channels`` as features (0: the file's own)."""

    channels: int

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Missing) -> list[Values]:
        """Return the bytes of a batch's image files, an array of objects ``(rows,)``."""
        files = np.empty(batch.num_rows, object)
        files[:] = _files(batch.column(self.columns[0]), self.columns[0])
        return [files]

    @property
    def is_text(self) -> bool:
        """False: its features are pixels."""
        return False

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the input tensor of the files' bytes."""
        return self._ranked(tensorflow().constant(list(np.asarray(values[0], object))))

    def matrix(self, values: Values) -> np.ndarray:
        """Return the pixels of some files, uint8 ``(rows, height, width, channels)``, as TensorFlow decodes them.

        Raises:
            AuditError: they are not images, or of different sizes.
        """
        tf = tensorflow()
        try:
            images = [
                tf.io.decode_image(data, self.channels, expand_animations=False).numpy()
                for data in np.asarray(values)
            ]
        except tf.errors.OpError as error:
            raise AuditError(
                where=f"data column {self.columns[0]!r}",
                expected="PNG or JPEG files",
                found=str(error.message).splitlines()[0][:200],
            ) from None
        return stack_images(images, self.columns[0], 1)

    def image(self, numbers: Any, shape: Sequence[int], dtype: Any) -> Any:
        """Return flat pixels ``(rows, prod(shape))`` as PNG files, or as the decoder's output of type ``dtype``."""
        tf = tensorflow()
        if dtype is not None and dtype != "string":
            return tf.reshape(tf.cast(numbers, dtype), [-1, *shape])
        pixels = tf.cast(tf.clip_by_value(tf.round(numbers), 0, 255), tf.uint8)
        images = tf.reshape(pixels, [-1, *shape])
        return self._ranked(tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string))

    def _ranked(self, files: Any) -> Any:
        return files if self.flat else files[:, None]


def _files(column: pa.Array, name: str) -> list[bytes]:
    if column.null_count:
        raise NullValue(name, numeric=False)
    return list(column.to_pylist())


def _worst(rows: np.ndarray) -> np.ndarray:
    """Return a number of each row that 8 bits cannot hold, if there is one."""
    distance = np.where(rows == np.rint(rows), np.abs(rows - 127.5), np.inf)
    return np.asarray(rows[np.arange(len(rows)), distance.argmax(1)], np.float64)


def stack_images(images: Sequence[np.ndarray], column: str, first_row: int) -> np.ndarray:
    """Return images of one shape as one array ``(rows, *shape)``.

    Raises:
        AuditError: their shapes differ.
    """
    for row, image in enumerate(images, start=first_row):
        if image.shape != images[0].shape:
            raise other_size(column, images[0].shape, image.shape).in_row(row)
    return np.stack(images)


def other_size(column: str, first: Sequence[int], other: Sequence[int]) -> AuditError:
    """Return the AuditError for images of several sizes in a column."""
    return AuditError(
        where=f"data column {column!r}",
        expected=f"pictures of one size, {_sizes(first)} as the first one",
        found=_sizes(other),
        fix="resize the pictures to one size",
    )


def _sizes(shape: Sequence[int | None]) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape)
