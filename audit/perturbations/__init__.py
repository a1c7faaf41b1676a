"""Natural perturbations of inputs, without an attacker: common corruptions of images, and typos."""

from audit.perturbations.image_corruptions import SEVERITIES, Corruption, corrupt

__all__ = ["SEVERITIES", "Corruption", "corrupt"]
