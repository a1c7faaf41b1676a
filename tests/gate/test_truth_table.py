"""The gate's truth table: what was found × correction × waiver × min_rows × crash × max_audits, to the exit code.

Two tables, both written by hand. The first says what becomes of a rule, the second what becomes of the verdict; every
cell of the one is tried with every cell of the other.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.cli.exit_codes import VERDICTS
from audit.policy.gate_spec import Rule, Waiver
from audit.result import CheckResult, Decision

from .builders import TODAY, at_least, check, decided, exact, fated, waiver

STATUSES = {"P": "pass", "F": "fail", "i": "inconclusive", "w": "waived"}
TOMORROW, BOTH = str(TODAY + timedelta(1)), ["fail", "inconclusive"]
WAIVERS: dict[str, list[Waiver]] = {
    "none": [],
    "fail": [waiver("tried", TOMORROW, ["fail"])],
    "inconclusive": [waiver("tried", TOMORROW, ["inconclusive"])],
    "both": [waiver("tried", TOMORROW, BOTH)],
    "over": [waiver("tried", str(TODAY), BOTH)],  # it ends on its date
    "other": [waiver("beside", TOMORROW, BOTH)],  # of another rule
}

# What was found of "at least 0.5"  | waiver: none  fail  inconclusive  both  over  other
RULES = {
    "holds":                                  "P     P          P        P     P     P",
    "exact holds":                            "P     P          P        P     P     P",
    "breaks":                                 "F     w          F        w     F     F",
    "exact breaks":                           "F     w          F        w     F     F",
    "open":                                   "i     i          w        w     i     i",
    "bare":                                   "i     i          w        w     i     i",  # a value, no interval
    "nan":                                    "i     i          w        w     i     i",
    "inf":                                    "i     i          w        w     i     i",
    "weak":                                   "i     i          w        w     i     i",  # beside another: Holm
    "weak, alone":                            "F     w          F        w     F     F",
    "thin holds":                             "i     i          w        w     i     i",  # fewer than min_rows
    "thin breaks":                            "i     i          w        w     i     i",
    "thin exact breaks":                      "i     i          w        w     i     i",
    "not matched":                            "i     i          w        w     i     i",
    "not run":                                "i     i          w        w     i     i",
    "skipped":                                "i     i          w        w     i     i",
    "skipped holds":                          "i     i          w        w     i     i",  # its numbers do not count
    "crashed":                                "i     i          w        w     i     i",
    "crashed holds":                          "i     i          w        w     i     i",
    "crashed breaks":                         "i     i          w        w     i     i",
}  # fmt: skip

BOUNDS = {"no bound": (None, 9), "3 of 3": (3, 3), "4 of 3": (3, 4), "unknown of 3": (3, None)}
# The rule, the one beside it, crashed?  | audits: no bound  3 of 3  4 of 3  unknown of 3
OUTCOMES = {
    "P  P  -":                                    "0        0       1         3",
    "P  -  -":                                    "0        0       1         3",
    "F  P  -":                                    "1        1       1         1",
    "F  -  -":                                    "1        1       1         1",
    "i  P  -":                                    "3        3       1         3",
    "i  -  -":                                    "3        3       1         3",
    "w  P  -":                                    "0        0       1         3",
    "w  -  -":                                    "3        3       1         3",  # nothing is left that passed
    "P  P  crashed":                              "3        3       1         3",
    "P  -  crashed":                              "3        3       1         3",
    "F  P  crashed":                              "1        1       1         1",
    "F  -  crashed":                              "1        1       1         1",
    "i  P  crashed":                              "3        3       1         3",
    "i  -  crashed":                              "3        3       1         3",
    "w  P  crashed":                              "3        3       1         3",
    "w  -  crashed":                              "3        3       1         3",
    "-  P  -":                                    "0        0       1         3",
    "-  -  -":                                    "3        3       1         3",  # a policy without rules
    "-  P  crashed":                              "3        3       1         3",
    "-  -  crashed":                              "3        3       1         3",
}  # fmt: skip


def found(name: str) -> list[CheckResult]:
    """Return the check of the rule under trial: it found what ``name`` says, or did not measure."""
    kind, _, fate = name.replace(", alone", "").partition(" ")
    if name == "not run":
        return []
    if kind in ("skipped", "crashed"):
        return [check(*([fated(fate)] if fate else []), status="skipped" if kind == "skipped" else "crashed")]
    if name == "not matched":
        return [check(exact(0.9, "c.other"))]
    return [check(fated(fate if kind == "thin" else f"{kind} {fate}".strip(), attribute="sex", group="a"))]


def outcome(
    name: str | None, beside: str, crashed: str, bound: str, waived: str = "none"
) -> tuple[Decision, int]:
    """Return the decision and the exit code; ``beside`` "P" adds a rule that passes."""
    rules = (
        [] if name is None else [Rule(metric="c.rate", where={"attribute": "sex"}, at_least=0.5, id="tried")]
    )
    checks = [] if name is None else found(name)
    if name == "weak":  # its family is of two or more: something else is decided on as well
        checks.append(check(exact(0.9, "family.rate", attribute="sex"), name="family"))
        rules.append(Rule(metric="family.rate", at_least=0.5, id="family"))
    if beside == "P":
        checks.append(check(exact(0.9, "beside.rate"), name="beside"))
        rules.append(Rule(metric="beside.rate", at_least=0.5, id="beside"))
    if crashed == "crashed":
        checks.append(check(name="another", status="crashed"))
    most, made = BOUNDS[bound]
    least = (
        1001 if name is not None and name.startswith("thin") else 100
    )  # what there is has 100 or 1,000 rows
    decision = decided(checks, rules, WAIVERS[waived], min_rows=least, max_audits=most, audits=made)
    return decision, VERDICTS[decision.verdict]


@pytest.mark.parametrize("waived", WAIVERS)
@pytest.mark.parametrize("name", RULES)
def test_every_cell(name: str, waived: str) -> None:
    letter = RULES[name].split()[list(WAIVERS).index(waived)]
    for cell, codes in OUTCOMES.items():
        status, beside, crashed = cell.split()
        if status != letter or not _can_be(name, beside, crashed):
            continue
        for bound, code in zip(BOUNDS, codes.split(), strict=True):
            decision, exits = outcome(name, beside, crashed, bound, waived)
            assert (decision.rules[0].status, exits) == (STATUSES[letter], int(code)), (cell, bound)
            before = RULES[name].split()[0]
            assert decision.rules[0].would_be == (STATUSES[before] if letter == "w" else None)


def _can_be(name: str, beside: str, crashed: str) -> bool:
    """Tell whether a cell exists: what is alone has nothing beside it, and what crashed has crashed."""
    if name == "weak":
        return beside == "P"
    return not (", alone" in name and beside == "P") and (
        not name.startswith("crashed") or crashed == "crashed"
    )


@pytest.mark.parametrize("cell", [cell for cell in OUTCOMES if cell.startswith("-")])
def test_without_the_rule(cell: str) -> None:
    _, beside, crashed = cell.split()
    codes = [outcome(None, beside, crashed, bound)[1] for bound in BOUNDS]
    assert codes == [int(code) for code in OUTCOMES[cell].split()]


def test_every_row_of_both_tables_was_reached() -> None:
    letters = {(name, letter) for name, row in RULES.items() for letter in row.split()}
    reached = {
        cell
        for cell in OUTCOMES
        for name, letter in letters
        if cell.split()[0] == letter and _can_be(name, *cell.split()[1:])
    }
    assert reached | {cell for cell in OUTCOMES if cell.startswith("-")} == set(OUTCOMES)


# audits made, gate.max_audits -> the rule that bounds them
COUNTED = [(1, 1, "P"), (1, 7, "P"), (7, 7, "P"), (8, 7, "F"), (2, 1, "F"), (10**9, 1, "F"), (None, 1, "i")]


@pytest.mark.parametrize(("made", "most", "letter"), COUNTED)
def test_the_bound_on_audits_is_a_rule_of_its_own(made: int | None, most: int, letter: str) -> None:
    *_, bound = decided([check(exact(0.9))], [at_least()], max_audits=most, audits=made).rules
    assert (bound.id, bound.metric, bound.status) == ("gate.max_audits", "gate.audits", STATUSES[letter])
    assert bound.limit == {"at_most": most}
    assert [(m.value, m.n, m.method) for m in bound.measurements] == ([(made, made, "exact")] if made else [])


def test_without_a_bound_there_is_no_such_rule() -> None:
    assert [r.id for r in decided([check(exact(0.9))], [at_least()], audits=99).rules] == ["c.rate"]


# audits made of 3 that are allowed -> what becomes of the bound under a waiver that covers: fail, inconclusive, both
@pytest.mark.parametrize(("made", "letters"), [(3, "P P P"), (4, "w F w"), (None, "i w w")])
def test_the_bound_on_audits_can_be_waived_as_any_rule(made: int | None, letters: str) -> None:
    for covers, letter in zip((["fail"], ["inconclusive"], BOTH), letters.split(), strict=True):
        given = [waiver("gate.max_audits", TOMORROW, covers)]
        decision = decided([check(exact(0.9))], [at_least()], given, max_audits=3, audits=made)
        assert decision.rules[-1].status == STATUSES[letter]
        assert VERDICTS[decision.verdict] == {"P": 0, "w": 0, "F": 1, "i": 3}[letter]
