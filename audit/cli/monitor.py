"""`audit monitor`: counts a batch, prints the state after it, and tells whoever is to be told."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.check import load_policy
from audit.cli.exit_codes import FAIL, INCONCLUSIVE, PASS
from audit.cli.plain_text import plain
from audit.cli.progress import observers
from audit.errors import AuditError
from audit.monitoring.changes import interval_text, limits, most_shifted, shift
from audit.monitoring.outcome import BatchOutcome, EValue, Event, RuleOutcome, RuleStream
from audit.policy.model import ResolvedPolicy

if TYPE_CHECKING:
    from audit.monitoring.store import Store

_LN10 = math.log(10.0)


@dataclass(frozen=True, kw_only=True)
class MonitorRequest:
    """Parsed command line of `audit monitor`."""

    policy: Path
    data: str | None
    labels: str | None
    store: Path
    as_of: str | None
    tensorboard: Path | None
    export: Path | None
    as_json: bool
    quiet: bool
    debug: bool


def monitor(request: MonitorRequest) -> int:
    """Count the batch, write logs, send alerts, roll back if that is due; return the exit code of the state."""
    policy = load_policy(request.policy)
    as_of = parse_time(request.as_of)
    if request.data is None:
        return _export_only(request, policy)
    with observers(request.quiet, request.debug, False) as printing:
        from audit.monitoring.follow_up import follow_up, require_equipment
        from audit.monitoring.monitor import Monitor

        with Monitor(policy, request.store, printing.progress, printing.crash) as opened:
            require_equipment(opened, request.tensorboard)
            observation = opened.observe(request.data, request.labels, as_of)
            with _after_counting():
                remarks = list(follow_up(opened, observation, request.tensorboard))
                if request.export:
                    _export(request.export, opened.store)
            version, outcome = opened.model.version, observation.outcome
            alarms = opened.alarms() if outcome.state == "alarm" else []
    code = exit_code(outcome)
    if not observation.counted:
        remarks.insert(0, f"this batch was counted before: shown is the state after batch {outcome.sequence}")
    if request.as_json:
        print(_json(outcome, version, code, observation.counted, remarks))
    elif not request.quiet:
        print("\n".join(_lines(outcome, version, code, alarms, remarks)))
    return code


@contextmanager
def _after_counting() -> Iterator[None]:
    """Say in an error that the batch was counted all the same."""
    try:
        yield
    except AuditError as error:
        text = f"{error.found}; the batch was counted, and 'audit monitor' shows its state when it is given again"
        raise AuditError(where=error.where, expected=error.expected, found=text, fix=error.fix) from error


def exit_code(outcome: BatchOutcome) -> int:
    """Return 1 if an alarm stands, 3 if a rule was never measured in this run or its check crashed, 0 otherwise."""
    if outcome.state == "alarm":
        return FAIL
    measured = [stream.measured > 0 and not stream.crashed for stream in outcome.streams]
    return PASS if all(measured) and (measured or outcome.drift) else INCONCLUSIVE


def parse_time(text: str | None) -> datetime | None:
    """Return the time of ``--as-of``, in UTC unless it names a zone; None for None.

    Raises:
        AuditError: ``text`` is no time.
    """
    try:
        time = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise AuditError(
            where="--as-of",
            expected="a date or time such as 2027-01-31 or 2027-01-31T06:00Z",
            found=repr(text),
        ) from None
    return time if time is None or time.tzinfo else time.replace(tzinfo=UTC)


def _export_only(request: MonitorRequest, policy: ResolvedPolicy) -> int:
    """Write the table of a store without a new batch."""
    from audit.monitoring.identity import monitored_digest
    from audit.monitoring.store import Store
    from audit.monitoring.store_file import FILE

    if request.export is None:
        raise AuditError(where="--data", expected="a batch of new rows, or --export FILE", found="neither")
    store = Store.open_existing(request.store, monitored_digest(policy))
    if store is None:
        raise AuditError(
            where=str(request.store / FILE),
            expected="a store",
            found="no such file",
            fix="name its directory with --store, or count a batch first with --data",
        )
    _export(request.export, store)
    store.close()
    return PASS


def _export(file: Path, store: "Store") -> None:
    from audit.monitoring.export import write_table

    write_table(file, store)


def _json(outcome: BatchOutcome, version: str, code: int, counted: bool, remarks: list[str]) -> str:
    facts = {"version": version, "exit_code": code, "counted": counted, "remarks": remarks} | asdict(outcome)
    return json.dumps(_finite(facts), indent=2)


def _finite(value: Any) -> Any:
    """Return JSON data in which numbers that are not finite are null: JSON has no others."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(
    outcome: BatchOutcome,
    version: str,
    code: int,
    alarms: list[tuple[BatchOutcome, Event]],
    remarks: list[str],
) -> Iterator[str]:
    """Yield the summary: the state and its causes, the rules, the largest shifts, and remarks."""
    state = {FAIL: "ALARM", INCONCLUSIVE: "NOT MEASURED", PASS: "quiet"}[code]
    rows = f"{outcome.rows:,} rows, {outcome.labelled:,} with a label"
    late = f"{outcome.labelled:,} late labels of rows that were counted before"
    about = f"batch {outcome.sequence} as of {outcome.as_of}: {rows if outcome.rows else late}"
    yield f"{state}: {plain(version, 500)}, {about}"
    for batch, event in alarms:
        since = (
            "new" if batch.sequence == outcome.sequence else f"since batch {batch.sequence}, {batch.as_of}"
        )
        yield f"  alarm     {plain(event.text, 1000)} [{since}]"
    for stream in sorted(outcome.streams, key=lambda stream: -stream.evidence.log_e):
        yield from _rule_lines(stream, [one for one in outcome.rules if one.rule == stream.rule])
    for one in most_shifted(outcome.drift):
        mark = "DRIFT" if one.evidence.alarm else "shift"
        yield f"  {mark}     {plain(shift(one), 500)}; {_evidence(one.evidence)}"
    yield f"  overall   {_evidence(outcome.evidence)}"
    for note in [*outcome.notes, *remarks]:
        yield f"  note      {plain(note, 1000)}"


def _rule_lines(stream: RuleStream, measured: list[RuleOutcome]) -> Iterator[str]:
    mark = "FAILS" if stream.evidence.alarm else "rule "
    name = plain(stream.rule, 300)
    if stream.reason or not measured:
        yield f"  {mark}     {name}: not measured, {plain(stream.reason, 300)}; {_evidence(stream.evidence)}"
        return
    broken = [one for one in measured if one.breaks]
    first = (broken or measured)[0]
    others = f" and {len(measured) - 1} more" if len(measured) > 1 else ""
    outside = ", outside in this batch" if broken else ""
    value = f"{interval_text(first.estimate)}{others}, limit {limits(first)}{outside}"
    yield f"  {mark}     {name}: {value}; {_evidence(stream.evidence)}"


def _evidence(evidence: EValue) -> str:
    if evidence.log_e <= 0.0:
        return f"no evidence, alarm at {_power(evidence.log_line)}"
    return f"e-value {_power(evidence.log_e)}, alarm at {_power(evidence.log_line)}"


def _power(log_value: float) -> str:
    return f"{math.exp(log_value):,.3g}" if log_value < 3 * _LN10 else f"10^{log_value / _LN10:.1f}"
