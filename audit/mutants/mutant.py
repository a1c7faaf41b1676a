"""Records of mutants: models that are broken on purpose by changed scores, data or policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.result import Scalar

ScoreMutation = Callable[[Any, Mapping[str, Any], Any], Any]
"""Changes scores ``(rows, width)``, given the input tensors by name and the added column ``(rows, 1)``."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A candidate that is broken on purpose.

    ``about`` says how, and ``advice`` which rule would catch it. ``change`` is applied to the scores; it gets
    ``column`` (float64, one value a row) as a further input of the model. ``favorable`` are the label values that
    replace those of the policy. Each is None if nothing of the kind changes. ``masks`` is whether attacks lose their
    gradient by it while decisions stay.
    """

    name: str
    about: str
    advice: str
    change: ScoreMutation | None = None
    column: np.ndarray | None = None
    favorable: list[Scalar] | None = None
    masks: bool = False


@dataclass(frozen=True, kw_only=True)
class SkippedMutant:
    """A mutant that does not apply to the policy, and the reason."""

    name: str
    reason: str


class CannotMutate(Exception):
    """Failure to make a mutant that applies to the policy; the text is the reason."""
