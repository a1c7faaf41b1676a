"""Which measurements a rule covers, sentence by sentence of the interface."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.gate.claims import covered
from audit.policy.gate_spec import Rule
from audit.result import Scalar

from .builders import at_least, check, decided, exact

TABLE: list[dict[str, Scalar]] = [
    {},
    {"attribute": "sex", "group": "Female"},
    {"attribute": "sex", "group": "Male"},
    {"attribute": "race", "group": "Black"},
    {"attribute": "sex*race", "group": "Female*Black"},
]
COMPARED: list[dict[str, Scalar]] = [
    {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"},
    {"attribute": "race", "unprivileged": "Black", "privileged": "White"},
    {"attribute": "race", "unprivileged": "Other", "privileged": "White"},
]
ATTACKED: list[dict[str, Scalar]] = [
    {"attack": "fgsm", "norm": "inf", "eps": 0.1},
    {"attack": "fgsm", "norm": "inf", "eps": 0.2},
    {"attack": "pgd", "norm": "inf", "eps": 0.1},
    {"attack": "fgsm", "norm": "inf", "eps": 0.1, "attribute": "sex", "group": "Female"},
    {"attack": "pgd", "norm": "inf", "eps": 0.1, "attribute": "race", "group": "Black"},
]

NUMBERED: list[dict[str, Scalar]] = [
    {"attribute": "zip", "group": "501"},
    {"attribute": "zip", "group": "00501"},
    {"attribute": "code*race", "group": "1*Black"},
    {"attribute": "flag", "group": "True"},
    {"attribute": "code", "unprivileged": "2", "privileged": "1|3"},
]
AS_TEXT: list[dict[str, Scalar]] = [{"attribute": "g", "group": "1"}, {"attribute": "g", "group": "1.0"}]

CASES: list[tuple[list[dict[str, Scalar]], dict[str, Scalar], list[int]]] = [
    # without 'where': the whole-table measurement if there is one, else all
    (TABLE, {}, [0]),
    (COMPARED, {}, [0, 1, 2]),
    (ATTACKED, {}, [0, 1, 2, 3, 4]),
    # with it: those that match
    (TABLE, {"attribute": "sex"}, [1, 2]),
    (TABLE, {"attribute": "sex", "group": "Male"}, [2]),
    (TABLE, {"group": "Male"}, [2]),
    (TABLE, {"attribute": "sex*race"}, [4]),
    (TABLE, {"attribute": "*"}, [1, 2, 3, 4]),
    (TABLE, {"attribute": "*", "group": "Black"}, [3]),
    (TABLE, {"group": "*"}, []),  # the star is for 'attribute' only
    (TABLE, {"attribute": "age"}, []),
    (TABLE, {"attribute": "Sex"}, []),
    (COMPARED, {"attribute": "race"}, [1, 2]),
    (COMPARED, {"privileged": "White"}, [1, 2]),
    (COMPARED, {"unprivileged": "Female"}, [0]),
    (COMPARED, {"attribute": "*"}, [0, 1, 2]),
    (COMPARED, {"attribute": "sex", "group": "Female"}, []),  # it has no 'group'
    # keys that speak of groups match only when named
    (ATTACKED, {"attack": "fgsm"}, [0, 1]),
    (ATTACKED, {"attack": "fgsm", "eps": 0.1}, [0]),
    (ATTACKED, {"norm": "inf"}, [0, 1, 2]),
    (ATTACKED, {"attack": "fgsm", "attribute": "sex"}, [3]),
    (ATTACKED, {"eps": 0.1, "attribute": "*"}, [3, 4]),
    (ATTACKED, {"eps": 0.1, "group": "Black"}, [4]),
    (ATTACKED, {"attack": "fgsm", "attribute": "race"}, []),
    (ATTACKED, {"attack": "worst"}, []),
    (ATTACKED, {"feature": "age"}, []),
    # groups by the identity of their values, whatever type YAML makes of them
    (NUMBERED, {"attribute": "zip", "group": 501.0}, [0]),
    (NUMBERED, {"attribute": "zip", "group": "501.00"}, [0]),
    (NUMBERED, {"attribute": "zip", "group": "00501"}, [1]),
    (NUMBERED, {"group": "1*Black"}, [2]),
    (NUMBERED, {"group": "1.0*Black"}, [2]),
    (NUMBERED, {"group": "01*Black"}, []),
    (NUMBERED, {"group": True}, [3]),
    (NUMBERED, {"group": "true"}, [3]),
    (NUMBERED, {"group": 1}, []),
    (NUMBERED, {"unprivileged": 2.0, "privileged": "1.0|3"}, [4]),
    (NUMBERED, {"unprivileged": 2, "privileged": "1"}, []),
    (AS_TEXT, {"attribute": "g", "group": 1}, [0]),  # two groups under `data.values: text`
    (AS_TEXT, {"attribute": "g", "group": 1.0}, [1]),
    # eps as written, whatever type YAML makes of it
    (ATTACKED, {"eps": "0.1"}, [0, 2]),
    (ATTACKED, {"eps": 0.10}, [0, 2]),
    (ATTACKED, {"eps": 0.11}, []),
]


@pytest.mark.parametrize(("wheres", "rule", "expected"), CASES)
@pytest.mark.parametrize("step", [1, -1])
def test_covered(
    wheres: list[dict[str, Scalar]], rule: dict[str, Scalar], expected: list[int], step: int
) -> None:
    found = [replace(exact(float(i)), where=where) for i, where in enumerate(wheres)]
    others = [exact(99.0, "c.rates"), exact(99.0, "d.rate", attribute="sex")]
    chosen = covered(Rule(metric="c.rate", at_least=0, where=rule), [*others, *found][::step])
    assert sorted(m.value for m in chosen) == expected


def test_the_gate_looks_through_all_checks_that_measured() -> None:
    found = [
        check(exact(0.9, attribute="sex", group="a")),
        check(exact(0.1, attribute="sex", group="b"), name="d"),
    ]
    (rule,) = decided(found, [at_least(attribute="sex")]).rules
    assert (rule.status, len(rule.measurements)) == ("fail", 2)
    assert rule.reason == "1 of 2 measured values is outside the limit"


@pytest.mark.parametrize("wanted", [1, 1.0, "1.0"])
def test_a_number_is_the_same_however_it_is_written(wanted: Scalar) -> None:
    one = exact(0.9, attack="fgsm", eps=1.0)
    assert covered(Rule(metric="c.rate", at_least=0, where={"eps": wanted}), [one]) == [one]
    assert covered(Rule(metric="c.rate", at_least=0, where={"eps": 2}), [one]) == []
