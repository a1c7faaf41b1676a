"""Checks of scores and slices on a million Parquet rows, compared with a bare loop over batches and the signature.

Prints the ratio of times (median of alternating pairs in one process) for a model of 20 numeric columns and for
one of 12 numeric and 8 text columns, and the peak memory of whole processes for few and many feature columns.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1_000_000
WORDS = [f"word-{i}" for i in range(12)]
GROUPS = {"sex": ("Female", "Male"), "race": ("Asian", "Black", "Other", "White")}


def names(numeric: int, text: int) -> list[str]:
    return [f"x{i}" for i in range(numeric)] + [f"t{i}" for i in range(text)]


def make_table(path: Path, numeric: int, text: int) -> None:
    """Write features, a label that follows the first two, and two protected attributes, in one row group."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"x{i}": rng.standard_normal(ROWS).astype(np.float32) for i in range(numeric)}
    columns |= {f"t{i}": _drawn(rng, WORDS) for i in range(text)}
    label = rng.random(ROWS) < 1 / (1 + np.exp(-columns["x0"] - columns["x1"]))
    columns |= {"label": label.astype(np.int64)} | {
        name: _drawn(rng, group) for name, group in GROUPS.items()
    }
    pq.write_table(pa.table(columns), path, row_group_size=ROWS)


def _drawn(rng: np.random.Generator, values: Any) -> pa.Array:
    codes = pa.array(rng.integers(0, len(values), ROWS).astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(values))).cast(pa.string())


def make_model(path: Path, numeric: int, text: int) -> None:
    """Export a small dense network with one input a column, text looked up and one-hot encoded in the model."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = {name: keras.Input((1,), name=name) for name in names(numeric, 0)}
    parts = list(inputs.values())
    for name in names(0, text):
        inputs[name] = keras.Input((1,), name=name, dtype="string")
        parts.append(keras.layers.StringLookup(vocabulary=WORDS, output_mode="one_hot")(inputs[name]))
    hidden = keras.layers.Dense(64, activation="relu")(keras.layers.Concatenate()(parts))
    hidden = keras.layers.Dense(32, activation="relu")(hidden)
    keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden)).export(path, verbose=False)


def policy(folder: Path) -> dict[str, object]:
    protected = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}
    data = {"path": str(folder / "data.parquet"), "label": "label", "protected": protected}
    data |= {"intersections": [["sex", "race"]]}
    model, checks = {"path": str(folder / "model")}, {"explainability": False, "robustness": False}
    return {"version": 1, "model": model, "data": data, "checks": checks}


def bare_loop(folder: Path, numeric: int, text: int) -> None:
    """Do the least that scoring needs: read the feature columns in batches and call the signature."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / "model"))
    signature, scores = loaded.signatures["serving_default"], []
    for batch in pq.ParquetFile(folder / "data.parquet").iter_batches(65536, columns=names(numeric, text)):
        columns = {
            name: batch.column(name).to_numpy(zero_copy_only=False)[:, None] for name in batch.schema.names
        }
        tensors = {name: tf.constant(column) for name, column in columns.items()}
        scores.append(next(iter(signature(**tensors).values())).numpy())
    np.concatenate(scores)


def audit_once(folder: Path) -> None:
    import audit

    report = audit.run(policy(folder))
    assert report.data.rows == ROWS and all(check.status == "measured" for check in report.checks)


def prepare(folder: Path, numeric: int, text: int) -> None:
    make_table(folder / "data.parquet", numeric, text)
    make_model(folder / "model", numeric, text)


def ratio(pairs: int, numeric: int, text: int, aim: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, numeric, text)
        audit_once(folder)
        times = [(_timed(bare_loop, folder, numeric, text), _timed(audit_once, folder)) for _ in range(pairs)]
    print(f"{ROWS:,} rows, {numeric} numeric and {text} text columns")
    for bare, audited in times:
        print(f"  bare loop {bare:.2f} s, audit {audited:.2f} s, ratio {audited / bare:.2f}")
    median = statistics.median(audited / bare for bare, audited in times)
    print(f"  median ratio {median:.2f} (aim: at most {aim})")


def _timed(work: Any, *arguments: object) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def peak(features: int) -> int:
    """Return the peak memory in MiB of a process that audits a table with so many feature columns."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, __file__, "--prepare", name, "--features", str(features)], check=True)
        command = [sys.executable, __file__, "--audit", name]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--features", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--audit", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.prepare:
        prepare(given.prepare, given.features, 0)
    elif given.audit:
        audit_once(given.audit)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    else:
        ratio(given.pairs, 20, 0, 2.5)
        ratio(given.pairs, 12, 8, 1.5)
        for features in (10, 40, 160):
            print(f"peak memory with {features} feature columns: {peak(features)} MiB")


if __name__ == "__main__":
    main()
