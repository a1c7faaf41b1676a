"""Decoding of a matrix of features (numbers, and codes of texts) into the tensors that a signature takes."""

from collections.abc import Sequence
from math import prod
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column, places, starts
from audit.inputs.feeds import Feed
from audit.inputs.image_feeds import ImageFeed, ImageFileFeed


class Decoder:
    """Maps a feature matrix ``(rows, columns)`` to the model's input tensors, one for each feed, by input name.

    ``column_starts`` are the indices at which its columns begin; by default each follows the one before.
    """

    def __init__(
        self, feeds: Sequence[Feed], columns: Sequence[Column], column_starts: Sequence[int] | None = None
    ) -> None:
        self._feeds = list(feeds)
        self._columns = list(columns)
        self._places = places(feeds)
        self._starts = list(column_starts or starts([column.width for column in columns]))

    def __call__(self, matrix: Any) -> dict[str, Any]:
        """Return the tensors; differentiable in the columns that feed inputs of floats."""
        return {feed.name: self.tensor(feed, matrix) for feed in self._feeds}

    def tensor(self, feed: Feed, matrix: Any, dtype: Any = None) -> Any:
        """Return the input tensor of one feed, in its dtype unless another is given."""
        indices = [self._places[name, feed.is_text] for name in feed.columns]
        if feed.is_text:
            parts = [self._texts(matrix, index) for index in indices]
            return parts[0] if feed.flat else tensorflow().stack(parts, axis=1)
        begin = [self._starts[index] for index in indices]
        if isinstance(feed, ImageFeed | ImageFileFeed):
            shape = self._columns[indices[0]].shape
            assert shape is not None
            return feed.image(matrix[:, begin[0] : begin[0] + prod(shape)], shape, dtype)
        return feed.ranked(feed.cast(_columns(matrix, begin), dtype or feed.dtype))

    def _texts(self, matrix: Any, index: int) -> Any:
        tf = tensorflow()
        codes = tf.cast(matrix[:, self._starts[index]], tf.int32)
        return tf.gather(tf.constant(self._columns[index].vocabulary), codes)


def _columns(matrix: Any, indices: list[int]) -> Any:
    """Return columns of a matrix: as a slice, which costs nothing, if they are contiguous."""
    if indices == list(range(indices[0], indices[-1] + 1)):
        return matrix[:, indices[0] : indices[-1] + 1]
    return tensorflow().gather(matrix, indices, axis=1)
