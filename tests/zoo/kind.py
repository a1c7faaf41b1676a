"""What the zoo is made of: kinds of models that teams export, each built in seconds with rows of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Group = Literal["source", "output", "input", "training", "gradient", "image", "text"]


@dataclass(frozen=True)
class Made:
    """A model and its data on disk, and how they are audited.

    ``spec``, ``given`` and ``checks`` are what the policy says under ``model:`` and ``data:`` beyond the paths and
    the label, and under ``checks:``. ``fed`` returns what the signature is called with by hand for all rows: tensors
    by input, made from the builder's own arrays and not by anything of the audit's. ``exported`` is the SavedModel that
    is called so, where ``model`` only holds it.
    """

    model: Path
    data: Path
    fed: Callable[[], Mapping[str, Any]]
    spec: dict[str, object] = field(default_factory=dict)
    given: dict[str, object] = field(default_factory=dict)
    checks: dict[str, object] = field(default_factory=dict)
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
