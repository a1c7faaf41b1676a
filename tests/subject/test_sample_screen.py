"""A sample that differs from all rows by more than chance is warned of, and one at random is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.subject.sample_screen import sample_notes
from audit.subject.subject import Subject

from ..audits import content, store, subject
from ..conftest import Models


@pytest.fixture(scope="module")
def found(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(0, 1, (4000, 2)).astype(np.float32), columns=["a", "b"])
    frame = frame.assign(label=rng.integers(0, 2, 4000), sex=rng.choice(["M", "F"], 4000))
    protected = {"sex": {"privileged": "M"}}
    file = store(frame, tmp_path_factory.mktemp("data"))
    return subject(content(model("sigmoid"), file, favorable=1, protected=protected))


def test_samples_by_key_raise_no_alarm(found: Subject) -> None:
    assert not list(sample_notes(found, found.features.data.index[:500], "explained"))
    rng = np.random.default_rng(1)
    for _ in range(100):
        assert not list(sample_notes(found, rng.choice(4000, 400, replace=False), "attacked"))


def test_an_arranged_sample_is_named(found: Subject) -> None:
    women = np.flatnonzero(found.attributes[0].codes == found.attributes[0].groups.index("F"))
    mixed = np.concatenate([women[:300], np.arange(200)])
    (note,) = sample_notes(found, np.unique(mixed), "explained")
    assert note.warning and "'sex F: " in note.text and "label" not in note.text and "--seed" in note.text


def test_all_rows_are_like_themselves(found: Subject) -> None:
    assert not list(sample_notes(found, np.arange(4000), "attacked"))
