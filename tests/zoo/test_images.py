"""Kinds that take images."""

from __future__ import annotations

from . import images
from .suite import Suite


class TestImages(Suite):
    kinds = images.KINDS
