"""TensorBoard logs of monitored models: a run is a model version, a step a batch, and its time that of its data.

TensorFlow is not imported. TensorBoard's `EventFileWriter` would do so, and so would its summaries of layouts; its stub
in place of TensorFlow would serve the whole process, and break `tf.summary` in the program that calls this one.
"""

import html
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.formats.text.safe_text import clean, elide
from audit.monitoring.outcome import EVERYONE, DriftOutcome, Estimate, Evidence, Outcome, RuleOutcome

_STATE = ".last-sequence"
_EVENT_FILE = "events.out.tfevents."
_MAX_FLOAT32 = 3.4028234e38
_MAX_COLUMNS = 120
_BRACKETS = str.maketrans("()", "[]")
_MARKUP = re.compile(r"[\\`*_{}\[\]()#+.!|-]")

Charts = dict[str, list[str]]
"""Tags' beginnings by category of the layout, one a measurement, stream or variable."""


@dataclass(frozen=True)
class _State:
    """The last batch that is written, the event file with its size after it, and the charts of the last layout."""

    sequence: int
    file: str
    size: int
    charts: Charts


def write(folder: Path, run: str, outcomes: Sequence[Outcome]) -> None:
    """Append to the run's logs the outcomes that they lack; only one process at a time may write a run.

    Args:
        folder: log directory of all runs, TensorBoard's ``--logdir``.
        run: name of the run, which becomes a directory in ``folder``.
        outcomes: batches of this run; those up to the last one that was written are skipped.

    Raises:
        AuditError: TensorBoard is not installed, or the logs cannot be written.
    """
    _require_tensorboard()
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


def _append(logs: Path, state: _State, pending: Sequence[Outcome]) -> None:
    """Write outcomes and, if it changes, the layout; then the state that says so."""
    charts = _merged([state.charts, *map(_charts, pending)])
    events = [_event(outcome) for outcome in pending]
    if charts != state.charts:
        events[-1].summary.value.append(_layout_value(charts))
    file = _event_file(logs, state)
    size = _write_events(file, events)
    # A kill here leaves the file longer than the state says: the batches are repeated in a new one, and none is lost.
    _save_state(logs / _STATE, _State(pending[-1].sequence, file.name, size, charts))


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
        return _State(0, "", 0, {})
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


def _event(outcome: Outcome) -> Any:
    """Return the event of one batch, with all its scalars and texts."""
    from tensorboard.compat.proto import event_pb2
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.plugins.text.summary_v2 import text_pb

    event = event_pb2.Event(wall_time=_timestamp(outcome.as_of), step=outcome.sequence)
    for tag, value in _scalars(outcome):
        if _is_float32(value):
            event.summary.MergeFrom(scalar_pb(tag, value))
    for tag, text in _texts(outcome):
        event.summary.MergeFrom(text_pb(tag, text))
    return event


def _timestamp(as_of: str) -> float:
    time = datetime.fromisoformat(as_of)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _scalars(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Yield tag and value of each scalar of a batch; they may be infinite or NaN."""
    yield "batch/rows", outcome.rows
    yield "batch/labelled", outcome.labelled
    for tag, evidence in _evidence(outcome).items():
        yield f"{tag}/log10 e-value", evidence.log_e / math.log(10)
        yield f"{tag}/alarm line", evidence.log_line / math.log(10)
    for tag, rule in _rules(outcome).items():
        yield from _estimate(tag, rule.estimate)
        yield f"{tag}/limit low", rule.low
        yield f"{tag}/limit high", rule.high
    for tag, drift in _drift(outcome).items():
        for name in ("psi", "js", "ks"):
            yield from _estimate(f"{tag}/{name}", getattr(drift, name))


def _estimate(tag: str, estimate: Estimate) -> Iterator[tuple[str, float]]:
    # A margin chart shows nothing at all if one of its three series lacks a step.
    if _is_complete(estimate):
        yield f"{tag}/value", estimate.value
        yield f"{tag}/low", estimate.low
        yield f"{tag}/high", estimate.high


def _is_complete(estimate: Estimate) -> bool:
    return all(map(_is_float32, (estimate.value, estimate.low, estimate.high)))


def _is_float32(value: float) -> bool:
    """Return whether a value is neither NaN nor infinite, also as the 32 bits in which it is written."""
    return abs(value) <= _MAX_FLOAT32


def _rules(outcome: Outcome) -> dict[str, RuleOutcome]:
    """Return the rules' measurements by the beginning of their tags."""
    wheres = [",".join(f"{key}={value}" for key, value in rule.where.items()) for rule in outcome.rules]
    names = _names([(rule.rule, where) for rule, where in zip(outcome.rules, wheres, strict=True)])
    return {f"rules/{name}": rule for name, rule in zip(names, outcome.rules, strict=True)}


def _drift(outcome: Outcome) -> dict[str, DriftOutcome]:
    """Return the shifts of variables by the beginning of their tags."""
    names = _names([(f"{drift.kind} {drift.variable}", drift.group) for drift in outcome.drift])
    return {f"drift/{name}": drift for name, drift in zip(names, outcome.drift, strict=True)}


def _evidence(outcome: Outcome) -> dict[str, Evidence]:
    """Return all evidence by the beginning of its tags: overall, of rules, of drift."""
    rules = _names([(stream.rule, "") for stream in outcome.streams])
    return {
        "evidence/all": outcome.evidence,
        **{f"evidence/rules/{n}": s.evidence for n, s in zip(rules, outcome.streams, strict=True)},
        **{f"evidence/{tag}": drift.evidence for tag, drift in _drift(outcome).items()},
    }


def _names(keys: Sequence[tuple[str, str]]) -> list[str]:
    """Return a short printable name of each name and group; a digest separates those that would read the same."""
    # TensorBoard takes what follows the first "(" of a legend for the run, and draws no line if there is none of it.
    texts = [" ".join(filter(None, key)).translate(_BRACKETS) for key in keys]
    names = [elide(" ".join(text.split()), _MAX_COLUMNS) for text in texts]
    counts = Counter(names)
    return [
        name if name == text and counts[name] == 1 else f"{name} #{_digest(key)}".lstrip()
        for key, text, name in zip(keys, texts, names, strict=True)
    ]


def _digest(key: tuple[str, str]) -> str:
    return sha256(json.dumps(key).encode()).hexdigest()[:8]


def _texts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield tag and Markdown of each kind of event: TensorBoard shows one text a tag and step."""
    for kind in dict.fromkeys(event.kind for event in outcome.events):
        texts = [_plain(event.text) for event in outcome.events if event.kind == kind]
        yield f"events/{kind}", texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)


def _plain(text: str) -> str:
    """Return Markdown that shows a text as it is, on one line."""
    return _MARKUP.sub(r"\\\g<0>", html.escape(" ".join(clean(text).split()), quote=False))


def _charts(outcome: Outcome) -> Charts:
    """Return what the layout shows of a batch."""
    drift = _drift(outcome).items()
    return {
        "Rules": [tag for tag, rule in _rules(outcome).items() if _is_complete(rule.estimate)],
        "Evidence": list(_evidence(outcome)),
        "Drift": [tag for tag, shift in drift if shift.group == EVERYONE and _is_complete(shift.ks)],
    }


def _merged(several: Iterable[Charts]) -> Charts:
    """Return the charts of all, each once: a batch without labels lacks rules, which stay in the layout."""
    tags: dict[str, dict[str, None]] = {}
    for charts in several:
        for category, new in charts.items():
            tags.setdefault(category, {}).update(dict.fromkeys(new))
    return {category: list(unique) for category, unique in tags.items()}


def _layout_value(charts: Charts) -> Any:
    """Return the layout of the Custom Scalars page as a value of a summary.

    The charts of a rule do not depend on its limits: TensorBoard merges equal charts of several runs.
    """
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.custom_scalar import layout_pb2, metadata
    from tensorboard.util import tensor_util

    add = {"Rules": _add_rule, "Evidence": _add_evidence, "Drift": _add_drift}
    layout = layout_pb2.Layout()
    for title, tags in charts.items():
        if not tags:
            continue
        category = layout.category.add(title=title)
        for tag in tags:
            add[title](category, tag, tag.partition("/")[2])
    return summary_pb2.Summary.Value(
        tag=metadata.CONFIG_SUMMARY_TAG,
        metadata=metadata.create_summary_metadata(),
        tensor=tensor_util.make_tensor_proto(layout.SerializeToString()),
    )


def _add_rule(category: Any, tag: str, name: str) -> None:
    _add_margin(category, f"{name}: value, 95 % interval", tag)
    _add_lines(category, f"{name}: value, limits", tag, ("value", "limit low", "limit high"))


def _add_evidence(category: Any, tag: str, name: str) -> None:
    _add_lines(category, f"{name}: log10 e-value", tag, ("log10 e-value", "alarm line"))


def _add_drift(category: Any, tag: str, name: str) -> None:
    _add_margin(category, f"{name}: ks, 95 % interval", f"{tag}/ks")


def _add_margin(category: Any, title: str, tag: str) -> None:
    series = category.chart.add(title=title).margin.series
    series.add(value=f"{tag}/value", lower=f"{tag}/low", upper=f"{tag}/high")


def _add_lines(category: Any, title: str, tag: str, names: Iterable[str]) -> None:
    category.chart.add(title=title).multiline.tag.extend(f"^{re.escape(f'{tag}/{name}')}$" for name in names)


def _require_tensorboard() -> None:
    try:
        import tensorboard.compat.proto.event_pb2  # noqa: F401
    except ImportError as error:
        raise AuditError(
            where="TensorBoard logs",
            expected="TensorBoard, which is installed on request",
            found=str(error),
            fix="pip install 'savedmodel-audit[monitoring]'",
        ) from None
