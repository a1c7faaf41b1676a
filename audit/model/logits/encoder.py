"""Logits as a function of a matrix of numbers only, with texts encoded as the graph encodes them.

A row of the *encoded* matrix has one number for each numeric column and as many as the graph needs for a text column;
where all columns meet in one tensor, it is that. ``players`` are the columns of its numbers, so that attribution masks
whole columns.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column, places, starts
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.graph.frozen import Frozen
from audit.model.graph.subgraph import Subgraph
from audit.model.logits.merge_point import MergePoint, find_first_product, find_merge_point
from audit.model.logits.moving_columns import MovingColumns, find_moving_columns
from audit.model.logits.text_encoding import Encoding, encode


class EncodedSubgraph:
    """The subgraph from encoded ``columns`` of a matrix to the tensor ``target``.

    ``behind_texts`` begins it behind the graph's encoding of each text column; ``straight`` lets gradients pass steps
    and stops, which have none of their own.
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
        self._frozen = frozen
        self._feeds = list(feeds)
        self._places = places(feeds)
        self._encodings = encode(frozen, target, self._vocabularies(columns)) if behind_texts else {}
        tables = {self._place(f): self._encodings[f.name].table for f in feeds if f.name in self._encodings}
        widths = [tables[i].shape[1] if i in tables else column.width for i, column in enumerate(columns)]
        self.players = np.repeat(np.arange(len(columns)), widths)
        self.tables = tables
        self._starts = starts(widths)
        self._matrix_starts = starts([column.width for column in columns])
        self._decoder = Decoder(feeds, columns, self._starts)
        self._matrix_decoder = Decoder(feeds, columns, self._matrix_starts)
        self._straight = straight
        ends = {part.tensor: name for name, encoding in self._encodings.items() for part in encoding.parts}
        self._inputs = inputs = [*ends, *frozen.fed_names]
        self._target = target
        flat = all(column.shape is None for column in columns)
        self._merge_point = self._usable(find_merge_point(frozen, target, ends)) if flat else None
        if self._merge_point is None:
            self._subgraph = Subgraph(frozen, [target], inputs, straight)
        else:
            self._before = Subgraph(frozen, [self._merge_point.tensor], inputs, straight)
            self._subgraph = Subgraph(frozen, [target], [self._merge_point.tensor], straight)
            self.players = self._columns(self._merge_point)
        width = self._subgraph.width
        self.widest = width.known if flat else width.numbers(len(self.players))

    @property
    def left_as_text(self) -> list[str]:
        """The inputs whose texts still go through the graph."""
        return [feed.name for feed in self._feeds if feed.is_text and feed.name not in self._encodings]

    def encode(self, matrix: Any) -> Any:
        """Return the encoded matrix of a matrix ``(rows, columns)``; differentiable in the numbers."""
        if self._merge_point is None:
            return self._numbers(matrix)
        return tensorflow().cast(self._merged(matrix), matrix.dtype)

    def __call__(self, encoded: Any) -> Any:
        """Return the target's value for an encoded matrix; to be called inside a `tf.function`."""
        if self._merge_point is None:
            return self._subgraph(self._tensors(encoded, self._subgraph))[0]
        return self._subgraph({self._merge_point.tensor: tensorflow().cast(encoded, "float32")})[0]

    def near(self, matrix: Any, movable: np.ndarray) -> Callable[[Any], Any]:
        """Return the target as a function of rows, to be called inside the same `tf.function`.

        The rows are those of ``matrix``, and differ from them in the columns that are ``movable`` alone, bool
        ``(columns,)``.
        """
        moving = self._moving_columns(movable)
        if moving is None:
            return lambda rows: self(self.encode(rows))
        tf = tensorflow()
        product = moving.product
        feeds = [feed for feed in self._feeds if feed.name in moving.inputs]
        before = Subgraph(self._frozen, [part.tensor for part in moving.parts], self._inputs, self._straight)
        behind = Subgraph(self._frozen, [self._target], [product.tensor], self._straight)
        # not by weights of 0: what moves may be infinite here, as the logarithm of an amount of 0 is
        rests = tf.where(moving.moves, 0.0, self._merged(matrix))
        resting = tf.matmul(rests, tf.constant(product.weights))

        def target(rows: Any) -> Any:
            parts = before(self._fed(feeds, self._matrix_decoder, rows))
            added = tf.matmul(tf.concat(parts, 1), tf.constant(product.weights[moving.moves]))
            return behind({product.tensor: resting + added})[0]

        return target

    def _moving_columns(self, movable: np.ndarray) -> MovingColumns | None:
        """Return the columns that move, None if it does not pay to compute those that rest once, or a text moves."""
        merge_point = self._merge_point
        product = merge_point and find_first_product(self._frozen, self._target, merge_point)
        if not (merge_point and product):
            return None
        moves = np.logical_or.reduceat(movable, self._matrix_starts)
        moving = find_moving_columns(merge_point, product, moves[self.players])
        has_text = moving and any(feed.is_text for feed in self._feeds if feed.name in moving.inputs)
        return None if has_text else moving

    def _merged(self, matrix: Any) -> Any:
        """Return the merge point's tensor."""
        return self._before(self._tensors(self._numbers(matrix), self._before))[0]

    def _numbers(self, matrix: Any) -> Any:
        """Replace the codes of texts by the numbers of their tables."""
        tf = tensorflow()
        if not self.tables:
            return matrix
        parts = []
        start = 0
        for place in sorted(self.tables):
            column = self._matrix_starts[place]
            codes = tf.cast(matrix[:, column], tf.int32)
            table = tf.constant(self.tables[place], matrix.dtype)
            parts += [matrix[:, start:column], tf.gather(table, codes)]
            start = column + 1
        return tf.concat([*parts, matrix[:, start:]], axis=1)

    def _tensors(self, numbers: Any, subgraph: Subgraph) -> dict[str, Any]:
        """Return the values of the subgraph's inputs, by tensor."""
        values: dict[str, Any] = {}
        for feed in self._feeds:
            encoding = self._encodings.get(feed.name)
            if encoding is None:
                values |= self._fed([feed], self._decoder, numbers)
            else:
                values |= _split(numbers, self._starts[self._place(feed)], encoding)
                if self._frozen.sources[feed.name].tensors & subgraph.reads:
                    values |= self._frozen.bind(feed.name, _blank(numbers, feed))
        return values

    def _fed(self, feeds: Sequence[Feed], decoder: Decoder, rows: Any) -> dict[str, Any]:
        """Return the tensors that hold the inputs of ``feeds``, decoded from rows."""
        values: dict[str, Any] = {}
        for feed in feeds:
            dtype = self._frozen.dtype(self._frozen.inputs[feed.name])
            values |= self._frozen.bind(feed.name, decoder.tensor(feed, rows, dtype))
        return values

    def _usable(self, merge_point: MergePoint | None) -> MergePoint | None:
        """Return the merge point if each of its numbers is of one column, and no column is missing."""
        complete = merge_point is not None and set(self._columns(merge_point)) == set(self.players)
        return merge_point if complete else None

    def _columns(self, merge_point: MergePoint) -> np.ndarray:
        """Return the column of each number of a merge point, -1 for a number made of several."""
        columns: list[int] = []
        feeds = {feed.name: feed for feed in self._feeds}
        for _, name, width in merge_point.parts:
            feed = feeds[name]
            indices = [self._places[column, feed.is_text] for column in feed.columns]
            if len(indices) == 1:
                columns += indices * width
            else:
                columns += indices if len(indices) == width else [-1] * width
        return np.array(columns)

    def _place(self, feed: Feed) -> int:
        return self._places[feed.columns[0], feed.is_text]

    def _vocabularies(self, columns: Sequence[Column]) -> dict[str, list[str]]:
        """Return the texts of every input that reads one text column which no other input reads."""
        texts = [feed for feed in self._feeds if feed.is_text]
        readers = Counter(name for feed in texts for name in feed.columns)
        return {
            feed.name: columns[self._place(feed)].vocabulary or []
            for feed in texts
            if len(feed.columns) == 1 and readers[feed.columns[0]] == 1
        }


def _split(encoded: Any, start: int, encoding: Encoding) -> dict[str, Any]:
    """Return the tensors of one text column, from the encoded matrix in which its numbers begin at ``start``."""
    tf = tensorflow()
    tensors = {}
    for part in encoding.parts:
        stop = start + int(np.prod(part.shape))
        tensors[part.tensor] = tf.cast(tf.reshape(encoded[:, start:stop], [-1, *part.shape]), part.dtype)
        start = stop
    return tensors


def _blank(encoded: Any, feed: Feed) -> Any:
    """Return empty texts in the input's shape, which is all that the rest of the graph may still read of it."""
    tf = tensorflow()
    rows = tf.shape(encoded)[0]
    return tf.fill([rows] if feed.flat else [rows, 1], "")
