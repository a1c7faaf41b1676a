"""People as serialized `tf.Example` protocol buffers, and log-odds of what is parsed from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from .people import people


def applicants() -> pd.DataFrame:
    """Return rows with a text and a count; the label follows them and the numbers."""
    frame, random = people(), np.random.default_rng(6)
    frame["children"] = random.integers(0, 4, len(frame))
    frame["job"] = random.choice(["clerk", "nurse", "pilot"], len(frame))
    odds = chance(
        {
            "history": frame[["debt", "late"]].to_numpy(np.float32),
            "income": frame[["income"]].to_numpy(np.float32),
            "children": frame["children"].to_numpy(),
            "job": frame[["job"]].to_numpy(str),
        }
    )
    return frame.assign(label=(odds.numpy() + random.logistic(size=len(frame)) > 0).astype(int))


def chance(parsed: Mapping[str, Any]) -> Any:
    """Return the log-odds ``(rows,)`` of features as they are parsed, of several widths and types."""
    history = tf.tanh(tf.matmul(parsed["history"], tf.constant([[-0.8], [-0.6]])))[:, 0]
    job = tf.reduce_sum(tf.where(tf.equal(parsed["job"], "pilot"), 1.5, -0.5), axis=1)
    children = 0.3 * tf.cast(parsed["children"], tf.float32)
    return 1.6 * parsed["income"][:, 0] + 2 * history + job - children


def example(row: Mapping[Any, Any], **more: Any) -> bytes:
    """Return one serialized example by hand."""
    floats = {"income": [row["income"]], "history": [row["debt"], row["late"]]}
    feature = {name: tf.train.Feature(float_list={"value": values}) for name, values in floats.items()}
    feature["children"] = tf.train.Feature(int64_list={"value": [row["children"]]})
    feature["job"] = tf.train.Feature(bytes_list={"value": [row["job"].encode()]})
    features = tf.train.Features(feature={**feature, **more})
    return bytes(tf.train.Example(features=features).SerializeToString())


def serialized(frame: pd.DataFrame) -> list[bytes]:
    return [example(row) for row in frame.to_dict("records")]
