"""Nulls that `data.missing` replaces: groups that clearly differ in their share of nulls are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf
from scipy.stats import fisher_exact

import audit
from audit.data.protected_attributes import Attribute
from audit.inputs.feeds import Feed
from audit.policy.model import Absent
from audit.subject.batches import FeatureBatch
from audit.subject.replaced_nulls import ReplacedNulls

from ..audits import content, store
from ..models import save


def attribute(groups: list[str], name: str = "sex") -> Attribute:
    values, codes = np.unique(groups, return_inverse=True)
    return Attribute(name, list(map(str, values)), codes.astype(np.int32), [len(values) - 1])


def stored(table: pa.RecordBatch) -> FeatureBatch:
    return FeatureBatch([], np.empty(0, np.uint64), table)


def warning(
    is_null: np.ndarray, *attributes: Attribute, fill: Any = 5, text: bool = False, rows: int = 10**6
) -> str:
    """Return the warning on one column ``inc``, read in batches of ``rows``."""
    feed = Feed("inc", tf.string if text else tf.float32, True, ["inc"], optional=isinstance(fill, Absent))
    screen = ReplacedNulls([feed], {"*": fill}, attributes)
    values = [None if null else "7" for null in is_null]
    batch = pa.record_batch({"inc": pa.array(values, pa.string())})
    for start in range(0, len(values), rows):
        screen.add(stored(batch.slice(start, rows)), start)
    return " ".join(screen.warnings())


SEX = ["Female"] * 400 + ["Male"] * 600


@pytest.mark.parametrize("rows", [7, 1000])
@pytest.mark.parametrize(
    ("fill", "text", "treated"),
    [(5, False, "replaced by 5"), ("?", True, "replaced by '?'"), (Absent(absent=True), False, "left out")],
)
def test_nulls_of_one_group(fill: Any, text: bool, treated: str, rows: int) -> None:
    found = warning(np.arange(1000) < 399, attribute(SEX), fill=fill, text=text, rows=rows)
    assert found.startswith(
        f"399 nulls of 'inc' were {treated} (data.missing), all of them in sex Female: 99.8% "
    )


def test_a_greater_share_in_one_group() -> None:
    is_null = np.r_[np.arange(400) < 200, np.arange(600) < 60]
    assert warning(is_null, attribute(SEX)) == (
        "260 nulls of 'inc' were replaced by 5 (data.missing), 200 of them in sex Female: 50.0% of its rows and 10.0% "
        "of the others. Does the serving system send these values for these rows?"
    )


def test_the_attribute_that_differs_most_is_named() -> None:
    is_null = np.r_[np.arange(400) < 200, np.arange(600) < 60]
    race = np.where(is_null, "Black", "White").tolist()
    assert "all of them in race Black" in warning(is_null, attribute(SEX), attribute(race, "race"))


@pytest.mark.parametrize("more", [1200, 1001, 1000, 900, 0])
def test_at_most_ten_points_are_not_named(more: int) -> None:
    """Of 20,000 rows every gap is more than chance: the ten points decide."""
    groups = ["Female"] * 10000 + ["Male"] * 10000
    is_null = np.r_[np.arange(10000) < 500 + more, np.arange(10000) < 500]
    assert bool(warning(is_null, attribute(groups))) == (more > 1000)


@pytest.mark.parametrize("nulls", range(13))
def test_what_chance_explains_is_not_named(nulls: int) -> None:
    """Of 12 rows in a group every further null is 8 points: Fisher's exact test decides, over both groups."""
    groups = ["Female"] * 12 + ["Male"] * 488
    is_null = np.r_[np.arange(12) < nulls, np.arange(488) < 49]
    _, chance = fisher_exact(np.array([[nulls, 12 - nulls], [49, 439]]))
    gap = abs(nulls / 12 - 49 / 488)
    assert bool(warning(is_null, attribute(groups))) == (gap > 0.1 and 2 * chance < 1e-3)
    assert bool(warning(is_null, attribute(groups))) == (nulls >= 7)


def test_nulls_at_random_are_not_named() -> None:
    random = np.random.default_rng(1)
    groups = random.choice(list("abcde"), 300, p=[0.6, 0.25, 0.1, 0.03, 0.02]).tolist()
    assert not any(warning(random.random(300) < share, attribute(groups)) for share in np.linspace(0, 1, 200))


def test_words_count_among_numbers_only() -> None:
    values = pa.record_batch({"inc": pa.array(["NA"] * 400 + ["7"] * 600)})
    for dtype, expected in ((tf.float32, 1), (tf.string, 0)):
        screen = ReplacedNulls([Feed("inc", dtype, True, ["inc"])], {"inc": "5"}, [attribute(SEX)])
        screen.add(stored(values), 0)
        assert len(list(screen.warnings())) == expected


def test_many_columns_are_one_warning() -> None:
    names = [f"x{number}" for number in range(12)]
    screen = ReplacedNulls([Feed("x", tf.float32, False, names)], {"*": 0}, [attribute(SEX)])
    column = pa.array([None] * 400 + [1.0] * 600)
    screen.add(stored(pa.record_batch(dict.fromkeys(names, column))), 0)
    (found,) = screen.warnings()
    assert found.count("nulls of") == 10 and "; likewise those of 'x10', 'x11'." in found


@pytest.mark.parametrize("name", ["d.csv", "d.parquet"])
@pytest.mark.parametrize("spread", ["one group", "even"])
def test_an_audit_names_the_group(tmp_path: Path, name: str, spread: str) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=600), "inc": 5 + random.normal(size=600)})
    frame = frame.assign(sex=random.choice(["Female", "Male"], 600), label=(frame.a > 0).astype(int))
    women = (frame.sex == "Female").to_numpy()
    frame.loc[women if spread == "one group" else random.random(600) < 0.4, "inc"] = np.nan
    save(
        tmp_path / "m",
        lambda a, inc: tf.sigmoid(4 * a - 8 * tf.cast(inc < 1, tf.float32)),
        a=([None], tf.float32),
        inc=([None], tf.float32),
    )
    protected = {"sex": {"privileged": "Male"}}
    data = store(frame, tmp_path, name)
    report = audit.run(content(tmp_path / "m", data, protected=protected, missing={"inc": 5}))
    expected = f"{women.sum():,} nulls of 'inc' were replaced by 5 (data.missing), all of them in sex Female"
    assert any(expected in text for text in report.warnings) == (spread == "one group")
    assert any("data.missing" in text for text in report.warnings) == (spread == "one group")
