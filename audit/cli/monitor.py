"""`audit monitor`: counts a batch, prints the state after it, and tells whoever is to be told."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from audit.check import load_policy
from audit.cli.exit_codes import FAIL, INCONCLUSIVE, PASS
from audit.cli.progress import observers
from audit.cli.summary import plain
from audit.errors import AuditError
from audit.monitoring.changes import most_shifted, shift
from audit.monitoring.outcome import Outcome, RuleOutcome, RuleStream
from audit.policy.model import ResolvedPolicy

if TYPE_CHECKING:
    from audit.monitoring.store import Store

_LN10 = 2.302585092994046


@dataclass(frozen=True, kw_only=True)
class Request:
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


def monitor(request: Request) -> int:
    """Count the batch, write logs, send alerts, roll back if that is due; return the exit code of the state."""
    policy = load_policy(request.policy)
    as_of = parse_time(request.as_of)
    if request.data is None:
        return _export_only(request, policy)
    with observers(request.quiet, request.debug, False) as printing:
        from audit.monitoring.follow_up import follow_up, require_equipment
        from audit.monitoring.monitor import Monitor

        with Monitor(policy, request.store, printing.progress) as opened:
            require_equipment(opened, request.tensorboard)
            observation = opened.observe(request.data, request.labels, as_of)
            remarks = list(follow_up(opened, observation, request.tensorboard))
            if request.export:
                _export(request.export, opened.store)
            version, outcome = opened.model.version, observation.outcome
    code = exit_code(outcome)
    if not observation.counted:
        remarks.insert(0, "the store has this batch already: it was not counted again")
    if request.as_json:
        print(_json(outcome, version, observation.counted, remarks))
    elif not request.quiet:
        print("\n".join(_lines(outcome, version, remarks)))
    return code


def exit_code(outcome: Outcome) -> int:
    """Return 1 if an alarm stands, 3 if a rule was never measured in this run or its check crashed, 0 otherwise."""
    if outcome.state == "alarm":
        return FAIL
    measured = [stream.measured > 0 and "crashed" not in stream.reason for stream in outcome.streams]
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


def _export_only(request: Request, policy: ResolvedPolicy) -> int:
    """Write the table of a store without a new batch."""
    from audit.monitoring.identity import monitored_digest
    from audit.monitoring.store import FILE, existing_store

    if request.export is None:
        raise AuditError(where="--data", expected="a batch of new rows, or --export FILE", found="neither")
    store = existing_store(request.store, monitored_digest(policy))
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


def _json(outcome: Outcome, version: str, counted: bool, remarks: list[str]) -> str:
    facts = asdict(outcome) | {"version": version, "counted": counted, "remarks": remarks}
    return json.dumps(facts, indent=2, default=str)


def _lines(outcome: Outcome, version: str, remarks: list[str]) -> Iterator[str]:
    """Yield the summary: the state, the rules, the largest shifts, and remarks."""
    alarms = [stream for stream in outcome.streams if stream.evidence.alarm]
    state = "ALARM" if outcome.state == "alarm" else "quiet"
    yield (
        f"{state}: {plain(version, 500)}, batch {outcome.sequence} as of {outcome.as_of}: "
        + (f"{outcome.rows:,} rows, {outcome.labelled:,} with a label" if outcome.rows else _late(outcome))
    )
    yield f"  evidence  {_evidence(outcome.evidence.log_e, outcome.evidence.log_line)}"
    for stream in sorted(outcome.streams, key=lambda stream: -stream.evidence.log_e):
        yield from _rule_lines(stream, [one for one in outcome.rules if one.rule == stream.rule])
    for one in most_shifted(outcome.drift):
        mark = "DRIFT" if one.evidence.alarm else "shift"
        yield f"  {mark}     {plain(shift(one), 500)}, {_evidence(one.evidence.log_e, one.evidence.log_line)}"
    for event in outcome.events:
        yield f"  new       {plain(event.text, 1000)}"
    for note in [*outcome.notes, *remarks]:
        yield f"  note      {plain(note, 1000)}"
    if outcome.state == "alarm" and not outcome.events:
        names = ", ".join(plain(stream.rule) for stream in alarms)
        of_rules = f": {names}" if names else ""
        yield f"  alarm     stands since an earlier batch{of_rules}, until another model is promoted"


def _late(outcome: Outcome) -> str:
    return f"{outcome.labelled:,} labels of rows that were counted before"


def _rule_lines(stream: RuleStream, measured: list[RuleOutcome]) -> Iterator[str]:
    mark = "FAILS" if stream.evidence.alarm else "rule "
    evidence = _evidence(stream.evidence.log_e, stream.evidence.log_line)
    if stream.reason:
        yield f"  {mark}     {plain(stream.rule, 300)}: not measured, {plain(stream.reason, 300)}; {evidence}"
        return
    outside = [one for one in measured if one.breaks]
    if not measured:
        yield f"  {mark}     {plain(stream.rule, 300)}: {evidence}"
        return
    worst = (outside or measured)[0]
    value = f"{worst.estimate.value:.3g} ({worst.estimate.low:.3g} to {worst.estimate.high:.3g})"
    others = f" and {len(measured) - 1} more" if len(measured) > 1 else ""
    yield f"  {mark}     {plain(stream.rule, 300)}: {value}{others}; {evidence}"


def _evidence(log_e: float, log_line: float) -> str:
    return f"e-value {_power(log_e)}, alarm at {_power(log_line)}"


def _power(log_value: float) -> str:
    return f"{math.exp(log_value):.3g}" if log_value < 10 * _LN10 else f"10^{log_value / _LN10:.0f}"
