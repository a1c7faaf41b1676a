"""Outcomes of sixty batches to be logged, and logs as TensorBoard's own reader reads them."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audit.monitoring.outcome import (
    EVERYONE,
    BatchOutcome,
    DriftOutcome,
    EValue,
    Event,
    IntervalEstimate,
    RuleOutcome,
    RuleStream,
)
from audit.result import Scalar

ROOT = Path(__file__).parents[2]
RUN = "v3-1f2e3d4c"
EVENT_FILE = "events.out.tfevents.0000000001"
GAP = "rules/gap sex: female"
START = datetime(2026, 3, 1, 6, tzinfo=UTC)
VARIABLES = [("feature", "age"), ("feature", "income (USD)"), ("score", "score")]
EVENTS = {
    1: [Event(kind="started", text="Version 3 is monitored from here on.")],
    40: [
        Event(kind="drift", text="Drift of *age*: e-value 1,200 over the line 1,000.", subject="age"),
        Event(kind="drift", text="# Drift of <b>score</b> | of [all](//e)", subject="score"),
    ],
    45: [Event(kind="rule", text="min_accuracy fails: 0.78 is below 0.80.", subject="min_accuracy")],
    50: [Event(kind="rollback", text="Version 3 was taken back:\n- version 2 serves.")],
}
NAN = IntervalEstimate(value=math.nan, low=math.nan, high=math.nan)
# A process of its own: TensorBoard's stub in place of TensorFlow serves a whole process, and breaks tf.summary in it.
READER = """
import json, sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util.tensor_util import make_ndarray
logs = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={event_accumulator.TENSORS: 0}).Reload()
points = {
    tag: [(e.step, e.wall_time, make_ndarray(e.tensor_proto).item()) for e in logs.Tensors(tag)]
    for tag in logs.Tags()["tensors"]
}
plugins = {tag: logs.SummaryMetadata(tag).plugin_data.plugin_name for tag in points}
print(json.dumps([points, plugins], default=bytes.hex))
"""

Points = dict[str, list[tuple[int, float, Any]]]


def wave(step: int, period: float, low: float, high: float) -> float:
    return low + (high - low) * (0.5 + 0.5 * math.sin(2 * math.pi * step / period))


def around(value: float, width: float) -> IntervalEstimate:
    return IntervalEstimate(value=value, low=value - width, high=value + width)


def evidence(step: int, slope: float) -> EValue:
    log_e = slope * step - 0.4 * wave(step, 7, 0, 1)
    return EValue(log_e=log_e, log_line=math.log(1000), alarm=log_e >= math.log(1000))


def rules(step: int) -> list[RuleOutcome]:
    """Two rules; every tenth batch has no labels."""
    accuracy = NAN if step % 10 == 0 else around(wave(step, 31, 0.82, 0.9) - 0.002 * step, 0.03)
    gap = NAN if step % 10 == 0 else around(wave(step, 17, -0.04, 0.04), 0.05)
    first = RuleOutcome(
        rule="min_accuracy",
        metric="performance.accuracy",
        where={},
        estimate=accuracy,
        low=0.8,
        high=math.inf,
        rows=200,
    )
    where: dict[str, Scalar] = {"attribute": "sex", "group": "female"}
    return [first, replace(first, rule="gap", where=where, estimate=gap, low=-0.1, high=0.1)]


def drift(step: int, kind: str, variable: str, group: str) -> DriftOutcome:
    size = wave(step, 13, 0.01, 0.04) + (0.004 * max(step - 20, 0) if variable == "age" else 0)
    return DriftOutcome(
        kind=kind,
        variable=variable,
        group=group,
        rows=200,
        psi=around(size * 1.5, 0.02),
        js=around(size * 0.8, 0.01),
        ks=around(size, 0.015),
        evidence=evidence(step, 0.17 if variable == "age" else -0.02),
    )


def outcome(step: int) -> BatchOutcome:
    labelled = 0 if step % 10 == 0 else 180
    streams = [
        RuleStream(rule="min_accuracy", evidence=evidence(step, 0.15), measured=step),
        RuleStream(rule="gap", evidence=evidence(step, -0.01), measured=step),
    ]
    return BatchOutcome(
        sequence=step,
        as_of=(START + timedelta(days=step)).isoformat(),
        recorded=(START + timedelta(days=step, hours=2)).isoformat(),
        digest=f"{step:064x}",
        rows=200 + step,
        labelled=labelled,
        state="alarm" if step >= 40 else "quiet",
        evidence=evidence(step, 0.12),
        rules=rules(step),
        streams=streams,
        drift=[drift(step, *v, group) for group in (EVERYONE, "sex=female") for v in VARIABLES],
        events=EVENTS.get(step, []),
    )


OUTCOMES = [outcome(step) for step in range(1, 61)]


def expected_scalars(outcomes: list[BatchOutcome]) -> Points:
    """What the logs must hold, written down once more, tag by tag."""
    points: Points = {}
    for o in outcomes:
        values: dict[str, float] = {"batch/rows": o.rows, "batch/labelled": o.labelled}
        streams = {"all": o.evidence} | {f"rules/{s.rule}": s.evidence for s in o.streams}
        for d in o.drift:
            name = f"drift/{titled(d.kind, d.variable)}" + (f" {d.group}" if d.group else "")
            streams[name] = d.evidence
            values |= ends(f"{name}/psi", d.psi) | ends(f"{name}/js", d.js) | ends(f"{name}/ks", d.ks)
        for name, e in streams.items():
            values |= {f"evidence/{name}/log10 e-value": min(math.log10(math.e) * e.log_e, 6)}
            values |= {f"evidence/{name}/alarm line": 3}
        accuracy, gap = o.rules
        values |= ends("rules/min_accuracy", accuracy.estimate) | {"rules/min_accuracy/limit low": 0.8}
        values |= ends(GAP, gap.estimate) | {f"{GAP}/limit low": -0.1, f"{GAP}/limit high": 0.1}
        time = (START + timedelta(days=o.sequence)).timestamp()
        for tag in (tag for tag, value in values.items() if not math.isnan(value)):
            points.setdefault(tag, []).append((o.sequence, time, values[tag]))
    return points


def titled(kind: str, variable: str) -> str:
    return in_brackets(kind if kind == "score" else f"{kind} {variable}")


def in_brackets(name: str) -> str:
    return name.replace("(", "[").replace(")", "]")


def ends(name: str, estimate: IntervalEstimate) -> dict[str, float]:
    return {f"{name}/value": estimate.value, f"{name}/low": estimate.low, f"{name}/high": estimate.high}


def read_back(folder: Path) -> dict[str, Points]:
    """Return the points of the run's tags by plugin, as TensorBoard reads them."""
    command = [sys.executable, "-c", READER, str(folder / RUN)]
    points, plugins = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    by_plugin: dict[str, Points] = {}
    for tag, series in points.items():
        by_plugin.setdefault(plugins[tag], {})[tag] = [tuple(point) for point in series]
    return by_plugin


def layouts(points: dict[str, Points]) -> list[Any]:
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    series = points["custom_scalars"]["custom_scalars__config__"]
    return [Layout.FromString(bytes.fromhex(value)) for _, _, value in series]


def charts(layout: Any) -> dict[str, dict[str, list[str]]]:
    """Return the tags (of lines: their expressions) of each chart by category and title."""
    return {
        category.title: {
            chart.title: [*chart.multiline.tag, *(t for s in chart.margin.series for t in (s.value, s.lower, s.upper))]
            for chart in category.chart
        }
        for category in layout.category
    }  # fmt: skip


def steps(folder: Path, tag: str = "batch/rows") -> list[int]:
    return [step for step, _, _ in read_back(folder)["scalars"][tag]]
