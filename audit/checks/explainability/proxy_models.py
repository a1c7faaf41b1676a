"""How well columns predict a group, on rows that the prediction was not learned from.

Half of the rows teach, the other half is told apart: what is learned is fixed then, and the standard error of an AUC on
held-out rows is right. Folds that change roles would use all rows, but each fold's teachers are the others' pupils: at
200 rows, intervals of a nominal 95 % from five folds covered 85 %.
"""

from __future__ import annotations

import numpy as np

from audit.frameworks.output_silencing import quiet

_TREES = {"max_iter": 30, "max_leaf_nodes": 8, "learning_rate": 0.1, "l2_regularization": 10.0}
"""Few small trees: of several settings tried on sums, and on signs that tell only in pairs, those that lost little on
either; with a hundred large ones an AUC of 0.76 in 1,000 rows reads as 0.70."""
_MOST_TEXTS = 250
"""Distinct texts that the trees tell apart; rarer ones are one."""
_FEW, _BINS = 50, 20
"""Numbers of up to so many values are told apart value by value, of more by bins of equal counts."""
_PRIOR = 10.0
"""Rows at the mean rate that every text's own are joined by, so that a rare one is not taken for certain."""


def teachers(member: np.ndarray, clusters: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Return which rows are learned from, bool ``(rows,)``: half of the members and half of the others, at random.

    Args:
        member: bool ``(rows,)``.
        clusters: int codes ``(rows,)``; half of them teach then, whole: copies would tell of each other.
        rng: of the draw.
    """
    if clusters is not None:
        own = np.unique(clusters, return_inverse=True)[1]
        return np.asarray(rng.permutation(int(own.max()) + 1)[own] % 2 == 0)
    learned = np.empty(len(member), bool)
    learned[np.lexsort((rng.random(len(member)), member))] = np.arange(len(member)) % 2 == 0
    return learned


def by_trees(
    matrix: np.ndarray,
    texts: np.ndarray,
    member: np.ndarray,
    learned: np.ndarray,
    weights: np.ndarray | None,
) -> np.ndarray:
    """Return what gradient-boosted trees make of each held-out row: P(member), ``(held,)``.

    Args:
        matrix: ``(rows, columns)``, at least one column; texts as codes from 0.
        texts: which columns are texts, bool ``(columns,)``.
        member: bool ``(rows,)``; both values occur among the rows that are learned from.
        learned: which those are, of `teachers`.
        weights: of the rows ``(rows,)``.

    Source: Ke et al., Advances in Neural Information Processing Systems 30 (2017), as scikit-learn has it.
    """
    with quiet():
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

    known = matrix.copy()
    for place in np.flatnonzero(texts):
        known[:, place] = _frequent(matrix[:, place])
    trees = HistGradientBoostingClassifier(
        categorical_features=texts,
        min_samples_leaf=int(np.clip(len(member) // 50, 5, 40)),
        early_stopping=False,
        random_state=0,
        **_TREES,
    )
    with threadpool_limits(
        1, user_api="openmp"
    ):  # beside busy cores its threads wait for each other for seconds
        trees.fit(known[learned], member[learned], None if weights is None else weights[learned])
        return np.asarray(trees.predict_proba(known[~learned])[:, 1])


def by_rate(
    codes: np.ndarray, member: np.ndarray, learned: np.ndarray, weights: np.ndarray | None
) -> np.ndarray:
    """Return, for each held-out row, the share of members among the rows learned from with its code, ``(held,)``.

    Takes what `by_trees` takes; ``codes`` are ints from 0.
    """
    w, number = np.ones(len(codes)) if weights is None else weights, int(codes.max()) + 1
    total, members = (np.bincount(codes[learned], part[learned], number) for part in (w, w * member))
    mean = members.sum() / total.sum()
    return np.asarray(((members + _PRIOR * mean) / (total + _PRIOR))[codes[~learned]])


def bins(values: np.ndarray, learned: np.ndarray) -> np.ndarray:
    """Return the bin of each row for `by_rate`, ints from 0 ``(rows,)``: a number may tell by its middle alone.

    Args:
        values: numbers ``(rows,)``; those that are missing (NaN) have a bin of their own.
        learned: which rows say where the bins end.
    """
    known = np.unique(values, return_inverse=True)[1]
    if known.max() >= _FEW:
        ends = np.unique(np.nanquantile(values[learned], np.arange(1, _BINS) / _BINS, method="lower"))
        known = np.where(np.isnan(values), len(ends) + 1, np.searchsorted(ends, values))
    return np.asarray(known)


def _frequent(codes: np.ndarray) -> np.ndarray:
    """Return codes by falling frequency, from 0; all beyond `_MOST_TEXTS` are the last."""
    _, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), int)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.asarray(np.minimum(rank, _MOST_TEXTS - 1)[places])
