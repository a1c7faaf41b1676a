"""Common corruptions of images: what happens to pictures without an attacker."""

from audit.perturbations.image_corruptions import SEVERITIES, Corruption, corrupt

__all__ = ["SEVERITIES", "Corruption", "corrupt"]
