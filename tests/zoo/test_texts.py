"""Kinds by what the model takes: raw text."""

from __future__ import annotations

from . import texts
from .suite import Suite


class TestTexts(Suite):
    kinds = texts.KINDS
