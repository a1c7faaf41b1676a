"""Monitoring of a million rows, compared with scoring them: the ratio of times, and the peak memory by rows.

Run as ``python -m benchmarks.monitoring_million``. Scoring is what an audit does before its checks: labels and groups
are read, and every row goes through the model. Both are of one process, in alternating pairs; the median of the ratios
is printed. The peak memory is that of a process for each number of rows.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from audit.check import policy_from
from audit.data.dataset import read_dataset
from audit.monitoring.batch import _bound, measure_batch
from audit.monitoring.batch_files import open_batch
from audit.monitoring.monitor import Monitor
from audit.policy.model import ResolvedPolicy
from audit.subject.scoring import score
from benchmarks.million import ROWS, make_model, make_table, policy

NUMERIC = 20
SIZES = (250_000, 1_000_000)


def prepare(folder: Path) -> None:
    make_model(folder / "model", NUMERIC, 0)
    make_table(folder / "data.parquet", NUMERIC, 0)
    rows = pq.read_table(folder / "data.parquet")
    pq.write_table(rows.slice(0, 20_000), folder / "reference.parquet")
    for size in SIZES:
        pq.write_table(rows.slice(0, size), folder / f"{size}.parquet", row_group_size=100_000)


def monitored(folder: Path) -> ResolvedPolicy:
    content = policy(folder)
    rules = [
        {"metric": "performance.accuracy", "at_least": 0.5},
        {"metric": "fairness.disparate_impact", "where": {"attribute": "*"}, "at_least": 0.5},
    ]
    data = {**dict(content["data"]), "path": str(folder / "reference.parquet"), "favorable": 1}  # type: ignore[call-overload]
    data.pop("intersections")
    return policy_from({**content, "data": data, "gate": {"rules": rules}})


def ratio(folder: Path, pairs: int) -> None:
    with Monitor(monitored(folder), folder / "store") as monitor:
        files = open_batch(monitored(folder), str(folder / f"{ROWS}.parquet"), None)
        model = monitor._monitored
        bound = _bound(model, files.data)

        def scoring() -> None:
            dataset = read_dataset(model.policy.data, files.data, "auto")
            score(bound, files.data, dataset.labels, lambda *_: None, attributes=dataset.attributes)

        def monitoring() -> None:
            measure_batch(model, files, lambda *_: None)

        for work in (scoring, monitoring):  # traced once
            work()
        times = [(timed(scoring), timed(monitoring)) for _ in range(pairs)]
    for scored, measured in times:
        print(f"  scoring {scored:.2f} s, monitoring {measured:.2f} s, ratio {measured / scored:.2f}")
    print(
        f"  median ratio {statistics.median(measured / scored for scored, measured in times):.2f} (bar 1.5)"
    )


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def observe(folder: Path, size: int) -> None:
    """Count one batch and print the peak memory of the process in MiB."""
    with tempfile.TemporaryDirectory() as store, Monitor(monitored(folder), Path(store)) as monitor:
        assert monitor.observe(folder / f"{size}.parquet").outcome.rows == size
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--observe", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.observe:
        observe(Path(options.observe[0]), int(options.observe[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        ratio(folder, options.pairs)
        for size in SIZES:
            command = [sys.executable, "-m", "benchmarks.monitoring_million", "--observe", name, str(size)]
            peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
            print(f"  peak memory with {size:,} rows: {peak} MiB")


if __name__ == "__main__":
    main()
