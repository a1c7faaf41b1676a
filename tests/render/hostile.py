"""A report in which every free text is hostile and every number unusual."""

from __future__ import annotations

import math
from dataclasses import replace

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
        checks=[_check(), *crashed],
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
