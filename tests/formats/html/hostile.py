"""A report in which every free text is hostile and every number unusual."""

from __future__ import annotations

import math
from dataclasses import replace

from audit.formats.html.explainability.section import ExplainabilitySection
from audit.formats.html.robustness.section import RobustnessSection
from audit.result import (
    CheckResult,
    DataFacts,
    GroupFacts,
    Measurement,
    MetricFacts,
    ModelFacts,
    Report,
    RuleResult,
    RuleStatus,
    Scalar,
    Table,
    TensorFacts,
)

from .samples import small

NAN, INFINITY = math.nan, math.inf
STATUSES: tuple[RuleStatus, ...] = ("fail", "inconclusive", "waived", "pass")

VALUES = (NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e300, -1e300, 5e-324, 1.0, 0.79999, 1e-7, 12345.678)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "$(rm -rf ~); `id` && echo 'x'",
    "</title></style></svg></details><h1>PASS</h1>",
    "A" * 4000,
    "\u05e7\u05d1\u05d5\u05e6\u05d4 \u202egpj.exe\u202c",
    "nul\x00 bell\x07 escape\x1b[31m lone\ud800 end",
    "\u8868" * 300,
    "e" + "\u0301" * 500,
    "]]> --> <!-- &lt; &#0;",
    "javascript:alert(1)",
)


def hostile() -> Report:
    """Every free text of the report is hostile, and every number is unusual."""
    base, text = small(), "".join(HOSTILE)
    crashed = [CheckResult(name=text, status="crashed", reason=text * 3) for text in HOSTILE]
    return replace(
        base,
        reason=text,
        model=_model(base.model, text),
        data=_data(base.data, text),
        policy=replace(base.policy, path=text, command=text, effective={t: [t] for t in HOSTILE}),
        rules=_rules(),
        checks=[_check(), _explained(), _attacked(), *crashed],
        environment=dict(zip(HOSTILE, HOSTILE, strict=True)),
        run=dict(zip(HOSTILE, HOSTILE, strict=True)),
    )


def _compared() -> list[Measurement]:
    return [
        Measurement(
            metric="fairness." + text,
            value=value,
            n=n,
            method=text,
            ci=(-INFINITY, value),
            smallest_n=0,
            where={"attribute": text, "unprivileged": other, "privileged": text, text: other},
        )
        for n, (text, other, value) in enumerate(zip(HOSTILE, HOSTILE[::-1], VALUES, strict=True))
    ]


def _of_groups() -> list[Measurement]:
    return [replace(m, metric="fairness.x", where={"attribute": "a", "group": m.method}) for m in _compared()]


def _check() -> CheckResult:
    odd = [replace(m, metric="fairness.x", where={m.method: m.method}, ci=None) for m in _compared()]
    return CheckResult(
        name=HOSTILE[0],
        status="measured",
        summary=HOSTILE[2],
        reason=HOSTILE[4],
        metrics={
            text: MetricFacts(about=text, low=NAN if i % 2 else None, ideal=INFINITY)
            for i, text in enumerate(HOSTILE)
        },
        measurements=_compared() + _of_groups() + odd,
    )


def _explained() -> CheckResult:
    """Attribution in which every name is hostile; a table of a known name that lacks columns, and one of nobody's."""
    name = "explainability"
    found = [
        Measurement(
            metric=f"{name}.{metric}", value=value, n=1, method=text, where={key: text}, ci=(0.0, value)
        )
        for metric, key in (
            ("mean_abs_attribution", "feature"),
            ("attribution_share", "feature"),
            ("attribution_direction", "feature"),
            ("protected_share", "attribute"),
        )
        for text, value in zip(HOSTILE, VALUES, strict=True)
    ]
    odd: list[Scalar | None] = [*VALUES[:9], None, 10**400, True]
    cells: list[list[Scalar | None]] = [[*HOSTILE], odd, odd[::-1], [*range(12)], [0.5] * 12, [3.0] * 12]
    tables = [
        _table("beeswarm", cells, 0, 1, 2, 3, 4),
        _table("dependence", cells, 0, 0, 3, 3, 3, 4, 3, 5),
        _table("local", cells, 3, 0, 1, 4, 0, 0, 4, 5, 0, 0, 4, 4),
        _table("protected", cells, 0, 0, 0),
        Table(name="local", about=HOSTILE[1], columns={"case": [1, 2]}),
        Table(name=HOSTILE[3], about=HOSTILE[2], columns={text: list(HOSTILE) for text in HOSTILE}),
    ]
    return CheckResult(name=name, status="measured", measurements=found, notes=list(HOSTILE), tables=tables)


def _attacked() -> CheckResult:
    """Attacks of which every name is hostile, and of which some have no size."""
    name, found = "robustness", []
    for attack, value in zip(HOSTILE, VALUES, strict=True):
        for eps in (0.1, NAN, "0.1", True, 1e300):
            for who in ({}, {"attribute": attack, "group": HOSTILE[0]}):
                where: dict[str, Scalar] = {"attack": attack, "norm": HOSTILE[0], "eps": eps, **who}
                found.append(
                    Measurement(
                        metric=f"{name}.adversarial_accuracy", value=value, n=1, method="m", where=where
                    )
                )
        where = {"attack": attack}
        found.append(
            Measurement(metric=f"{name}.zero_gradient_share", value=value, n=0, method="m", where=where)
        )
    odd: list[Scalar | None] = [*VALUES[:9], None, 10**400, True]
    cells: list[list[Scalar | None]] = [[*HOSTILE], odd, [True, False] * 6]
    tables = [
        _table("flips", cells, *[0] * 5, *[1] * 3, *[0] * 3, 1, 1),
        _table("columns", cells, 0, 2, 0, 1, 1, 1, 2, 1),
    ]
    return CheckResult(name=name, status="measured", measurements=found, tables=tables)


def _table(name: str, cells: list[list[Scalar | None]], *picked: int) -> Table:
    columns = (ExplainabilitySection.tables | RobustnessSection.tables)[name]
    return Table(
        name=name, about="", columns={c: list(cells[i]) for c, i in zip(columns, picked, strict=True)}
    )


def _rules() -> list[RuleResult]:
    waiver: dict[str, Scalar | list[str]] = {"owner": HOSTILE[1], "expires": HOSTILE[0]}
    waiver |= {"reason": HOSTILE[5], "covers": list(HOSTILE)}
    return [
        RuleResult(
            id=text,
            metric="fairness." + text,
            where={"attribute": text},
            limit={"at_least": 0.8},
            status=status,
            reason=text,
            measurements=_of_groups(),
            not_decided=_compared(),
            waiver=waiver if status == "waived" else None,
        )
        for text, status in zip(HOSTILE, STATUSES * 3, strict=True)
    ]


def _model(base: ModelFacts, text: str) -> ModelFacts:
    return replace(
        base,
        path=text,
        signature=text,
        inputs=[TensorFacts(name=t, dtype=t, shape=[None]) for t in HOSTILE],
        columns={t: list(HOSTILE) for t in HOSTILE},
        output=replace(base.output, name=text, evidence=text, classes=list(HOSTILE)),
    )


def _data(base: DataFacts, text: str) -> DataFacts:
    groups = [GroupFacts(attribute=t, privileged=[t], rows=dict.fromkeys(HOSTILE, 3)) for t in HOSTILE]
    return replace(base, path=text, label=text, favorable={"at_least": 150.0}, groups=groups)
