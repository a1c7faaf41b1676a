"""Dense features of a fixed shape that `data.missing` leaves out of examples: the parser's default stands for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.errors import AuditError

from ...audits import classified, content, store, subject

DEFAULTS = {"x": 0.5, "n": 7, "w": "red", "v": [1.0, -1.0, 2.0]}
WEIGHTS = [0.3, -0.2, 0.1]
ABSENT: Any = {"absent": True}


class Served(tf.Module):
    """A model of serialized examples whose features all have a default."""

    SPEC = {  # noqa: RUF012
        "x": tf.io.FixedLenFeature([], tf.float32, default_value=DEFAULTS["x"]),
        "n": tf.io.FixedLenFeature([1], tf.int64, default_value=[DEFAULTS["n"]]),
        "w": tf.io.FixedLenFeature([], tf.string, default_value=DEFAULTS["w"]),
        "v": tf.io.FixedLenFeature([3], tf.float32, default_value=DEFAULTS["v"]),
    }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serve(self, examples: Any) -> Any:
        parsed = tf.io.parse_example(examples, self.SPEC)
        odds = parsed["x"] + 0.1 * tf.cast(parsed["n"][:, 0], tf.float32)
        odds += tf.where(parsed["w"] == "red", 0.7, -0.7) + tf.linalg.matvec(parsed["v"], WEIGHTS)
        return {"score": tf.sigmoid(odds - 1.0)[:, None]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "model"
    module = Served()
    tf.saved_model.save(module, str(path), signatures=module.serve)
    return path


def frame(rows: int = 240) -> pd.DataFrame:
    """Return a table that lacks each single feature in a quarter of its rows."""
    random = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "x": random.normal(size=rows).astype(np.float32),
            "n": pd.array(random.integers(0, 12, rows), "Int64"),
            "w": random.choice(["red", "blue"], rows).astype(object),
            "v": list(random.normal(size=(rows, 3)).astype(np.float32)),
            "label": random.integers(0, 2, rows),
        }
    )
    for place, name in enumerate(["x", "n", "w"]):
        table.loc[np.arange(rows) % 4 == place, name] = None
    return table


def by_hand(table: pd.DataFrame) -> np.ndarray:
    """Return the scores with the parser's defaults in place of nulls."""
    full = table.fillna({name: DEFAULTS[name] for name in ("x", "n", "w")})
    odds = full["x"].astype(float) + 0.1 * full["n"].astype(float) + np.where(full["w"] == "red", 0.7, -0.7)
    return np.asarray(1 / (1 + np.exp(-(odds + np.stack(table["v"].tolist()) @ WEIGHTS - 1.0))))


@pytest.mark.parametrize(
    "missing", [{"x": ABSENT, "n": ABSENT, "w": ABSENT}, {"*": ABSENT}, {"x": ABSENT, "n": 7, "w": "red"}]
)
def test_the_default_stands_for_what_an_example_lacks(
    served: Path, tmp_path: Path, missing: dict[str, Any]
) -> None:
    table = frame()
    found = subject(content(served, store(table, tmp_path, "t.parquet"), missing=missing))
    np.testing.assert_allclose(classified(found).favorable, by_hand(table), atol=1e-6)


def test_one_example_that_lacks_all_is_what_serving_returns(served: Path, tmp_path: Path) -> None:
    """The oracle is TensorFlow: examples of what a row has are parsed by the signature itself."""
    table = frame()
    table.loc[[0, 3], ["x", "n", "w"]] = None
    found = subject(content(served, store(table, tmp_path, "t.parquet"), missing={"*": ABSENT}))
    signature = tf.saved_model.load(str(served)).signatures["serving_default"]
    examples = []
    for v in table["v"]:
        only_v = tf.train.Feature(float_list=tf.train.FloatList(value=v))
        examples.append(
            tf.train.Example(features=tf.train.Features(feature={"v": only_v})).SerializeToString()
        )
    scores = signature(examples=tf.constant(examples))["score"].numpy()[:, 0]
    np.testing.assert_allclose(classified(found).favorable[[0, 3]], scores[[0, 3]], atol=1e-6)


def test_a_feature_of_several_values_cannot_be_left_out(served: Path, tmp_path: Path) -> None:
    table = frame()
    table.at[5, "v"] = None
    missing = {"*": ABSENT, "v": ABSENT}
    with pytest.raises(AuditError) as caught:
        subject(content(served, store(table, tmp_path, "t.parquet"), missing=missing))
    assert caught.value.where == "data.missing.v" and "takes several values of" in caught.value.found
