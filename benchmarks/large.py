"""Whole audits of models that cost much, under the default budgets: processor seconds, and what was measured.

A network for 1,000 columns on 1,200 rows, and MobileNetV2 (random weights) on 60 images of 150 x 150 pixels: with
decisions that attacks flip early, and with ones that none flips, where every attack takes all its steps.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS, COLUMNS, IMAGES, SIDE = 1200, 1000, 60, 150


def table(folder: Path) -> dict[str, Any]:
    """Write a network of two layers and its rows, of which 30 columns decide."""
    import keras

    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    label = (x[:, :30] @ rng.normal(size=30) > 0).astype(int)
    dense = keras.layers.Dense
    layers = [dense(64, activation="relu"), dense(32, activation="relu"), dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((COLUMNS,)), *layers])
    model.compile("adam", "binary_crossentropy")
    model.fit(x, label, epochs=5, verbose=0)
    model.export(folder / "model", verbose=False)
    pd.DataFrame(x).rename(columns="f{}".format).assign(label=label).to_parquet(folder / "data.parquet")
    return {"path": "data.parquet", "label": "label"}


def images(folder: Path, resisting: bool) -> dict[str, Any]:
    """Write MobileNetV2 and its images, with a last layer that tells them apart, or decides all of them alike."""
    import keras

    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    small = rng.normal(size=(IMAGES, 6, 6, 3))
    smooth = np.asarray(keras.ops.image.resize(small, (SIDE, SIDE)))
    pixels = np.clip(128 + 60 * smooth, 0, 255).astype(np.uint8)
    model = keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), weights=None, classes=2)
    features = keras.Model(model.input, model.layers[-2].output).predict(pixels / 127.5 - 1, verbose=0)
    centred = features - features.mean(0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    weights = np.stack([-axis, axis], 1) / (centred @ axis).std()
    bias = -features.mean(0) @ weights + (np.array([-1e3, 1e3]) if resisting else 0)
    model.layers[-1].set_weights([weights.astype(np.float32), bias.astype(np.float32)])
    model.export(folder / "model", verbose=False)
    label = (centred @ axis > 0).astype(int)
    np.savez(folder / "data.npz", image=pixels, label=label)
    return {"path": "data.npz", "label": "label", "pixels": [-1, 1]}


def audited(build: Callable[[Path], dict[str, Any]]) -> tuple[float, dict[str, Any]]:
    """Return the processor seconds of `audit run` as a command, and its report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policy = {"version": 1, "model": {"path": "model"}, "data": build(folder)}
        (folder / "audit.yaml").write_text(json.dumps(policy))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "audit", "run", "audit.yaml", "--quiet"]
        subprocess.run(command, cwd=folder, check=False, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads((folder / "audit-report" / "report.json").read_text())
    return sum(after[:2]) - sum(before[:2]), report


def measured(report: dict[str, Any]) -> tuple[int, int]:
    """Return the numbers of rows that were explained and attacked."""
    n = {m["metric"]: m["n"] for check in report["checks"] for m in check["measurements"]}
    return n["explainability.mean_abs_attribution"], n["robustness.clean_accuracy"]


def main() -> None:
    kinds: dict[str, Callable[[Path], dict[str, Any]]] = {
        "1,000 columns, 1,200 rows": table,
        "MobileNetV2, 60 images": lambda folder: images(folder, resisting=False),
        "MobileNetV2 that nothing flips": lambda folder: images(folder, resisting=True),
    }
    command = [sys.executable, "-c", "import tensorflow"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    importing = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - sum(before[:2])
    print("| model | processor seconds | times `import tensorflow` | rows explained | rows attacked |")
    print("|---|---|---|---|---|")
    for kind, build in kinds.items():
        seconds, report = audited(build)
        explained, attacked = measured(report)
        print(f"| {kind} | {seconds:.0f} | {seconds / importing:.0f} | {explained} | {attacked} |")


if __name__ == "__main__":
    main()
