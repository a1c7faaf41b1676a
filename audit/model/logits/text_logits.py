"""Logits for edited texts of one column (some words masked out), with all other columns fixed.

Used by word-level SHAP.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.graph.frozen import Frozen
from audit.model.graph.subgraph import Subgraph
from audit.model.head import Head
from audit.model.logits.candidates import LogitCandidate, head_candidates
from audit.model.logits.log_odds import as_columns, by_class, from_scores
from audit.model.logits.logits import Logits
from audit.model.model import Model

_VERIFIED_ROWS = 64
_LOGIT_TOLERANCE = 1e-4  # relative and absolute, of logits of two subgraphs

TextLogits = Callable[[Any, Any], Any]
"""From rows ``(n, columns)`` and the texts of one column ``(n,)`` to class logits, as `Logits.graph` returns them."""


@dataclass(frozen=True)
class TextModel:
    """The audited model as a function of its features, with the texts of the column ``name`` as a separate argument."""

    model: Model
    head: Head
    feeds: Sequence[Feed]
    columns: Sequence[Column]
    name: str

    def logits(
        self, frozen: Frozen | None, known: Logits, sample: np.ndarray, texts: Sequence[str]
    ) -> TextLogits:
        """Return the exact logits if they are ``known``, else those computed from the scores.

        Args:
            frozen: the model's graph, None if it cannot be frozen.
            known: the model's logits as a function of features.
            sample: rows ``(n, columns)`` on which the logits are verified against ``known``.
            texts: their texts of the column.
        """
        rows = sample[:_VERIFIED_ROWS]
        row_texts = tensorflow().constant(list(texts[:_VERIFIED_ROWS]))
        expected = graph(known)(rows).numpy()
        if frozen is not None and known.exact:
            for candidate in head_candidates(frozen, self.head):
                for sign in (1, -1):
                    logits = self._traced(self._subgraph_logits(frozen, candidate, sign), rows)
                    values = logits(rows, row_texts).numpy()
                    if np.allclose(values, expected, _LOGIT_TOLERANCE, _LOGIT_TOLERANCE):
                        return logits
        return self._traced(self._score_logits, rows)

    def _subgraph_logits(
        self, frozen: Frozen, candidate: LogitCandidate, sign: int
    ) -> Callable[[Mapping[str, Any]], Any]:
        tf = tensorflow()
        subgraph = Subgraph(frozen, [candidate.tensor], frozen.fed_names)

        def logits(tensors: Mapping[str, Any]) -> Any:
            values: dict[str, Any] = {}
            for name, tensor in tensors.items():
                dtype = tf.as_dtype(frozen.dtype(frozen.inputs[name]))
                values |= frozen.bind(name, tf.cast(tensor, dtype))
            return self._classes(subgraph(values)[0], candidate.width, sign)

        return logits

    def _score_logits(self, tensors: Mapping[str, Any]) -> Any:
        scores = self.model.outputs(tensors)
        if self.head.is_linear:
            return self._classes(scores, self.head.width, 1)
        wide = tensorflow().reshape(tensorflow().cast(scores, "float32"), [-1, self.head.width])
        return by_class(from_scores(wide), 1)

    def _classes(self, tensor: Any, width: int, sign: int) -> Any:
        values = as_columns(tensor, width)
        return values if self.head.kind == "regression" else by_class(values, sign)

    def _traced(self, logits: Callable[[Mapping[str, Any]], Any], rows: np.ndarray) -> TextLogits:
        tf = tensorflow()
        specs = [tf.TensorSpec([None, rows.shape[1]], rows.dtype), tf.TensorSpec([None], tf.string)]
        return graph(lambda rows, texts: logits(self._tensors(rows, texts)), specs)  # type: ignore[no-any-return]

    def _tensors(self, rows: Any, texts: Any) -> dict[str, Any]:
        """Return the model's inputs: the features of ``rows``, with ``texts`` in the one column."""
        tensors = Decoder(self.feeds, self.columns)(rows)
        for feed in self.feeds:
            if feed.is_text and self.name in feed.columns:
                tensors[feed.name] = texts if feed.flat else self._replace(feed, tensors[feed.name], texts)
        return tensors

    def _replace(self, feed: Feed, matrix: Any, texts: Any) -> Any:
        """Return a matrix of texts with others in the one column."""
        at = feed.columns.index(self.name)
        return tensorflow().concat([matrix[:, :at], texts[:, None], matrix[:, at + 1 :]], axis=1)
