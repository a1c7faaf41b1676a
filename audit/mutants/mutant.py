"""What a broken variant is: what it does to the model's scores, to the data, to the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.result import Scalar

if TYPE_CHECKING:
    from audit.mutants.export import Change


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A candidate that is broken on purpose.

    ``about`` says how, and ``advice`` which rule would catch it. ``change`` is what happens to the scores, given the
    name of the input that ``column`` (float64, one value a row) goes to; ``favorable`` are the label values that the
    policy takes for the favourable outcome instead of its own. Each is None where nothing of the kind changes.
    ``masks`` says that attacks lose their gradient by it, and nothing else should change.
    """

    name: str
    about: str
    advice: str
    change: Callable[[str], Change] | None = None
    column: np.ndarray | None = None
    favorable: list[Scalar] | None = None
    masks: bool = False


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A variant that could say nothing of this policy, and why."""

    name: str
    reason: str


class NotMade(Exception):
    """A variant that would say something of the policy could not be made; the text is the reason."""
