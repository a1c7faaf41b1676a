"""Test of an assumed class order: whether scores and labels agree significantly better in another order.

A bad model leaves labels and scores unrelated: that says nothing about the order, and the audit goes on. Scores that
clearly agree with *other* label values than the assumed ones are an error.
"""

from collections.abc import Iterator

import numpy as np

_FALSE_ALARM_RATE = 1e-3  # of audits of models that know nothing


class Agreement:
    """Association of each output's probabilities with the labels, over batches: evidence on an assumed class order.

    ``counts[label, output]`` are rows by their label and the output with the largest probability.
    """

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes))
        self._sum = np.zeros((classes, classes))
        self._square = np.zeros((classes, classes))

    def add(self, code: np.ndarray, probabilities: np.ndarray) -> None:
        """Append rows: the codes of their labels, and the probabilities of outputs ``(rows, classes)``."""
        classes = len(self.counts)
        cell = code.astype(np.int64) * classes + probabilities.argmax(1)
        self.counts += np.bincount(cell, minlength=classes**2).reshape(classes, classes)
        certainty = probabilities[np.arange(len(code)), code]
        for output, column in enumerate(probabilities.T):
            self._sum[:, output] += np.bincount(code, column, classes)
            self._square[:, output] += np.bincount(code, (column - certainty) ** 2, classes)

    def accuracy(self, order: np.ndarray) -> float:
        """Return the share of rows whose largest probability is the label's, if ``order[label]`` is its output."""
        return float(self.counts[np.arange(len(order)), order].sum() / self.counts.sum())

    def better(self) -> np.ndarray | None:
        """Return the class order (output of each label) that fits significantly better than the assumed one, or None.

        A permutation consists of cycles, and each is tested separately, so that two swapped classes are detected
        among a hundred. Every cycle of its length might have been the best one by chance: the critical value rises with
        their number.
        """
        order = np.arange(len(self.counts))
        rows = np.maximum(self.counts.sum(1, keepdims=True), 1)  # a label without rows gains nothing anywhere
        for gain in (self._sum / rows, self.counts):
            best = _best_assignment(gain)
            for labels in _cycles(best):
                if self._prefers(labels, best[labels]):
                    order[labels] = best[labels]
            if (order != np.arange(len(order))).any():
                return order
        return None

    def _prefers(self, labels: np.ndarray, outputs: np.ndarray) -> bool:
        """Test the association of probabilities and labels; if it is not significant, the accuracy."""
        critical = _critical_value(len(labels), len(self.counts))
        association = self._association(labels, outputs)
        if abs(association) > critical:
            return association > 0
        right = self.counts[labels, outputs].sum()
        wrong = self.counts[labels, labels].sum()
        return bool(right - wrong > critical * np.sqrt(right + wrong))  # McNemar's test

    def _association(self, labels: np.ndarray, outputs: np.ndarray) -> float:
        """Return how much more probability the labels get from ``outputs`` than from their own, in standard errors.

        Each label counts alike, whatever its rows: what an output gives to all labels then cancels over a cycle,
        so that neither a frequent class nor a model that favours one looks like an association.
        """
        present = self.counts[labels].sum(1) > 0
        if not present.any():
            return 0.0
        labels, outputs = labels[present], outputs[present]
        rows = self.counts[labels].sum(1)
        gain = (self._sum[labels, outputs] - self._sum[labels, labels]) / rows
        variance = (self._square[labels, outputs] - rows * gain**2 + 1) / rows  # of one row it is unknown: 1
        return float(gain.sum() / np.sqrt((variance / rows).sum()))


def _best_assignment(gain: np.ndarray) -> np.ndarray:
    """Return the output of each label, all different, whose gains have the largest sum."""
    if len(gain) == 2:
        return np.array([1, 0] if gain[0, 1] + gain[1, 0] > gain[0, 0] + gain[1, 1] else [0, 1])
    from scipy.optimize import (
        linear_sum_assignment,
    )  # late: for the usual two classes it is half of an import

    return np.asarray(linear_sum_assignment(gain, maximize=True)[1])


def _cycles(order: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the labels of each cycle of a permutation, but for those that it leaves in place."""
    left = {int(label) for label in np.flatnonzero(order != np.arange(len(order)))}
    while left:
        cycle = [min(left)]
        while (following := int(order[cycle[-1]])) != cycle[0]:
            cycle.append(following)
        left -= set(cycle)
        yield np.array(cycle)


def _critical_value(length: int, classes: int) -> float:
    """Return the bound of the best of all cycles of a length by chance, in standard errors (union bound)."""
    cycles = length * np.log(classes) - np.log(length)  # their number's logarithm, at most
    lengths = np.log(classes - 1)
    return float(np.sqrt(2 * (cycles + lengths - np.log(_FALSE_ALARM_RATE))))
