"""Kinds by what the model takes: tensors of numbers."""

from __future__ import annotations

from . import dtypes, inputs, shapes
from .suite import Suite


class TestTensors(Suite):
    kinds = inputs.KINDS


class TestTypes(Suite):
    kinds = dtypes.KINDS


class TestShapes(Suite):
    kinds = shapes.KINDS
