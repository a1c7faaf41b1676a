"""All kinds of the zoo, in the order of the documentation."""

from __future__ import annotations

from . import (
    brought,
    classes,
    dtypes,
    examples,
    gradients,
    images,
    inputs,
    lookups,
    outputs,
    packaged,
    parsed,
    shapes,
    sources,
    targets,
    texts,
    trained,
    words,
)
from .kind import Kind

KINDS: list[Kind] = [
    *sources.KINDS,
    *packaged.KINDS,
    *outputs.KINDS,
    *targets.KINDS,
    *classes.KINDS,
    *inputs.KINDS,
    *dtypes.KINDS,
    *shapes.KINDS,
    *words.KINDS,
    *lookups.KINDS,
    *parsed.KINDS,
    *trained.KINDS,
    *gradients.KINDS,
    *images.KINDS,
    *texts.KINDS,
    *brought.KINDS,
    *examples.KINDS,
]
