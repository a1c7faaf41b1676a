"""Kinds by what the model takes: strings, and examples that are serialized as such."""

from __future__ import annotations

from . import lookups, parsed, words
from .suite import Suite


class TestWords(Suite):
    kinds = words.KINDS


class TestLookups(Suite):
    kinds = lookups.KINDS


class TestParsed(Suite):
    kinds = parsed.KINDS
