"""The slices check: the rows on which the model is worst, by up to two features."""

from audit.checks.slices.check import Slices

__all__ = ["Slices"]
