"""Random halves of rows: on one half something is chosen, on the other it is measured."""

import numpy as np


def draw_half(stratum: np.ndarray, clusters: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Return a random half of the rows, bool ``(rows,)``: half of each stratum, up to one row.

    Args:
        stratum: bool or int codes ``(rows,)``.
        clusters: int codes ``(rows,)``; whole clusters are drawn then, half of them, whatever the strata: rows that
            belong together would tell one half about the other.
        rng: generator of the draw.
    """
    if clusters is not None:
        cluster = np.unique(clusters, return_inverse=True)[1]
        return np.asarray(rng.permutation(int(cluster.max(initial=0)) + 1)[cluster] % 2 == 0)
    half = np.empty(len(stratum), bool)
    half[np.lexsort((rng.random(len(stratum)), stratum))] = np.arange(len(stratum)) % 2 == 0
    return half
