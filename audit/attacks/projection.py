"""Projection into the ball around each row, with a proof that the result is inside."""

from dataclasses import dataclass

import numpy as np

from audit.attacks.threat_model import Norm, ThreatModel

_TOLERANCE = 1e-6  # relative, of eps
_MAX_VALUES = 2**15  # at a time: a part that fits a processor's cache is computed two to three times faster


@dataclass(frozen=True)
class Ball:
    """All rows within ``eps`` of a row in ``norm``, in units of ``threat_model.scale``, inside the observed range."""

    threat_model: ThreatModel
    norm: Norm
    eps: float

    def place(self, x: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Return ``x + eta * scale``, projected into ball and range, in the dtype of ``x``; integer columns are whole.

        Args:
            x: the rows ``(rows, columns)``, in the columns' own units.
            eta: their perturbation, in units of the scale; ignored for values that may not move.

        Raises:
            RuntimeError: the result would be outside; a fault of this module.
        """
        rows = max(1, _MAX_VALUES // x.shape[1])
        parts = [self._place(x[i : i + rows], eta[i : i + rows]) for i in range(0, len(x), rows)]
        return np.concatenate(parts) if parts else x.copy()

    def _place(self, x: np.ndarray, eta: np.ndarray) -> np.ndarray:
        free = self.threat_model.free(x)
        integer = self.threat_model.integer
        finite = np.where(free, x, 0)  # the others take no part, and may hold what has no arithmetic
        adversarial = self._inside(finite, np.where(free, eta, 0))
        if integer.any():
            adversarial = np.where(integer, self._round(finite, adversarial).astype(x.dtype), adversarial)
        adversarial = np.where(free & (adversarial != finite), adversarial, x)
        self.verify(x, adversarial)
        return adversarial

    def _inside(self, x: np.ndarray, eta: np.ndarray) -> np.ndarray:
        change = self._clip(eta.astype(np.float64)) * self.threat_model.scale
        low, high = self.threat_model.range_of(x)
        adversarial = np.clip(x + change, low, high).astype(x.dtype)
        # Rounding to the dtype may have gone outwards: one float towards x lies inside again.
        too_far = np.abs(adversarial - x.astype(np.float64)) > np.abs(change)
        outside = too_far | (adversarial < low) | (adversarial > high)
        inside: np.ndarray = np.where(outside, np.nextafter(adversarial, x), adversarial)
        return inside

    def _clip(self, eta: np.ndarray) -> np.ndarray:
        if self.norm == "inf":
            return np.asarray(np.clip(eta, -self.eps, self.eps))
        return np.asarray(eta * np.minimum(1, self.eps / np.maximum(_length(eta), np.finfo(np.float64).tiny)))

    def _round(self, x: np.ndarray, adversarial: np.ndarray) -> np.ndarray:
        """Round to the nearest whole number inside ball and range, else to one on the way back, else to ``x``."""
        low, high = self.threat_model.range_of(x)
        radius = self.eps * self.threat_model.scale
        first = np.ceil(np.maximum(low, x - radius))
        last = np.floor(np.minimum(high, x + radius))
        nearest = np.clip(np.rint(adversarial), first, last)
        nearest = np.where((first <= last) & (adversarial != x), nearest, x)
        if self.norm == "inf":
            return nearest
        back_down = np.maximum(np.floor(adversarial), x)
        back_up = np.minimum(np.ceil(adversarial), x)
        rounded = np.where(self.threat_model.integer, nearest, adversarial)
        inside = _length(self._distance(x, rounded)) <= self.eps
        return np.where(inside, nearest, np.where(adversarial > x, back_down, back_up))

    def _distance(self, x: np.ndarray, adversarial: np.ndarray) -> np.ndarray:
        return np.asarray((adversarial.astype(np.float64) - x) / self.threat_model.scale)

    def verify(self, x: np.ndarray, adversarial: np.ndarray) -> None:
        """Raise unless an attack on ``x`` may return ``adversarial``.

        Raises:
            RuntimeError: a value left the ball or the range, one that must not move did, one that must
                be whole is not, or a choice is none.
        """
        free = self.threat_model.free(x)
        fixed = ~(free | self.threat_model.in_choice)
        distance = self._distance(np.where(free, x, 0), np.where(free, adversarial, 0))
        distance = np.abs(distance) if self.norm == "inf" else _length(distance)
        low, high = self.threat_model.range_of(x)
        is_whole = (adversarial == np.rint(adversarial)) | (adversarial == x)
        promises = {
            "left the ball": distance <= self.eps * (1 + _TOLERANCE),
            "left the range": ((low <= adversarial) & (adversarial <= high)) | ~free,
            "are not whole numbers": is_whole | ~self.threat_model.integer | ~free,
            "must not move and did": np.array(x[fixed].tobytes() == adversarial[fixed].tobytes()),
            "are not one choice": np.array(
                [is_one_hot(adversarial[:, c]) for c in self.threat_model.choices]
            ),
        }
        for broken, holds in promises.items():
            if not holds.all():
                raise RuntimeError(f"an attack of size {self.eps} returned values that {broken}")


def is_one_hot(rows: np.ndarray) -> bool:
    """Return whether each of the rows ``(n, categories)`` has exactly one 1 and is 0 elsewhere."""
    return bool((((rows == 0) | (rows == 1)).all(1) & ((rows == 1).sum(1) == 1)).all())


def _length(eta: np.ndarray) -> np.ndarray:
    """Return the Euclidean length of each row, ``(rows, 1)``."""
    return np.asarray(np.sqrt(np.square(eta).sum(1, keepdims=True)))
