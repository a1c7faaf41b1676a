"""The ball around each row: puts a perturbation into it, and proves that it lies there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.attacks.threat_model import Norm, ThreatModel

_TOLERANCE = 1e-6  # relative, of eps
_AT_ONCE = 2**15  # numbers: what lies in a processor's cache is computed two to three times faster


@dataclass(frozen=True)
class Ball:
    """All rows within ``eps`` of a row in ``norm``, in units of ``space.scale``, inside the observed range."""

    space: ThreatModel
    norm: Norm
    eps: float

    def place(self, x: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Return ``x + eta * scale``, put into ball and range, in the dtype of ``x``; integer columns are whole.

        Args:
            x: the rows ``(rows, columns)``, in the columns' own units.
            eta: their perturbation, in units of the scale; what it says of other columns is left out.

        Raises:
            RuntimeError: the result would lie outside; a fault of this module.
        """
        rows = max(1, _AT_ONCE // x.shape[1])
        parts = [self._placed(x[i : i + rows], eta[i : i + rows]) for i in range(0, len(x), rows)]
        return np.concatenate(parts) if parts else x.copy()

    def _placed(self, x: np.ndarray, eta: np.ndarray) -> np.ndarray:
        free = self.space.free(x)
        at = np.where(free, x, 0)  # the others take no part, and may hold what has no arithmetic
        moved = self._inside(at, np.where(free, eta, 0))
        if self.space.integer.any():
            moved = np.where(self.space.integer, self._whole(at, moved).astype(x.dtype), moved)
        placed = np.where(free & (moved != at), moved, x)
        self.verify(x, placed)
        return placed

    def _inside(self, x: np.ndarray, eta: np.ndarray) -> np.ndarray:
        change = self._clip(eta.astype(np.float64)) * self.space.scale
        low, high = self.space.range_of(x)
        moved = np.clip(x + change, low, high).astype(x.dtype)
        # Rounding to the dtype may have gone outwards: one float towards x lies inside again.
        outside = (np.abs(moved - x.astype(np.float64)) > np.abs(change)) | (moved < low) | (moved > high)
        inside: np.ndarray = np.where(outside, np.nextafter(moved, x), moved)
        return inside

    def _clip(self, eta: np.ndarray) -> np.ndarray:
        inside: np.ndarray
        if self.norm == "inf":
            inside = np.clip(eta, -self.eps, self.eps)
        else:
            inside = eta * np.minimum(1, self.eps / np.maximum(_length(eta), np.finfo(np.float64).tiny))
        return inside

    def _whole(self, x: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """Round to the nearest whole number inside ball and range, else to one on the way back, else to ``x``."""
        low, high = self.space.range_of(x)
        reach = self.eps * self.space.scale
        first, last = np.ceil(np.maximum(low, x - reach)), np.floor(np.minimum(high, x + reach))
        nearest = np.clip(np.rint(moved), first, last)
        nearest = np.where((first <= last) & (moved != x), nearest, x)
        if self.norm == "inf":
            return nearest
        back = np.where(moved > x, np.maximum(np.floor(moved), x), np.minimum(np.ceil(moved), x))
        rounded = np.where(self.space.integer, nearest, moved)
        return np.where(_length(self._distance(x, rounded)) <= self.eps, nearest, back)

    def _distance(self, x: np.ndarray, moved: np.ndarray) -> np.ndarray:
        away: np.ndarray = (moved.astype(np.float64) - x) / self.space.scale
        return away

    def verify(self, x: np.ndarray, moved: np.ndarray) -> None:
        """Raise unless ``moved`` is what an attack on ``x`` may return.

        Raises:
            RuntimeError: a value left the ball or the range, one that must not move did, or one that must
                be whole is not.
        """
        free = self.space.free(x)
        away = self._distance(np.where(free, x, 0), np.where(free, moved, 0))
        size = np.abs(away) if self.norm == "inf" else _length(away)
        low, high = self.space.range_of(x)
        whole = ~self.space.integer | (moved == np.rint(moved)) | (moved == x)
        promises = {
            "left the ball": size <= self.eps * (1 + _TOLERANCE),
            "left the range": ((low <= moved) & (moved <= high)) | ~free,
            "are not whole numbers": whole | ~free,
            "must not move and did": np.array(x[~free].tobytes() == moved[~free].tobytes()),
        }
        for broken, kept in promises.items():
            if not kept.all():
                raise RuntimeError(f"an attack of size {self.eps} returned values that {broken}")


def _length(eta: np.ndarray) -> np.ndarray:
    """Return the Euclidean length of each row, ``(rows, 1)``."""
    length: np.ndarray = np.sqrt(np.square(eta).sum(1, keepdims=True))
    return length
