"""Attacks on a model's decisions: noise, by gradient and by scores alone, and the smallest changes that flip."""

from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.minimal_perturbation import NotFlipped, alone, shrink
from audit.attacks.run import BY_GRADIENT, Beside, Plan, attack
from audit.attacks.threat_model import (
    Attack,
    Attacked,
    ClassifyFunction,
    LogOddsFunction,
    Norm,
    Outcome,
    ThreatModel,
)

__all__ = [
    "BY_GRADIENT",
    "Attack",
    "Attacked",
    "Batch",
    "Beside",
    "ClassifyFunction",
    "GradientAscent",
    "LogOddsFunction",
    "Norm",
    "NotFlipped",
    "Outcome",
    "Plan",
    "ThreatModel",
    "alone",
    "attack",
    "shrink",
]  # fmt: skip
