"""Random numbers by row: a row draws the same ones, whatever other rows are attacked, in whatever order and batches."""

from dataclasses import dataclass, replace

import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)  # SplitMix64's increment
_STEP_BETWEEN_ROWS = np.uint64(0xD1342543DE82EF95)
_BITS = 53  # of a float64's fraction


@dataclass(frozen=True)
class Draws:
    """Streams of SplitMix64 (Steele, Lea and Flood, 2014), one a row; ``state`` is uint64 ``(rows,)``."""

    state: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, seed: int) -> "Draws":
        """Return the streams of the rows with these keys, whole numbers ``(rows,)``, each a row's own."""
        start = _mixed(np.uint64(seed % 2**64) + _STEP * np.ones(1, np.uint64))
        return cls(_mixed(start + _STEP_BETWEEN_ROWS * (keys.astype(np.uint64) + np.uint64(1))))

    def take(self, index: np.ndarray) -> "Draws":
        """Return the streams of some of the rows."""
        return replace(self, state=self.state[index])

    def uniform(self, start: int, count: int) -> np.ndarray:
        """Return the numbers from ``start`` on of each stream, uniform in [0, 1), float64 ``(rows, count)``."""
        positions = np.arange(start + 1, start + 1 + count, dtype=np.uint64)
        mixed = _mixed(self.state[:, None] + _STEP * positions)
        return np.asarray((mixed >> np.uint64(64 - _BITS)) * 2.0**-_BITS)


def _mixed(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
