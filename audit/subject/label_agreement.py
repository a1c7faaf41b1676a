"""Do the data bear out an assumed order of the classes? Scores and labels that go together tell one from another.

Two things are told apart. A bad model leaves labels and scores unrelated: that says nothing about the order, and
the audit goes on. Scores that clearly go together with *other* label values than the assumed ones are a question.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import linear_sum_assignment

_LUCK = 1000.0  # one audit in as many, of models that know nothing, may ask


class Agreement:
    """Collects, over batches, how the probabilities of each class go with the labels.

    ``counts[label, output]`` are rows by their label and the output with the largest probability.
    """

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes))
        self._sum, self._square = np.zeros((classes, classes)), np.zeros((classes, classes))

    def add(self, code: np.ndarray, probabilities: np.ndarray) -> None:
        """Append rows: codes of their labels, and probabilities ``(rows, classes)``."""
        classes = len(self.counts)
        cell = code.astype(np.int64) * classes + probabilities.argmax(1)
        self.counts += np.bincount(cell, minlength=classes**2).reshape(classes, classes)
        own = probabilities[np.arange(len(code)), code]
        for output, column in enumerate(probabilities.T):
            self._sum[:, output] += np.bincount(code, column, classes)
            self._square[:, output] += np.bincount(code, (column - own) ** 2, classes)

    def accuracy(self, order: np.ndarray) -> float:
        """Return the share of rows whose largest probability is the label's; ``order[label]`` is its output."""
        return float(self.counts[np.arange(len(order)), order].sum() / self.counts.sum())

    def better(self) -> np.ndarray | None:
        """Return the order (the output of each label) that the data clearly prefer to the assumed one, if any.

        Labels change places in cycles, and each cycle is judged by itself, so that two swapped classes are seen
        among a hundred. Every cycle of its length might have been the best one by luck, and the bar rises with
        their number.
        """
        order = np.arange(len(self.counts))
        for best in (self._mean(), self.counts):
            for cycle, outputs in _cycles(linear_sum_assignment(best, maximize=True)[1]):
                if self._prefers(cycle, outputs):
                    order[cycle] = outputs
            if (order != np.arange(len(order))).any():
                return order
        return None

    def _prefers(self, labels: np.ndarray, outputs: np.ndarray) -> bool:
        """Judge by the association of probabilities and labels; by the rows that are right where it tells nothing."""
        bar = _bar(len(labels), len(self.counts))
        association = self._association(labels, outputs)
        if abs(association) > bar:
            return association > 0
        right, wrong = self.counts[labels, outputs].sum(), self.counts[labels, labels].sum()
        return bool(right - wrong > bar * np.sqrt(right + wrong))  # McNemar's test

    def _association(self, labels: np.ndarray, outputs: np.ndarray) -> float:
        """Return how much more probability the labels get from ``outputs`` than from their own, in standard errors.

        Each label counts alike, whatever its rows: what an output gives to all labels then cancels over a cycle,
        so that neither a frequent class nor a model that favours one looks like an association.
        """
        rows = self.counts[labels].sum(1)
        gain = (self._sum[labels, outputs] - self._sum[labels, labels]) / rows
        variance = (self._square[labels, outputs] - rows * gain**2 + 1) / rows  # of one row it is unknown: 1
        return float(gain.sum() / np.sqrt((variance / rows).sum()))

    def _mean(self) -> np.ndarray:
        return np.asarray(self._sum / self.counts.sum(1, keepdims=True))


def _cycles(order: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the labels of each cycle of a permutation, and the outputs that it gives them."""
    left = {int(label) for label in np.flatnonzero(order != np.arange(len(order)))}
    while left:
        cycle = [min(left)]
        while (following := int(order[cycle[-1]])) != cycle[0]:
            cycle.append(following)
        left -= set(cycle)
        yield np.array(cycle), order[cycle]


def _bar(length: int, classes: int) -> float:
    """Return what the best of all cycles of a length stays below by luck, in standard errors (union bound)."""
    cycles = length * np.log(classes) - np.log(length)  # their number's logarithm, at most
    return float(np.sqrt(2 * (cycles + np.log(classes - 1) + np.log(_LUCK))))  # as many lengths but one
