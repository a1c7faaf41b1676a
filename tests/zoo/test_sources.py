"""Kinds by where the model comes from."""

from __future__ import annotations

from . import packaged, sources
from .suite import Suite


class TestSources(Suite):
    kinds = sources.KINDS


class TestPackaged(Suite):
    kinds = packaged.KINDS
