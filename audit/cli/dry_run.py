"""`audit run --dry-run`: what an audit would do, and about how long it would take."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from audit.check import Check, build_checks, require_installed
from audit.cli.plain_text import plain
from audit.execution import open_backend
from audit.execution.threads import cores
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


_SIZES = ("rows", "references", "budget", "queries", "steps")
"""Options that an audit's cost grows with."""

_NEARLY_HALF = 0.6

Range = tuple[float, float]
"""The least and the most of a number that is not known before."""


@dataclass(frozen=True)
class PlannedStep:
    """A step of an audit: evaluations of the model on a row, bytes of its input, and seconds; None if not known.

    ``halved_by`` are settings under which it would take about half as long.
    """

    name: str
    evaluations: Range | None
    input_bytes: Range | None
    seconds: Range | None
    halved_by: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AuditPlan:
    """What an audit would do: its steps, the first of which scores all rows, and the files that it would write.

    ``workers`` is None for all cores of a cluster.
    """

    model: str
    data: str
    rows: int
    rules: int
    steps: list[PlannedStep]
    files: list[str]
    timed_rows: int
    backend: str
    workers: int | None

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
        AuditError: it would not start: there is no such check, the options of its backend do not go together, or data
            or model cannot be opened.
    """
    open_backend(policy.execution, lambda _: None)  # which starts no workers yet
    require_short(policy.waivers, policy.gate, on)
    for name in only:
        require_installed(name, f"--only {name}")
    checks = {name: check for name, check in build_checks(policy).items() if not only or name in only}
    size = preview(policy)
    models = 2 if policy.model.baseline else 1
    steps = [_step("scoring", (size.rows, size.rows), size, size.seconds, models)]
    for name, check in checks.items():
        step = _step(name, check.planned_evaluations(size), size, _SECONDS_AT_REST.get(name, 0.0), models)
        steps.append(replace(step, halved_by=_halved_by(name, check, size)))
    names = dict.fromkeys(FORMATS[name].file for name in formats or policy.report.formats)
    return AuditPlan(
        model=policy.model.path,
        data=policy.data.path,
        rows=size.rows,
        rules=len(policy.rules),
        steps=steps,
        files=[str(out / name) for name in (REPORT_FILE, *names)],
        timed_rows=size.timed_rows,
        backend=policy.execution.backend,
        workers=policy.execution.workers or {"local": 1, "processes": cores()}.get(policy.execution.backend),
    )


def _step(name: str, evaluations: Range | None, size: Preview, at_rest: float, models: int) -> PlannedStep:
    if evaluations is None:
        return PlannedStep(name, None, None, None)
    low, high = (models * number for number in evaluations)
    seconds = [round(models * at_rest + number * size.seconds_per_row, 1) for number in (low, high)]
    input_bytes = low * size.input_bytes, high * size.input_bytes
    return PlannedStep(name, (low, high), input_bytes, (seconds[0], seconds[1]))


def _halved_by(name: str, check: Check, size: Preview) -> list[str]:
    """Return the settings, each with half of an option's value, that about halve the greatest number of evaluations."""
    planned = check.planned_evaluations(size)
    if not planned or not planned[1]:
        return []
    settings = []
    for option in _SIZES:
        value = getattr(check, option, None)
        if isinstance(value, int | float) and value > 1:
            half = value // 2 if isinstance(value, int) else value / 2
            _, highest = check.model_copy(update={option: half}).planned_evaluations(size) or planned
            if highest <= _NEARLY_HALF * planned[1]:
                settings.append(f"checks.{name}.{option}={half:g}")
    return settings


def plan_lines(planned: AuditPlan) -> Iterator[str]:
    """Yield the lines for people."""
    size = f"{planned.rows:,} rows, {planned.rules} rules"
    yield f"Would audit {plain(planned.model, 300)} on {plain(planned.data, 300)}: {size}"
    yield f"  {'step':16} {'model evaluations':>22} {'of input':>20}  about"
    for step in planned.steps:
        number = "unknown" if step.evaluations is None else _range(map(_count, step.evaluations))
        size = "unknown" if step.input_bytes is None else _range(map(_size, step.input_bytes))
        seconds = "unknown" if step.seconds is None else _range(map(_duration, step.seconds))
        yield f"  {plain(step.name, 16):16} {number:>22} {size:>20}  {seconds}"
    yield f"  {'in all':16} {'':22} {'':20}  {_range(map(_duration, planned.seconds))}"
    for step in planned.steps:
        if step.halved_by:
            yield f"Half of {plain(step.name, 16)}: --set {' or '.join(step.halved_by)}"
    if planned.backend != "local":
        workers = (
            f"{planned.workers:,} workers" if planned.workers else "a worker for each core of the cluster"
        )
        yield f"Times are those of this process; --backend {planned.backend} has {workers}."
    yield f"Would write {', '.join(plain(file, 300) for file in planned.files)}"
    yield f"Nothing was measured or written; the model was timed on {planned.timed_rows:,} rows."


def json_plan(planned: AuditPlan) -> str:
    """Return the plan as JSON text."""
    return json.dumps(asdict(planned) | {"seconds": [round(end, 1) for end in planned.seconds]}, indent=2)


def _range(ends: Iterable[str]) -> str:
    return " to ".join(dict.fromkeys(ends))


def _count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else short_number(number)


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
