"""TensorBoard logs of monitored models: a run is a model version, a step a batch, and its time that of its data.

TensorFlow is not imported. TensorBoard's `EventFileWriter` would do so, and so would its summaries of layouts; its stub
in place of TensorFlow would serve the whole process, and break `tf.summary` in the program that calls this one.
"""

import html
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.errors import AuditError, not_installed
from audit.formats.text.safe_text import clean
from audit.monitoring.outcome import BatchOutcome
from audit.monitoring.tensorboard_layout import Charts, charts_of, layout_value, merged
from audit.monitoring.tensorboard_tags import evidence_scalars, is_float32, scalars

_STATE = ".last-sequence"
_EVENT_FILE = "events.out.tfevents."
_MAX_FLOAT32 = 3.4028234e38
_MAX_COLUMNS = 120
_BRACKETS = str.maketrans("()", "[]")
_MARKUP = re.compile(r"[\\`*_{}\[\]()#+.!|-]")


@dataclass(frozen=True)
class _State:
    """The last batch that is written, the event file with its size after it, the last layout, and the latest time."""

    sequence: int
    file: str
    size: int
    charts: Charts
    latest: float


def write(folder: Path, run: str, outcomes: Sequence[BatchOutcome]) -> None:
    """Append to the run's logs the outcomes that they lack; only one process at a time may write a run.

    Args:
        folder: log directory of all runs, TensorBoard's ``--logdir``.
        run: name of the run, which becomes a directory in ``folder``.
        outcomes: batches of this run; those up to the last one that was written are skipped.

    Raises:
        AuditError: TensorBoard is not installed, or the logs cannot be written.
    """
    require_tensorboard()
    logs = folder / run
    try:
        state = _read_state(logs / _STATE)
        pending = sorted((o for o in outcomes if o.sequence > state.sequence), key=lambda o: o.sequence)
        if pending:
            logs.mkdir(parents=True, exist_ok=True)
            _append(logs, state, pending)
    except OSError as error:
        raise AuditError(
            where=str(logs),
            expected="a directory that can be written",
            found=str(error.strerror or error),
            fix="check its permissions and the free space",
        ) from None


def _append(logs: Path, state: _State, pending: Sequence[BatchOutcome]) -> None:
    """Write outcomes and, if it changes, the layout; then the state that says so."""
    charts = merged([state.charts, *map(charts_of, pending)])
    events: list[Any] = []
    latest = state.latest
    for outcome in pending:
        latest = max(latest, _timestamp(outcome.as_of))
        events += _events(outcome, latest)
    if charts != state.charts:
        events[-1].summary.value.append(layout_value(charts))
    file = _event_file(logs, state)
    size = _write_events(file, events)
    # A kill here leaves the file longer than the state says: the batches are repeated in a new one, and none is lost.
    _save_state(logs / _STATE, _State(pending[-1].sequence, file.name, size, charts, latest))


def _event_file(logs: Path, state: _State) -> Path:
    """Return the file of the last write, or a new name that sorts after the others if a write was interrupted.

    One file a write would exhaust the file descriptors of TensorBoard, which keeps all of them open.
    """
    file = logs / state.file
    if state.file and file.is_file() and file.stat().st_size == state.size:
        return file
    numbers = [int(path.name.removeprefix(_EVENT_FILE)) for path in logs.glob(_EVENT_FILE + "[0-9]" * 10)]
    return logs / f"{_EVENT_FILE}{max(numbers, default=0) + 1:010d}"


def _write_events(file: Path, events: Sequence[Any]) -> int:
    """Append events, wait until they are on disk, and return the size of the file."""
    from tensorboard.compat.proto import event_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    with open(file, "ab") as stream:
        writer = RecordWriter(stream)
        if not stream.tell():
            head = event_pb2.Event(wall_time=events[0].wall_time, file_version="brain.Event:2")
            writer.write(head.SerializeToString())
        for event in events:
            writer.write(event.SerializeToString())
        stream.flush()
        os.fsync(stream.fileno())
        return stream.tell()


def _read_state(file: Path) -> _State:
    try:
        return _State(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return _State(0, "", 0, {}, 0.0)
    except (ValueError, TypeError):
        raise AuditError(
            where=str(file),
            expected="what was last written to the logs beside it",
            found="something else",
            fix=f"delete {file.parent}: its batches are written anew",
        ) from None


def _save_state(file: Path, state: _State) -> None:
    partial = file.with_name(f"{file.name}.partial")
    with open(partial, "w", encoding="utf-8") as stream:
        json.dump(asdict(state), stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def _events(outcome: BatchOutcome, latest: float) -> Iterator[Any]:
    """Yield the events of one batch: its numbers at its own time, and the evidence at the ``latest`` so far.

    Evidence follows the order of arrival: labels that come late would draw it backwards.
    """
    from tensorboard.compat.proto import event_pb2
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.plugins.text.summary_v2 import text_pb

    for time, points in ((_timestamp(outcome.as_of), scalars), (latest, evidence_scalars)):
        event = event_pb2.Event(wall_time=time, step=outcome.sequence)
        for tag, value in points(outcome):
            if is_float32(value):
                event.summary.MergeFrom(scalar_pb(tag, value))
        yield event
    event = event_pb2.Event(wall_time=latest, step=outcome.sequence)
    for tag, text in _texts(outcome):
        event.summary.MergeFrom(text_pb(tag, text))
    if outcome.events:
        yield event


def _timestamp(as_of: str) -> float:
    time = datetime.fromisoformat(as_of)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _texts(outcome: BatchOutcome) -> Iterator[tuple[str, str]]:
    """Yield tag and Markdown of each kind of event: TensorBoard shows one text a tag and step."""
    for kind in dict.fromkeys(event.kind for event in outcome.events):
        texts = [_plain(event.text) for event in outcome.events if event.kind == kind]
        yield f"events/{kind}", texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)


def _plain(text: str) -> str:
    """Return Markdown that shows a text as it is, on one line."""
    return _MARKUP.sub(r"\\\g<0>", html.escape(" ".join(clean(text).split()), quote=False))


def require_tensorboard() -> None:
    """Raise an AuditError unless TensorBoard is installed."""
    try:
        import tensorboard.compat.proto.event_pb2  # noqa: F401
    except ImportError as error:
        raise not_installed("TensorBoard logs", "TensorBoard", "monitoring", error) from None
