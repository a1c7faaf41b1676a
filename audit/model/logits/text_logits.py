"""The model's logits for texts that no vocabulary holds: words left out of one text column, the others held."""

from __future__ import annotations

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
from audit.model.logits.candidates import LogitCandidate, logit_candidates
from audit.model.logits.log_odds import by_class, from_scores
from audit.model.logits.logits import Logits
from audit.model.model import Model

_CONFIRMED_ROWS = 64
_SAME = 1e-4  # relative and absolute, of logits of two cuts

TextLogits = Callable[[Any, Any], Any]
"""From rows ``(n, columns)`` and the texts of one column ``(n,)`` to class logits, as `Logits.graph` gives them."""


@dataclass(frozen=True)
class Wording:
    """The audited model as a function of its features, with the texts of the column ``name`` given by themselves."""

    model: Model
    head: Head
    feeds: Sequence[Feed]
    columns: Sequence[Column]
    name: str

    def logits(
        self, frozen: Frozen | None, known: Logits, sample: np.ndarray, texts: Sequence[str]
    ) -> TextLogits:
        """Return the logits below the head where they are ``known``, else those computed from the scores.

        Args:
            frozen: the model's graph, if it can be frozen.
            known: the model's logits as a function of features.
            sample: rows ``(n, columns)`` on which a cut has to give these.
            texts: their texts of the column.
        """
        sample, texts = sample[:_CONFIRMED_ROWS], tensorflow().constant(list(texts[:_CONFIRMED_ROWS]))
        expected = graph(known)(sample).numpy()
        if frozen is not None and known.exact:
            for target in self._targets(frozen):
                for sign in (1, -1):
                    found = self._traced(self._below(frozen, target, sign), sample)
                    if np.allclose(found(sample, texts).numpy(), expected, _SAME, _SAME):
                        return found
        return self._traced(self._by_scores, sample)

    def _targets(self, frozen: Frozen) -> list[LogitCandidate]:
        if self.head.kind in ("logits", "regression"):
            return [LogitCandidate(frozen.output, self.head.width, "the model's output")]
        return logit_candidates(frozen, self.head.width)

    def _below(self, frozen: Frozen, target: LogitCandidate, sign: int) -> Callable[[Mapping[str, Any]], Any]:
        """Return what flows into the head, as class logits."""
        tf, cut = tensorflow(), Subgraph(frozen, [target.tensor], frozen.fed_names)

        def logits(tensors: Mapping[str, Any]) -> Any:
            given: dict[str, Any] = {}
            for name, tensor in tensors.items():
                dtype = tf.as_dtype(frozen.dtype(frozen.inputs[name]))
                given |= frozen.bind(name, tf.cast(tensor, dtype))
            return self._classes(cut(given)[0], target.width, sign)

        return logits

    def _by_scores(self, tensors: Mapping[str, Any]) -> Any:
        scores = self.model.outputs(tensors)
        if self.head.kind in ("logits", "regression"):
            return self._classes(scores, self.head.width, 1)
        wide = tensorflow().reshape(tensorflow().cast(scores, "float32"), [-1, self.head.width])
        return by_class(from_scores(wide), 1)

    def _classes(self, tensor: Any, width: int, sign: int) -> Any:
        tf = tensorflow()
        exact = tensor if tensor.dtype == tf.float64 else tf.cast(tensor, tf.float32)
        wide = tf.reshape(exact, [-1, width])
        return wide if self.head.kind == "regression" else by_class(wide, sign)

    def _traced(self, logits: Callable[[Mapping[str, Any]], Any], sample: np.ndarray) -> TextLogits:
        tf = tensorflow()
        rows = tf.TensorSpec([None, sample.shape[1]], sample.dtype)
        given = [rows, tf.TensorSpec([None], tf.string)]
        return graph(lambda rows, texts: logits(self._tensors(rows, texts)), given)  # type: ignore[no-any-return]

    def _tensors(self, rows: Any, texts: Any) -> dict[str, Any]:
        """Return what the model is fed with: the features of ``rows``, but for the one column."""
        tensors = Decoder(self.feeds, self.columns)(rows)
        for feed in self.feeds:
            if feed.is_text and self.name in feed.columns:
                tensors[feed.name] = texts if feed.flat else self._beside(feed, tensors[feed.name], texts)
        return tensors

    def _beside(self, feed: Feed, whole: Any, texts: Any) -> Any:
        """Return a matrix of texts in which those of the column are others."""
        at = feed.columns.index(self.name)
        return tensorflow().concat([whole[:, :at], texts[:, None], whole[:, at + 1 :]], axis=1)
