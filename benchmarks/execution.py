"""Two workers against one: attribution and attacks of a large network, beside a control that multiplies matrices.

A network of about 10 MFLOP a row is explained and attacked by one worker, and by two, each bound to a core. Timed is
what workers compute. The ratio of both times is divided by that of the control, in the same run: a machine's second
core is seldom worth a whole one.

Usage: ``python benchmarks/execution.py [--pairs N] [--backend processes|ray]``
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.update(TF_NUM_INTRAOP_THREADS="1", OPENBLAS_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import numpy as np
import pandas as pd

from audit.check import policy_from
from audit.checks.explainability.check import Explainability
from audit.checks.robustness.check import Robustness
from audit.execution.backend import Backend, Part, Result
from audit.execution.pool import WorkerPool
from audit.execution.processes import Processes
from audit.execution.ray_cluster import RayCluster
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

COLUMNS, ROWS = 16, 4000
UNITS = (1024, 2048, 1024)  # 2 * (16 * 1024 + 1024 * 2048 * 2 + 1024) FLOP: 8.4 million a row


def network(folder: Path) -> Subject:
    """Return a network of dense layers with random weights, on normal rows."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(units, activation="relu") for units in UNITS]
    model = keras.Sequential(
        [keras.Input((COLUMNS,), name="x"), *layers, keras.layers.Dense(1, activation="sigmoid")]
    )
    model.export(folder / "model", verbose=False)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((ROWS, COLUMNS)).astype(np.float32))
    frame.columns = [f"x{i}" for i in range(COLUMNS)]
    scores = model.predict(frame.to_numpy(), verbose=0)[:, 0]
    frame.assign(label=(scores > np.median(scores)).astype(int)).to_parquet(folder / "rows.parquet")
    policy = {
        "version": 1,
        "model": {"path": str(folder / "model"), "inputs": {"x": list(frame.columns)}},
        "data": {"path": str(folder / "rows.parquet"), "label": "label"},
    }
    return load_subject(policy_from(policy), lambda *_: None)


def multiply(part: int) -> float:
    """Multiply matrices of a million numbers for about half a second."""
    matrix = np.full((1024, 1024), 1 / 1024, np.float32)
    product = matrix
    for _ in range(20):
        product = product @ matrix
    return float(product[0, 0]) + part


class Timed(Backend):
    """A pool, and the seconds that callers waited for it; its workers are bound to a core each."""

    def __init__(self, pool: WorkerPool[Any]) -> None:
        self._pool = pool
        self.seconds = 0.0

    def bind(self) -> None:
        """Bind the workers, before they start any threads, to the first cores."""
        self._pool.ensure_workers()
        if isinstance(self._pool, Processes):
            processes = [worker.process_id for worker in self._pool.ensure_workers()]
        else:
            processes = [int(text) for text in self._pool.map(lambda _: os.getpid(), range(64))]
        for core, process in enumerate(dict.fromkeys(processes)):
            for thread in os.listdir(f"/proc/{process}/task"):
                os.sched_setaffinity(int(thread), {core})

    def close_pool(self) -> None:
        """End the workers."""
        self._pool.close()

    def map(
        self, function: Callable[[Part], Result], parts: Iterable[Part], *, concurrency: int = 1
    ) -> Iterator[Result]:
        start = time.perf_counter()
        yield from self._pool.map(function, parts, concurrency=concurrency)
        self.seconds += time.perf_counter() - start


def timed(work: Callable[[], object], backend: Timed) -> float:
    before = backend.seconds
    work()
    return backend.seconds - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--backend", choices=["processes", "ray"], default="processes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subject = network(Path(folder))
        if options.backend == "ray":
            import ray

            ray.init(address="local", num_cpus=3, include_dashboard=False, log_to_driver=False)
        kind = Processes if options.backend == "processes" else RayCluster
        pools = {workers: Timed(kind(workers, print)) for workers in (1, 2)}

        def work(workers: int) -> dict[str, Callable[[], object]]:
            pools[workers].bind()
            of_pool = replace(subject, backend=pools[workers])
            explain = Explainability(rows=24, references=64, error=0.9, budget=1e12)
            attack = Robustness(attacks=["pgd"], eps=[0.1], budget=1e12)
            return {
                "attribution": lambda: list(explain.measure(of_pool)),
                "attacks": lambda: list(attack.measure(of_pool)),
                "control": lambda: list(pools[workers].map(multiply, range(24))),
            }

        both = {workers: work(workers) for workers in (1, 2)}
        for functions in both.values():
            for function in functions.values():
                function()  # workers load the model, and compile
        speedups: dict[str, list[float]] = {name: [] for name in both[1]}
        for _ in range(options.pairs):
            for name, values in speedups.items():
                values.append(timed(both[1][name], pools[1]) / timed(both[2][name], pools[2]))
        for name in ("attribution", "attacks"):
            ratios = [
                ours / control for ours, control in zip(speedups[name], speedups["control"], strict=True)
            ]
            print(
                f"{options.backend}, {name}: {statistics.median(ratios):.2f} of the control's speedup "
                f"({', '.join(f'{ratio:.2f}' for ratio in ratios)}); two workers are "
                f"{statistics.median(speedups[name]):.2f} times as fast as one, the control "
                f"{statistics.median(speedups['control']):.2f} times"
            )
        for pool in pools.values():
            pool.close_pool()


if __name__ == "__main__":
    main()
