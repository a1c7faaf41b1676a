"""Attacks on a model's decisions: noise, by gradient, by scores, by decisions; and the smallest changes that flip.

The package exports the records only, which the page reads without numpy; the rest is imported from its modules.
"""

from audit.attacks.spec import AttackContext, AttackSpec, Plan
from audit.attacks.table import ATTACKS

__all__ = ["ATTACKS", "AttackContext", "AttackSpec", "Plan"]
