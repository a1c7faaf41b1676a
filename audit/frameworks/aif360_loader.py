"""Imports parts of AIF360, on the command line without the warnings about its optional packages."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow


@cache
def aif360(module: str) -> Any:
    """Return ``aif360.MODULE``. It imports TensorFlow, which therefore is started first, by its own loader."""
    tensorflow()
    with quiet():
        return import_module(f"aif360.{module}")
