"""Common corruptions of images: what happens to pictures without an attacker."""

from audit.corruptions.corrupt import Corruption, corrupt
from audit.corruptions.strengths import SEVERITIES

__all__ = ["SEVERITIES", "Corruption", "corrupt"]
