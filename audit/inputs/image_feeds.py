"""Inputs that take pictures: arrays of pixels, or files as they lie on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import NullValue, tensors
from audit.data.image_decoding import decode
from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.feeds import Feed, Values
from audit.result import Scalar


@dataclass(frozen=True)
class Pictures(Feed):
    """An input of shape ``(rows, height, width[, channels])``; ``shape`` is that of one picture, None where it is free.

    ``pixels`` is the range that the model takes (``data.pixels``), None where the policy does not say.
    """

    shape: tuple[int | None, ...]
    pixels: Sequence[float] | None

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Mapping[str, Scalar]) -> list[Values]:
        """Return the pictures ``(rows, height, width[, channels])`` in the numbers that the model takes.

        Raises:
            AuditError: a picture has another size, or nothing says how pixels from 0 to 255 become the model's numbers.
        """
        name, column = self.columns[0], batch.column(self.columns[0])
        found = self._decoded(column, first_row) if pa.types.is_binary(column.type) else tensors(column, name)
        found = self._shaped(found)
        if found.dtype == np.uint8 and self.dtype.is_floating:
            return [self._scaled(found)]
        if self.dtype.is_integer:
            self.require_whole([_worst(found.reshape(len(found), -1))], first_row)
        return [found]

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the pictures in the input's dtype."""
        return tensorflow().cast(np.asarray(values[0]), self.dtype)

    def matrix(self, values: Values) -> np.ndarray:
        """Return the pictures of some rows, as they lie in the matrix of features before it is flat."""
        return np.asarray(values)

    def picture(self, numbers: Any, shape: Sequence[int], dtype: Any) -> Any:
        """Return the input's tensor for flat numbers ``(rows, prod(shape))``."""
        tf = tensorflow()
        return tf.reshape(tf.cast(numbers, dtype or self.dtype), [-1, *shape])

    def _decoded(self, column: pa.Array, first_row: int) -> np.ndarray:
        channels = (self.shape[2] if len(self.shape) == 3 else 1) or 3
        where = f"data column {self.columns[0]!r}, row"
        found = [
            decode(data, channels, f"{where} {first_row + row:,}")
            for row, data in enumerate(_files(column, self.columns[0]))
        ]
        return stack_images(found, self.columns[0], first_row)

    def _shaped(self, found: np.ndarray) -> np.ndarray:
        """Return pictures with or without an axis of one channel, as the input has it."""
        shape = found.shape[1:]
        if len(shape) == 1 and None not in self.shape and shape[0] == prod(n or 0 for n in self.shape):
            return found.reshape(-1, *(n or 0 for n in self.shape))  # as a `tf.Example` holds them
        if len(shape) == len(self.shape) + 1 and shape[-1] == 1:
            found = found[..., 0]
        elif len(shape) == len(self.shape) - 1 and self.shape[-1] in (1, None):
            found = found[..., None]
        fits = len(found.shape) == len(self.shape) + 1
        if not fits or any(n not in (None, m) for n, m in zip(self.shape, found.shape[1:], strict=True)):
            raise AuditError(
                where=f"data column {self.columns[0]!r}",
                expected=f"pictures of shape {_sizes(self.shape)} for the model's input {self.name!r}",
                found=f"shape {_sizes(shape)}",
                fix="resize the pictures, or export the model with the resizing inside",
            )
        return found

    def _scaled(self, found: np.ndarray) -> np.ndarray:
        if self.pixels is None:
            raise AuditError(
                where="data.pixels",
                expected=f"the range that the model's input {self.name!r} ({self.dtype.name}) takes",
                found="nothing, with pixels from 0 to 255 in the data",
                fix="set data.pixels: [0, 255] to send them as they are, or [0, 1] to scale them",
            )
        low, high = self.pixels
        if (low, high) != (0, 255) and len(found) and found.max() <= 1:
            raise AuditError(
                where=f"data column {self.columns[0]!r}",
                expected="pixels from 0 to 255, to be scaled as data.pixels says",
                found="8-bit numbers or flags of 0 and 1 only",
                fix="store the pictures as floats, in the numbers that the model takes",
            )
        exact = found.astype(np.float32)
        return (
            exact
            if (low, high) == (0, 255)
            else exact / np.float32(255) * np.float32(high - low) + np.float32(low)
        )


@dataclass(frozen=True)
class EncodedPictures(Feed):
    """A text input that takes the bytes of PNG or JPEG files, decoded to ``channels``, or 0 for those of the file."""

    channels: int

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Mapping[str, Scalar]) -> list[Values]:
        """Return the files' bytes, an array of objects ``(rows,)``."""
        found = np.empty(batch.num_rows, object)
        found[:] = _files(batch.column(self.columns[0]), self.columns[0])
        return [found]

    @property
    def is_text(self) -> bool:
        """Its features are pixels."""
        return False

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the bytes."""
        return self._ranked(tensorflow().constant(list(np.asarray(values[0], object))))

    def matrix(self, values: Values) -> np.ndarray:
        """Return the pixels of some files, uint8 ``(rows, height, width, channels)``, as TensorFlow decodes them.

        Raises:
            AuditError: they are no pictures, or of different sizes.
        """
        tf = tensorflow()
        try:
            found = [
                tf.io.decode_image(data, self.channels, expand_animations=False).numpy()
                for data in np.asarray(values)
            ]
        except tf.errors.OpError as error:
            raise AuditError(
                where=f"data column {self.columns[0]!r}",
                expected="PNG or JPEG files",
                found=str(error.message).splitlines()[0][:200],
            ) from None
        return stack_images(found, self.columns[0], 1)

    def picture(self, numbers: Any, shape: Sequence[int], dtype: Any) -> Any:
        """Return flat pixels ``(rows, prod(shape))`` as PNG files, or behind the decoding as numbers of ``dtype``."""
        tf = tensorflow()
        if dtype is not None and dtype != "string":
            return tf.reshape(tf.cast(numbers, dtype), [-1, *shape])
        pixels = tf.cast(tf.clip_by_value(tf.round(numbers), 0, 255), tf.uint8)
        encode = tf.io.encode_png
        return self._ranked(
            tf.map_fn(encode, tf.reshape(pixels, [-1, *shape]), fn_output_signature=tf.string)
        )

    def _ranked(self, files: Any) -> Any:
        return files if self.flat else files[:, None]


def _files(column: pa.Array, name: str) -> list[bytes]:
    if column.null_count:
        raise NullValue(name, numeric=False)
    return list(column.to_pylist())


def _worst(rows: np.ndarray) -> np.ndarray:
    """Return of each row a number that no 8 bits hold, if there is one."""
    far = np.where(
        rows == np.rint(rows), np.abs(rows - 127.5), np.inf
    )  # outside of 8 bits, the farther the worse
    return np.asarray(rows[np.arange(len(rows)), far.argmax(1)], np.float64)


def stack_images(found: Sequence[np.ndarray], column: str, first_row: int) -> np.ndarray:
    """Return arrays of one shape as one.

    Raises:
        AuditError: their shapes differ.
    """
    odd = next((row for row, array in enumerate(found) if array.shape != found[0].shape), None)
    if odd is not None:
        raise other_size(column, found[0].shape, found[odd].shape, f" in row {first_row + odd:,}")
    return np.stack(found)


def other_size(column: str, first: Sequence[int], other: Sequence[int], where: str = "") -> AuditError:
    """Return the error for pictures of several sizes."""
    return AuditError(
        where=f"data column {column!r}",
        expected=f"pictures of one size, {_sizes(first)} as the first one",
        found=f"{_sizes(other)}{where}",
        fix="resize the pictures to one size",
    )


def _sizes(shape: Sequence[int | None]) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape)
