"""The masker of an audit: what its background rows share may be written of one of its rows."""

from __future__ import annotations

from audit.data.masking import Masker
from audit.features import Features
from audit.policy.model import Disclosure


def masker(rows: Disclosure, features: Features) -> Masker:
    """Return the masker for the columns of ``features``, against their background."""
    background = features.background.matrix
    numbers = {c.name: background[:, i] for i, c in enumerate(features.columns) if c.vocabulary is None}
    texts = {
        c.name: map(
            c.vocabulary.__getitem__, background[:, i].astype(int).tolist()
        )  # read when it is asked for
        for i, c in enumerate(features.columns)
        if c.vocabulary is not None
    }
    return Masker(rows, numbers, texts)
