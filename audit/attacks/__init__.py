"""Attacks on a model's decisions: noise, by gradient and by scores alone, and the smallest changes that flip."""

from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import Ascent
from audit.attacks.minimal_perturbation import NotFlipped, alone, shrink
from audit.attacks.run import BY_GRADIENT, Beside, Plan, attack
from audit.attacks.threat_model import Attack, Attacked, Judge, Norm, Outcome, Space, Weigh

__all__ = [
    "BY_GRADIENT", "Ascent", "Attack", "Attacked", "Batch", "Beside", "Judge", "Norm", "NotFlipped", "Outcome",
    "Plan", "Space", "Weigh", "alone", "attack", "shrink",
]  # fmt: skip
