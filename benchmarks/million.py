"""A million Parquet rows through both checks, against a bare loop of batches and the signature.

Prints the ratio of times (median of alternating pairs in one process) and the peak memory of whole
processes for tables with few and many feature columns.
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

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1_000_000


def make_table(path: Path, features: int, rows: int = ROWS) -> None:
    """Write features, a label that follows the first of them, and two protected attributes, in one row group."""
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.standard_normal(rows).astype(np.float32) for i in range(features)}
    label = rng.random(rows) < 1 / (1 + np.exp(-columns["x0"] - columns["x1"]))
    columns["label"] = label.astype(np.int64)
    texts = {"sex": ("Female", "Male"), "race": ("Asian", "Black", "Other", "White")}
    groups = {name: np.array(values)[rng.integers(0, len(values), rows)] for name, values in texts.items()}
    pq.write_table(pa.table({**columns, **groups}), path, row_group_size=rows)


def make_model(path: Path, features: int) -> None:
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((features,), name="x")
    hidden = keras.layers.Dense(64, activation="relu")(inputs)
    hidden = keras.layers.Dense(32, activation="relu")(hidden)
    keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden)).export(path, verbose=False)


def policy(folder: Path, features: int) -> dict[str, object]:
    protected = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}}
    return {
        "version": 1,
        "model": {"path": str(folder / "model"), "inputs": {"x": [f"x{i}" for i in range(features)]}},
        "data": {
            "path": str(folder / "data.parquet"),
            "label": "label",
            "protected": protected,
            "intersections": [["sex", "race"]],
        },
    }


def bare_loop(folder: Path, features: int) -> None:
    """Do the least that scoring needs: read the feature columns in batches and call the signature."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / "model"))
    signature, names = loaded.signatures["serving_default"], [f"x{i}" for i in range(features)]
    scores = []
    for batch in pq.ParquetFile(folder / "data.parquet").iter_batches(batch_size=65536, columns=names):
        matrix = np.stack([column.to_numpy() for column in batch.columns], axis=1)
        scores.append(next(iter(signature(x=tf.constant(matrix)).values())).numpy())
    np.concatenate(scores)


def audit_once(folder: Path, features: int) -> None:
    import audit

    report = audit.run(policy(folder, features))
    assert report.data.rows == ROWS and all(check.status == "measured" for check in report.checks)


def prepare(folder: Path, features: int) -> None:
    make_table(folder / "data.parquet", features)
    make_model(folder / "model", features)


def ratio(pairs: int, features: int = 20) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, features)
        audit_once(folder, features)
        times: list[tuple[float, float]] = []
        for _ in range(pairs):
            laps = []
            for work in (bare_loop, audit_once):
                start = time.perf_counter()
                work(folder, features)
                laps.append(time.perf_counter() - start)
            times.append((laps[0], laps[1]))
    for bare, audited in times:
        print(f"  bare loop {bare:.2f} s, audit {audited:.2f} s, ratio {audited / bare:.2f}")
    print(f"median ratio {statistics.median(b / a for a, b in times):.2f} (aim: under 1.8)")


def peak(features: int) -> int:
    """Return the peak memory in MiB of a process that audits a table with so many feature columns."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, __file__, "--prepare", name, "--features", str(features)], check=True)
        command = [sys.executable, __file__, "--audit", name, "--features", str(features)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--features", type=int, default=20, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--audit", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.prepare:
        prepare(given.prepare, given.features)
    elif given.audit:
        audit_once(given.audit, given.features)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    else:
        print(f"{ROWS:,} Parquet rows, 20 features, both checks, two attributes and their intersection")
        ratio(given.pairs)
        for features in (10, 40, 160):
            print(f"peak memory with {features} feature columns: {peak(features)} MiB")


if __name__ == "__main__":
    main()
