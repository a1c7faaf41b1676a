"""Kinds by what the model returns."""

from __future__ import annotations

from . import classes, outputs, targets
from .suite import Suite


class TestOutputs(Suite):
    kinds = outputs.KINDS


class TestTargets(Suite):
    kinds = targets.KINDS


class TestClasses(Suite):
    kinds = classes.KINDS
