"""A thousand features and ten classes: memory follows from the option, not from the model."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd

from audit.subject.subject import Subject

from ...models import save
from ..kit import measure, subject_of

WIDE, CLASSES = 1000, 10
NAMES = [f"c{i}" for i in range(WIDE)]


def wide(folder: Path) -> Subject:
    import tensorflow as tf

    rng = np.random.default_rng(0)
    first, second = (
        tf.constant(rng.normal(size=s) / s[0] ** 0.5, tf.float32) for s in ((WIDE, 8), (8, CLASSES))
    )
    save(folder / "m", lambda x: tf.nn.softmax(tf.tanh(x @ first) @ second), x=([None, WIDE], tf.float32))
    data = pd.DataFrame(rng.normal(size=(30, WIDE)).astype(np.float32), columns=NAMES)
    spec = {"inputs": {"x": NAMES}}
    labelled = data.assign(label=np.arange(30) % CLASSES)
    return subject_of(folder / "m", labelled, labelled, folder, spec=spec, favorable=[7, 8, 9])


def test_a_wide_model_is_measured_in_the_memory_given(tmp_path: Path) -> None:
    """The masks of one pass over both rows are 32 megabytes of truth values."""
    subject = wide(tmp_path)
    subject.logits  # noqa: B018 the graph is cut outside of what is measured
    tracemalloc.start()
    try:
        found = measure("explainability", subject, rows=2, references=8, error=0.9, memory_mb=8)
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()
    assert len(found.of("mean_abs_attribution")) == WIDE and found.value("additivity_error") < 1e-5
    assert found.tables["beeswarm"]["feature"].nunique() == 20
    attacked = measure("robustness", subject, eps=[0.1], attacks=["fgsm"])
    assert attacked.value("flip_rate", attack="fgsm", norm="inf", eps=0.1) > 0.5
