"""Texts, and models of them whose log-odds are known in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.subject.subject import Subject

from ...model.logits.surgery import export
from ..kit import subject_of

WEIGHTS = {"great": 2.0, "quick": 1.0, "late": -1.0, "broken": -2.0}
OTHERS = ["the", "parcel", "was", "very"]
NAME = "Wintergarden"
"""Stands in one text only."""


def letters(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Return texts of words of even chances, a number, and the attribute ``sex``; the first text names a person."""
    random = np.random.default_rng(seed)
    words = [*WEIGHTS, *OTHERS]
    texts = [" ".join(random.choice(words, random.integers(3, 9))) for _ in range(rows)]
    texts[0] = f"{NAME} was great, quick and  {NAME.lower()} late!"
    frame = pd.DataFrame({"text": texts, "stars": random.normal(size=rows).astype(np.float32)})
    return frame.assign(
        sex=random.choice(["Female", "Male"], rows), label=(bag(frame["text"]) > 0).astype(int)
    )


def bag(texts: Any, weights: Mapping[str, float] = WEIGHTS) -> np.ndarray:
    """Return the sum of the weights of each text's words: the models' log-odds."""
    own = [text.lower().replace("!", "").replace(",", "").split() for text in texts]
    return np.array([sum(weights.get(word, 0.0) for word in found) for found in own])


def held() -> dict[str, Any]:
    """Return what `log_odds` looks words up in."""
    import tensorflow as tf

    keys = tf.lookup.KeyValueTensorInitializer(list(WEIGHTS), tf.constant(list(WEIGHTS.values()), tf.float32))
    return {"table": tf.lookup.StaticHashTable(keys, 0.0)}


def log_odds(module: Any, texts: Any) -> Any:
    """Return `bag` of texts ``(rows,)`` in the graph."""
    import tensorflow as tf

    words = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(texts), "[!,]", ""))
    return tf.reduce_sum(tf.ragged.map_flat_values(module.table.lookup, words), 1)


def scored(path: Path, size: float = 1.0) -> Path:
    """Export the sigmoid of ``size`` times the bag of a text alone."""
    import tensorflow as tf

    return export(
        path, lambda m, text: tf.sigmoid(size * log_odds(m, text)), {"text": ([None], tf.string)}, **held()
    )


def beside_stars(path: Path) -> Path:
    """Export a model that adds a number."""
    import tensorflow as tf

    inputs = {"text": ([None, 1], tf.string), "stars": ([None, 1], tf.float32)}

    def score(m: Any, text: Any, stars: Any) -> Any:
        return tf.sigmoid(log_odds(m, text[:, 0])[:, None] + stars)

    return export(path, score, inputs, **held())


def audited(model: Path, folder: Path, frame: pd.DataFrame | None = None, **given: Any) -> Subject:
    """Return the subject of an audit of the model on `letters`."""
    frame = letters() if frame is None else frame
    given = {"spec": {}, "protected": {"sex": {"privileged": "Male"}}, **given}
    return subject_of(model, frame, frame, folder, **given)
