"""Turns a matrix of features (numbers, and codes of texts) into the tensors that a signature takes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column, places, starts
from audit.inputs.feeds import Feed
from audit.inputs.image_feeds import EncodedPictures, Pictures


class Decoder:
    """Maps a matrix ``(rows, columns)`` to one tensor for each feed, by the name of its input.

    ``lie`` says where in the matrix each column begins; by default one beside the other.
    """

    def __init__(
        self, feeds: Sequence[Feed], columns: Sequence[Column], lie: Sequence[int] | None = None
    ) -> None:
        self._feeds, self._columns, self._places = list(feeds), list(columns), places(feeds)
        self._starts = list(lie or starts([column.width for column in columns]))

    def __call__(self, matrix: Any) -> dict[str, Any]:
        """Return the tensors; differentiable in the columns that feed inputs of floats."""
        return {feed.name: self.tensor(feed, matrix) for feed in self._feeds}

    def tensor(self, feed: Feed, matrix: Any, dtype: Any = None) -> Any:
        """Return the tensor of one feed, in its dtype unless another is given."""
        found = [self._places[name, feed.is_text] for name in feed.columns]
        if not feed.is_text:
            lie = [self._starts[place] for place in found]
            shape = self._columns[found[0]].shape
            if isinstance(feed, Pictures | EncodedPictures):
                assert shape is not None
                return feed.picture(matrix[:, lie[0] : lie[0] + prod(shape)], shape, dtype)
            numbers = tensorflow().cast(_columns(matrix, lie), dtype or feed.dtype)
            return feed.ranked(numbers)
        parts = [self._texts(matrix, place) for place in found]
        return parts[0] if feed.flat else tensorflow().stack(parts, axis=1)

    def _texts(self, matrix: Any, place: int) -> Any:
        tf = tensorflow()
        codes = tf.cast(matrix[:, self._starts[place]], tf.int32)
        return tf.gather(tf.constant(self._columns[place].vocabulary), codes)


def _columns(matrix: Any, found: Sequence[int]) -> Any:
    """Return columns of a matrix: as a slice, which costs nothing, where they lie side by side."""
    first, last = found[0], found[-1]
    if list(found) == list(range(first, last + 1)):
        return matrix[:, first : last + 1]
    return tensorflow().gather(matrix, list(found), axis=1)
