"""Processor time of an audit against the numbers of rows, features, groups and classes, one of them at a time.

Each audit is a process of its own, with the checks ``performance``, ``fairness`` and ``slices``, on random tables. The
time of starting, importing TensorFlow and loading the model is subtracted: that of the smallest table of all.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BASE = {"rows": 20_000, "features": 10, "groups": 2, "classes": 2}
CURVES = {
    "rows": [20_000, 100_000, 500_000, 2_000_000],
    "features": [10, 100, 1_000],
    "groups": [2, 20, 200],
    "classes": [2, 10, 100, 1_000],
}


def prepare(folder: Path, rows: int, features: int, groups: int, classes: int) -> None:
    """Write a linear model of as many features and classes, its table, and the policy."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, features)).astype(np.float32)
    weights = rng.standard_normal((features, classes)).astype(np.float32)
    logits = x @ weights + rng.gumbel(size=(rows, classes)).astype(np.float32)
    columns = [f"x{i}" for i in range(features)]
    table = pd.DataFrame(x, columns=columns).assign(
        label=logits.argmax(1), group=[f"g{code:03d}" for code in rng.integers(0, groups, rows)]
    )
    table.to_parquet(folder / "rows.parquet", index=False)
    module = tf.Module()
    module.weights = tf.Variable(weights)

    @tf.function(input_signature=[tf.TensorSpec([None, features], tf.float32, name="x")])
    def serve(x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.nn.softmax(x @ module.weights)}

    tf.saved_model.save(module, str(folder / "model"), {"serving_default": serve})
    data = {
        "path": str(folder / "rows.parquet"),
        "label": "label",
        "protected": {"group": {"privileged": "g000"}},
    }
    data |= {"favorable": 1}  # of several classes, groups are compared by one
    model = {"path": str(folder / "model"), "inputs": {"x": columns}, "classes": list(range(classes))}
    checks = {"explainability": False, "robustness": False}
    policy = {"version": 1, "model": model, "data": data, "checks": checks}
    (folder / "audit.yaml").write_text(json.dumps(policy), "utf-8")


def audited(folder: Path) -> tuple[float, int]:
    """Return the processor seconds of an audit, and its peak memory in MiB."""
    command = [
        sys.executable,
        "-m",
        "audit",
        "run",
        str(folder / "audit.yaml"),
        "--quiet",
        "--out",
        str(folder / "out"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1, 3)
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def measured(**sizes: int) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as name:
        code = (
            f"from cost_curves import prepare; from pathlib import Path; prepare(Path({name!r}), **{sizes!r})"
        )
        subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, check=True, capture_output=True
        )
        return min(audited(Path(name)) for _ in range(2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curve", nargs="*", choices=CURVES, default=list(CURVES))
    options = parser.parse_args()
    start, _ = measured(**BASE | {"rows": 2_000})
    print(f"Starting and loading: {start:.1f} s\n")
    print(
        "| of | number | processor seconds beyond starting | for each | peak memory |\n|---|---|---|---|---|"
    )
    for name in options.curve:
        for number in CURVES[name]:
            seconds, peak = measured(**BASE | {name: number})
            each = (seconds - start) / number
            print(
                f"| {name} | {number:,} | {seconds - start:.1f} | {each * 1e6:,.3g} µs | {peak:,} MiB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
