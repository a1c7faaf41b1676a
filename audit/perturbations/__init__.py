"""Common corruptions of images: what happens to pictures without an attacker."""

from audit.perturbations.image_corruptions import Corruption, corrupt
from audit.perturbations.strengths import SEVERITIES

__all__ = ["SEVERITIES", "Corruption", "corrupt"]
