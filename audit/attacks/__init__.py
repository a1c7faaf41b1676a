"""Attacks on a model's decisions: noise, by gradient and by scores alone, and the smallest changes that flip."""

from audit.attacks.ascent import Ascent
from audit.attacks.batch import Batch
from audit.attacks.engine import BY_GRADIENT, Beside, Plan, attack
from audit.attacks.smallest import NotFlipped, alone, shrink
from audit.attacks.space import Attack, Attacked, Judge, Norm, Outcome, Space, Weigh

__all__ = [
    "BY_GRADIENT", "Ascent", "Attack", "Attacked", "Batch", "Beside", "Judge", "Norm", "NotFlipped", "Outcome",
    "Plan", "Space", "Weigh", "alone", "attack", "shrink",
]  # fmt: skip
