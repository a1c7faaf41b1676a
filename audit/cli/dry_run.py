"""`audit run --dry-run`: what an audit would do, and about how long it would take."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from audit.check import build_checks, require_installed
from audit.cli.plain_text import plain
from audit.formats.json import REPORT_FILE
from audit.formats.registry import FORMATS
from audit.model.graph.multiply_adds import short_number
from audit.policy.gate_spec import require_short
from audit.policy.model import ResolvedPolicy
from audit.subject.preview import Preview, preview

_SECONDS_AT_REST = {
    "performance": 0.1,
    "fairness": 1.0,
    "explainability": 3.0,
    "robustness": 20.0,
    "slices": 0.5,
}
"""Time that a check takes on two cores whatever the rows: most of it to compile its functions."""


Range = tuple[float, float]
"""The least and the most of a number that is not known before."""


@dataclass(frozen=True)
class PlannedStep:
    """A step of an audit, with the evaluations of the model on a row, and its seconds; None if not known."""

    name: str
    evaluations: Range | None
    seconds: Range | None


@dataclass(frozen=True)
class AuditPlan:
    """What an audit would do: its steps, the first of which scores all rows, and the files that it would write."""

    model: str
    data: str
    rows: int
    rules: int
    steps: list[PlannedStep]
    files: list[str]
    timed_rows: int

    @property
    def seconds(self) -> Range:
        """The estimate for all steps whose time is known."""
        known = [step.seconds for step in self.steps if step.seconds]
        return sum(low for low, _ in known), sum(high for _, high in known)


def plan(
    policy: ResolvedPolicy, on: date, only: Sequence[str], formats: Sequence[str], out: Path
) -> AuditPlan:
    """Return what an audit under ``policy`` would do on a date.

    Raises:
        AuditError: it would not start: there is no such check, or data or model cannot be opened.
    """
    require_short(policy.waivers, policy.gate, on)
    for name in only:
        require_installed(name, f"--only {name}")
    checks = {name: check for name, check in build_checks(policy).items() if not only or name in only}
    size = preview(policy)
    models = 2 if policy.model.baseline else 1
    steps = [_step("scoring", (size.rows, size.rows), size, size.seconds, models)]
    for name, check in checks.items():
        steps.append(
            _step(name, check.planned_evaluations(size), size, _SECONDS_AT_REST.get(name, 0.0), models)
        )
    names = dict.fromkeys(FORMATS[name].file for name in formats or policy.report.formats)
    return AuditPlan(
        model=policy.model.path,
        data=policy.data.path,
        rows=size.rows,
        rules=len(policy.rules),
        steps=steps,
        files=[str(out / name) for name in (REPORT_FILE, *names)],
        timed_rows=size.timed_rows,
    )


def _step(name: str, evaluations: Range | None, size: Preview, at_rest: float, models: int) -> PlannedStep:
    if evaluations is None:
        return PlannedStep(name, None, None)
    low, high = (models * number for number in evaluations)
    seconds = [round(models * at_rest + number * size.seconds_per_row, 1) for number in (low, high)]
    return PlannedStep(name, (low, high), (seconds[0], seconds[1]))


def plan_lines(planned: AuditPlan) -> Iterator[str]:
    """Yield the lines for people."""
    size = f"{planned.rows:,} rows, {planned.rules} rules"
    yield f"Would audit {plain(planned.model, 300)} on {plain(planned.data, 300)}: {size}"
    yield f"  {'step':16} {'model evaluations':>22}  about"
    for step in planned.steps:
        number = "unknown" if step.evaluations is None else _range(map(_count, step.evaluations))
        seconds = "unknown" if step.seconds is None else _range(map(_duration, step.seconds))
        yield f"  {plain(step.name, 16):16} {number:>22}  {seconds}"
    yield f"  {'in all':16} {'':22}  {_range(map(_duration, planned.seconds))}"
    yield f"Would write {', '.join(plain(file, 300) for file in planned.files)}"
    yield f"Nothing was measured or written; the model was timed on {planned.timed_rows:,} rows."


def json_plan(planned: AuditPlan) -> str:
    """Return the plan as JSON text."""
    return json.dumps(asdict(planned) | {"seconds": [round(end, 1) for end in planned.seconds]}, indent=2)


def _range(ends: Iterable[str]) -> str:
    return " to ".join(dict.fromkeys(ends))


def _count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else short_number(number)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
