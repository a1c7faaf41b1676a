"""Export of a store as one Parquet table, a row for each quantity of each batch."""

import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import AuditError
from audit.machine_errors import machine_error
from audit.monitoring.outcome import BatchOutcome, EValue, IntervalEstimate
from audit.monitoring.store import Run, Store

_NO_ESTIMATE = IntervalEstimate(value=math.nan, low=math.nan, high=math.nan)
SCHEMA = pa.schema(
    {
        "run": pa.int64(),
        "version": pa.string(),
        "model": pa.string(),
        "batch": pa.int64(),
        "as_of": pa.string(),
        "digest": pa.string(),
        "kind": pa.string(),
        "name": pa.string(),
        "where": pa.string(),
        "metric": pa.string(),
        "rows": pa.int64(),
        "value": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "limit_low": pa.float64(),
        "limit_high": pa.float64(),
        "log_e": pa.float64(),
        "log_line": pa.float64(),
        "alarm": pa.bool_(),
    }
)
"""Columns of the table; ``kind`` is "all", "rule", "drift", and intervals are 95 % ones."""


def write_table(file: Path, store: Store) -> None:
    """Write every batch of a store to ``file``, which is replaced as a whole.

    Raises:
        AuditError: the file cannot be written.
    """
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}", delete=False) as stream:
            partial = Path(stream.name)
            _write(stream, store)
            stream.flush()  # what a buffer still holds would be missing, or find the disk full, after the move
            os.fsync(stream.fileno())
        partial.chmod(0o644)
        partial.replace(file)
    except OSError as error:
        of_machine = machine_error(error)
        if of_machine is None:
            raise
        raise AuditError(
            where=str(file),
            expected="a file that can be written",
            found=of_machine.found,
            fix=of_machine.fix,
        ) from error
    finally:
        if partial is not None:  # an interrupt leaves nothing behind either
            partial.unlink(missing_ok=True)


def _write(stream: IO[bytes], store: Store) -> None:
    with pq.ParquetWriter(stream, SCHEMA) as writer:
        for run in store.runs():
            rows = [row for outcome in store.outcomes(run) for row in _rows(run, outcome)]
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))


def _rows(run: Run, outcome: BatchOutcome) -> Iterator[dict[str, object]]:
    about: dict[str, object] = {
        "run": run.id,
        "version": run.version,
        "model": run.model,
        "batch": outcome.sequence,
        "as_of": outcome.as_of,
        "digest": outcome.digest,
    }
    yield about | {"kind": "all", "name": "", "rows": outcome.rows} | _evidence(outcome.evidence)
    evidence = {stream.rule: stream.evidence for stream in outcome.streams}
    for rule in outcome.rules:
        where = ",".join(f"{key}={value}" for key, value in sorted(rule.where.items()))
        limits = {"limit_low": rule.low, "limit_high": rule.high}
        named = {"kind": "rule", "name": rule.rule, "metric": rule.metric, "where": where, "rows": rule.rows}
        yield about | named | limits | _estimate(rule.estimate) | _evidence(evidence[rule.rule])
    for drift in outcome.drift:
        named = {
            "kind": f"drift of {drift.kind}",
            "name": drift.variable,
            "where": drift.group,
            "rows": drift.rows,
        }
        for metric in ("psi", "js", "ks"):
            estimate = _estimate(getattr(drift, metric))
            yield about | named | {"metric": metric} | estimate | _evidence(drift.evidence)


def _estimate(estimate: IntervalEstimate) -> dict[str, object]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _evidence(evidence: EValue) -> dict[str, object]:
    return {"log_e": evidence.log_e, "log_line": evidence.log_line, "alarm": evidence.alarm}
