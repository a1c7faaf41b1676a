"""Imports modules of AIF360, without warnings about its optional packages on the command line."""

from functools import cache
from importlib import import_module
from typing import Any

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow


@cache
def aif360(module: str) -> Any:
    """Return ``aif360.MODULE``. It imports TensorFlow, which is therefore started first by its own loader."""
    tensorflow()
    with quiet():
        return import_module(f"aif360.{module}")
