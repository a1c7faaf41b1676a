"""Attacks on a model's decisions: noise, FGSM and PGD inside a ball, and the smallest changes that flip."""

from audit.attacks.ascent import Ascent
from audit.attacks.engine import attack
from audit.attacks.smallest import alone, shrink
from audit.attacks.space import Attack, Attacked, Norm, Outcome, Space

__all__ = ["Ascent", "Attack", "Attacked", "Norm", "Outcome", "Space", "alone", "attack", "shrink"]
