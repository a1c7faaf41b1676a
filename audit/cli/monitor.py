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
    from audit.monitoring.monitor import Monitor, Observation
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
    _require_receiver(policy)
    with observers(request.quiet, request.debug, False) as printing:
        from audit.monitoring.monitor import Monitor

        with Monitor(policy, request.store, printing.progress) as opened:
            observation = opened.observe(request.data, request.labels, as_of)
            remarks = list(_follow_up(request, policy, opened, observation))
            run = opened.run
            assert run is not None  # the batch was counted
            outcome = opened.store.last_outcome(run) or observation.outcome
    code = exit_code(outcome)
    if not observation.counted:
        remarks.insert(0, "the store has this batch already: it was not counted again")
    if request.as_json:
        print(_json(outcome, run.version, observation.counted, remarks))
    elif not request.quiet:
        print("\n".join(_lines(outcome, run.version, remarks)))
    return code


def exit_code(outcome: Outcome) -> int:
    """Return 1 if an alarm stands, 3 if a rule has not been measured since the run began, 0 otherwise."""
    if outcome.state == "alarm":
        return FAIL
    measured = [stream.measured > 0 for stream in outcome.streams]
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


def _require_receiver(policy: ResolvedPolicy) -> None:
    """Require the webhook's address before anything is counted, lest an alarm find it missing."""
    if webhook := policy.monitoring.webhook:
        from audit.monitoring.webhook import webhook_url

        webhook_url(webhook.url_env)


def _follow_up(
    request: Request, policy: ResolvedPolicy, opened: "Monitor", observation: "Observation"
) -> Iterator[str]:
    """Roll back, write logs and send alerts; yield what a reader should know of it. What fails is tried next time."""
    try:
        if text := opened.roll_back_if_due(observation):
            yield text
    except AuditError as error:
        yield f"the rollback failed, and the next batch tries it again: {error.where}: {error.found}"
    if request.tensorboard or policy.monitoring.tensorboard:
        _write_logs(request.tensorboard or Path(str(policy.monitoring.tensorboard)), opened.store)
    if request.export:
        _export(request.export, opened.store)
    if policy.monitoring.webhook:
        yield from _send(opened.store, policy)


def _send(store: "Store", policy: ResolvedPolicy) -> Iterator[str]:
    from audit.monitoring.webhook import deliver, webhook_url

    webhook = policy.monitoring.webhook
    assert webhook is not None  # the caller asked
    delivery = deliver(store, webhook_url(webhook.url_env), webhook.format, store.folder / "alerts.lock")
    if delivery.waiting:
        wait = "alert waits" if delivery.waiting == 1 else "alerts wait"
        yield f"{delivery.waiting} {wait} in the store: {delivery.problem}. The next batch sends them again"


def _write_logs(folder: Path, store: "Store") -> None:
    from audit.monitoring.tensorboard import write

    for run in store.runs():
        write(folder, run.name, store.outcomes(run))


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
        f"{state}: {plain(version, 500)}, batch {outcome.sequence} as of {outcome.as_of}: {outcome.rows:,} rows, "
        f"{outcome.labelled:,} with a label"
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


def _rule_lines(stream: RuleStream, measured: list[RuleOutcome]) -> Iterator[str]:
    mark = "FAILS" if stream.evidence.alarm else "rule "
    evidence = _evidence(stream.evidence.log_e, stream.evidence.log_line)
    if not measured:
        yield f"  {mark}     {plain(stream.rule, 300)}: not measured, {plain(stream.reason, 300)}; {evidence}"
        return
    outside = [one for one in measured if one.breaks]
    worst = (outside or measured)[0]
    value = f"{worst.estimate.value:.3g} ({worst.estimate.low:.3g} to {worst.estimate.high:.3g})"
    others = f" and {len(measured) - 1} more" if len(measured) > 1 else ""
    yield f"  {mark}     {plain(stream.rule, 300)}: {value}{others}; {evidence}"


def _evidence(log_e: float, log_line: float) -> str:
    return f"e-value {_power(log_e)}, alarm at {_power(log_line)}"


def _power(log_value: float) -> str:
    return f"{math.exp(log_value):.3g}" if log_value < 10 * _LN10 else f"10^{log_value / _LN10:.0f}"
