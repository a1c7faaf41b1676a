"""The model's logits as a function of a matrix of numbers only: texts stand as what the graph makes of them.

A row of the *encoded* matrix has one number for each numeric column and as many as the graph needs for a text
column; where all columns meet in one tensor, it is that. ``players`` says which column each number belongs
to, so that attribution masks whole columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column, places, starts
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.graph.frozen import Frozen
from audit.model.graph.subgraph import Subgraph
from audit.model.logits.merge_point import MergePoint, find_merge_point
from audit.model.logits.text_encoding import Encoding, encode


class EncodedSubgraph:
    """The part of a frozen graph from encoded columns to ``target``.

    Args:
        frozen: the model's graph.
        target: the tensor to compute.
        feeds: what the signature's inputs are made of.
        columns: the columns of the matrix.
        behind_texts: whether to cut behind what the graph does to each text column.
        straight: whether gradients pass its steps and stops, which have none of their own.
    """

    def __init__(
        self,
        frozen: Frozen,
        target: str,
        feeds: Sequence[Feed],
        columns: Sequence[Column],
        behind_texts: bool,
        straight: bool = False,
    ) -> None:
        self._frozen, self._feeds, self._places = frozen, list(feeds), places(feeds)
        self._encodings = encode(frozen, target, self._vocabularies(columns)) if behind_texts else {}
        tables = {self._place(f): self._encodings[f.name].table for f in feeds if f.name in self._encodings}
        widths = [tables[i].shape[1] if i in tables else column.width for i, column in enumerate(columns)]
        self.players = np.repeat(np.arange(len(columns)), widths)
        self._tables, self._starts, self._lie = tables, starts(widths), starts([c.width for c in columns])
        self._decoder = Decoder(feeds, columns, self._starts)
        ends = {name: key for key, found in self._encodings.items() for name, _, _ in found.parts}
        fed = [*ends, *frozen.fed_names]
        flat = all(column.shape is None for column in columns)
        self._meeting = self._found(find_merge_point(frozen, target, ends)) if flat else None
        if self._meeting is None:
            self._cut = Subgraph(frozen, [target], fed, straight)
        else:
            self._before = Subgraph(frozen, [self._meeting.tensor], fed, straight)
            self._cut = Subgraph(frozen, [target], [self._meeting.tensor], straight)
            self.players = self._columns(self._meeting)
        self.widest = self._cut.widest

    @property
    def has_tables(self) -> bool:
        """Whether a text column was cut."""
        return bool(self._tables)

    @property
    def left_as_text(self) -> list[str]:
        """The inputs whose texts still go through the graph."""
        return [feed.name for feed in self._feeds if feed.is_text and feed.name not in self._encodings]

    def encode(self, matrix: Any) -> Any:
        """Return the encoded matrix of a matrix ``(rows, columns)``; differentiable in the numbers."""
        numbers = self._numbers(matrix)
        if self._meeting is None:
            return numbers
        met = self._before(self._tensors(numbers, self._before))[0]
        return tensorflow().cast(met, matrix.dtype)

    def __call__(self, encoded: Any) -> Any:
        """Return the target's value for an encoded matrix; to be called inside a `tf.function`."""
        if self._meeting is None:
            return self._cut(self._tensors(encoded, self._cut))[0]
        return self._cut({self._meeting.tensor: tensorflow().cast(encoded, "float32")})[0]

    def _numbers(self, matrix: Any) -> Any:
        """Replace the codes of texts by the numbers of their tables."""
        tf = tensorflow()
        if not self._tables:
            return matrix
        parts, start = [], 0
        for place in sorted(self._tables):
            lies = self._lie[place]
            codes = tf.cast(matrix[:, lies], tf.int32)
            parts += [
                matrix[:, start:lies],
                tf.gather(tf.constant(self._tables[place], matrix.dtype), codes),
            ]
            start = lies + 1
        return tf.concat([*parts, matrix[:, start:]], axis=1)

    def _tensors(self, numbers: Any, cut: Subgraph) -> dict[str, Any]:
        """Return what the graph is fed with, by tensor."""
        given: dict[str, Any] = {}
        for feed in self._feeds:
            source, found = self._frozen.inputs[feed.name], self._encodings.get(feed.name)
            if found is None:
                value = self._decoder.tensor(feed, numbers, self._frozen.dtype(source))
                given |= self._frozen.bind(feed.name, value)
            else:
                given |= _split(numbers, self._starts[self._place(feed)], found)
                if self._frozen.sources[feed.name].tensors & cut.reads:
                    given |= self._frozen.bind(feed.name, _blank(numbers, feed))
        return given

    def _found(self, meeting: MergePoint | None) -> MergePoint | None:
        """Return the meeting if each of its numbers is of one column, and no column is left out of it."""
        complete = meeting is not None and set(self._columns(meeting)) == set(self.players)
        return meeting if complete else None

    def _columns(self, meeting: MergePoint) -> np.ndarray:
        """Return the column of each number of a meeting, -1 for a number that several have become."""
        found: list[int] = []
        feeds = {feed.name: feed for feed in self._feeds}
        for name, width in meeting.parts:
            own = [self._places[column, feeds[name].is_text] for column in feeds[name].columns]
            found += own * width if len(own) == 1 else own if len(own) == width else [-1] * width
        return np.array(found)

    def _place(self, feed: Feed) -> int:
        return self._places[feed.columns[0], feed.is_text]

    def _vocabularies(self, columns: Sequence[Column]) -> dict[str, list[str]]:
        """Return the texts of every input that reads one text column which no other input reads."""
        single = [feed for feed in self._feeds if feed.is_text and len(feed.columns) == 1]
        readers = Counter(name for feed in self._feeds if feed.is_text for name in feed.columns)
        return {
            feed.name: columns[self._place(feed)].vocabulary or []
            for feed in single
            if readers[feed.columns[0]] == 1
        }


def _split(encoded: Any, start: int, encoding: Encoding) -> dict[str, Any]:
    """Return the tensors that one text column stands for."""
    tf, found = tensorflow(), {}
    for name, shape, dtype in encoding.parts:
        stop = start + int(np.prod(shape))
        found[name] = tf.cast(tf.reshape(encoded[:, start:stop], [-1, *shape]), dtype)
        start = stop
    return found


def _blank(encoded: Any, feed: Feed) -> Any:
    """Return a text input of the right shape, which is all that the rest of the graph may still read of it."""
    tf = tensorflow()
    rows = tf.shape(encoded)[0]
    return tf.fill([rows] if feed.flat else [rows, 1], "")
