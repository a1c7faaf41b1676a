"""Lives in which nothing has changed, where counts and reference are easily made to disagree: no alarm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.check import policy_from
from audit.errors import AuditError
from audit.monitoring.drift_evidence import DriftTest
from audit.monitoring.monitor import Monitor
from audit.monitoring.reference import Reference
from audit.monitoring.variable import category_variable

from ..conftest import Models
from . import batches
from .stores import REFERENCE


def test_the_most_frequent_of_many_categories_are_no_drift() -> None:
    """They were frequent by chance: against their own shares, the next batch would alarm."""
    rng = np.random.default_rng(0)
    names = [f"word {number}" for number in range(5000)]
    drawn = np.bincount(rng.integers(0, 5000, 4000), minlength=5000)
    rows = {name: int(count) for name, count in zip(names, drawn, strict=True) if count}
    variable = category_variable("feature", "word", rows)
    places = [names.index(category) for category in variable.categories]

    def counts(of_word: np.ndarray) -> list[int]:
        shown = of_word[places].tolist()
        return [*shown, int(of_word.sum()) - sum(shown), 0]

    reference = Reference(
        **{**vars(REFERENCE), "variables": [variable], "groups": [], "counts": [[counts(drawn)]]}
    )
    test = DriftTest(reference, 0.0025)
    state = test.initial()
    for _ in range(30):
        state = test.after(state, [[counts(np.bincount(rng.integers(0, 5000, 2000), minlength=5000))]])
    assert test.log_e_values(state)[0] < 1.0


def clustered(rows: int, seed: int, **_: Any) -> pd.DataFrame:
    """Return households whose size goes with the score."""
    frame = batches.table(rows, seed)
    copies = np.where(frame["score"] > 0.5, 4, 1)
    frame["household"] = [f"{seed}-{number}" for number in range(rows)]
    return frame.loc[frame.index.repeat(copies)].assign(id=lambda table: range(len(table)))


def test_clusters_whose_size_goes_with_a_feature_are_no_drift(model: Models, tmp_path: Path) -> None:
    content = batches.content(model("given"), tmp_path)
    clustered(4000, 0).to_parquet(tmp_path / "reference.parquet", index=False)
    data = {**dict(content["data"]), "cluster": "household"}  # type: ignore[call-overload]
    with Monitor(policy_from({**content, "data": data}), tmp_path / "store") as monitor:
        for seed in range(1, 6):
            batch = batches.store(clustered(400, seed), tmp_path, f"{seed}.parquet")
            outcome = monitor.observe(batch).outcome
            assert outcome.state == "quiet"
            assert outcome.drift[0].rows == 400


def test_copies_that_do_not_count_are_refused(model: Models, tmp_path: Path) -> None:
    content = batches.content(model("given"), tmp_path)
    data = {**dict(content["data"]), "copies": "once"}  # type: ignore[call-overload]
    with pytest.raises(AuditError, match="counts every row"):
        Monitor(policy_from({**content, "data": data}), tmp_path / "store")
