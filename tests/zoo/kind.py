"""What the zoo is made of: kinds of models that teams export, each built in seconds with rows of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Group = Literal["source", "output", "input", "training", "gradient", "image", "text", "brought", "example"]

WORDS = ("--label", "label", "--protected", "sex=Male")
"""What most kinds are drafted with."""


@dataclass(frozen=True)
class Made:
    """A model and its data on disk, and how they are audited.

    ``words`` are said to `audit init` beside the paths. ``spec`` and ``given`` are what the model's author answers
    under ``model:`` and ``data:`` where that asks for it, and ``checks`` are options of checks. ``fed`` returns what
    the signature is called with by hand for all rows: tensors by input, made from the builder's own arrays and not by
    anything of the audit's. ``exported`` is the SavedModel that is called so, where ``model`` only holds it.
    """

    model: Path
    data: Path
    fed: Callable[[], Mapping[str, Any]]
    spec: dict[str, object] = field(default_factory=dict)
    given: dict[str, object] = field(default_factory=dict)
    checks: dict[str, object] = field(default_factory=dict)
    words: Sequence[str] = WORDS
    exported: Path | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of model, by the name that the documentation gives it.

    ``build`` writes model and data (about 300 rows, with the protected attribute ``sex``) into a folder. ``refused``
    is a part of the message of a kind that cannot be audited, empty for all others.
    """

    name: str
    group: Group
    build: Callable[[Path], Made]
    refused: str = ""
