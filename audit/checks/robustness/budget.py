"""Spreads the check's budget of multiply-adds over its parts: how many rows each of them may use."""

from dataclasses import dataclass
from typing import Literal

from audit.model.graph.multiply_adds import WRITING
from audit.subject.subject import Subject

Part = Literal["probe", "attacks", "tests", "changes"]

_SHARES: dict[Part, float] = {"probe": 1 / 8, "attacks": 1 / 2, "tests": 1 / 4, "changes": 1 / 8}
"""The gradient probe, the attacks, the sanity tests on these, and corruptions or typos."""
PERTURBING = 8 * WRITING
"""Multiply-adds that take as long as perturbing a number: projected into the ball, clipped, rounded and compared."""
_MIN_ROWS = 2


@dataclass(frozen=True)
class Budget:
    """A budget of multiply-adds, of which the evaluation of one perturbed row takes ``of_row``."""

    multiply_adds: float
    of_row: int

    @classmethod
    def of(cls, subject: Subject, multiply_adds: float, by_logits: bool = True) -> "Budget":
        """Return the budget for attacks on a model: along its logits, or by its scores alone."""
        columns = subject.features.data.matrix.shape[1]
        if by_logits:
            of_model = subject.multiply_adds
        else:  # no logits are looked for where no attack follows them
            of_model = max(one.scoring_multiply_adds for one in (subject, *subject.compared))
        return cls(multiply_adds, of_model + PERTURBING * columns)

    def rows(self, part: Part, evaluations: int, at_most: int) -> int:
        """Return how many rows a part may use that evaluates the model up to ``evaluations`` times for each."""
        affordable = _SHARES[part] * self.multiply_adds / (self.of_row * max(1, evaluations))
        return max(min(at_most, _MIN_ROWS), int(min(at_most, affordable)))
