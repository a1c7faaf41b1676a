"""`audit selftest`: which rules of a policy catch a broken model, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from audit.check import load_policy
from audit.cli.exit_codes import FAIL, INCONCLUSIVE, PASS
from audit.cli.progress import observers
from audit.cli.summary import plain
from audit.mutants.result import Selftest, Tried
from audit.mutants.run import run_selftest
from audit.result import RuleResult
from audit.runner import AuditRequest

_CELLS = {
    "pass": "pass",
    "fail": "FAIL",
    "open": "open",
    "waived": "waived",
    "crashed": "crash",
    "silent": "–",
}
_CELLS |= {"seen": "seen", "fooled": "fooled", "inconclusive": "open"}
_WORDS = {"missed": "MISSED", "refused": "refused by the audit"}


def selftest(policy: Path, overrides: list[str], seed: int, as_json: bool, quiet: bool, debug: bool) -> int:
    """Run the self-test, print the table and return the exit code."""
    with observers(quiet, debug) as callbacks:
        found = run_selftest(AuditRequest(policy=load_policy(policy, overrides), seed=seed), callbacks)
    if as_json:
        print(json.dumps(_facts(found), indent=2))
    elif not quiet:
        print("\n".join(told(found)))
    return exit_code(found)


def exit_code(found: Selftest) -> int:
    """Return 1 if a variant is missed, else 3 if what a rule says of one is not known, else 0."""
    if found.of("missed"):
        return FAIL
    return INCONCLUSIVE if found.of("not made", "not measured") else PASS


def _facts(found: Selftest) -> dict[str, object]:
    """Return what ``--json`` prints: of the candidate, each rule's status alone."""
    return {
        "policy": found.policy,
        "seed": found.seed,
        "candidate": {rule.id: rule.status for rule in found.candidate},
        "variants": [asdict(tried) for tried in found.variants],
    }


def told(found: Selftest) -> list[str]:
    """Return the lines that are printed: the rules, the table, and what follows from it."""
    return [*_rules(found), "", *_table(found), "", *_conclusion(found)]


def _rules(found: Selftest) -> Iterator[str]:
    yield "Rules"
    for number, rule in enumerate(found.candidate, 1):
        yield f"  {number:2}  {plain(rule.id)}  {_limit(rule)}"


def _limit(rule: RuleResult) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in rule.limit.items())


def _table(found: Selftest) -> Iterator[str]:
    ids = [rule.id for rule in found.candidate]
    lines = [("", "".join(f"{number:<8}" for number in range(1, len(ids) + 1)).rstrip())]
    lines += [("candidate", "".join(f"{_CELLS[rule.status]:8}" for rule in found.candidate).rstrip())]
    for tried in found.variants:
        cells = "".join(f"{_CELLS[tried.rules[rule]] if rule in tried.rules else '':8}" for rule in ids)
        lines.append((plain(tried.variant, 40), cells + _end(tried, ids)))
    width = max(cell_len(name) for name, _ in lines)
    yield from (f"{set_cell_size(name, width)}  {line}" for name, line in lines)


def _end(tried: Tried, ids: list[str]) -> str:
    if tried.outcome != "caught":
        return _word(tried)
    undecided = [rule for rule in tried.caught_by if tried.rules[rule] == "open"]
    caught = [rule for rule in tried.caught_by if rule not in undecided]
    parts = [("caught by", caught), ("undecided by", undecided)]
    return "; ".join(
        f"{how} {', '.join(str(ids.index(r) + 1) for r in rules)}" for how, rules in parts if rules
    )


def _conclusion(found: Selftest) -> Iterator[str]:
    missed, stopped = found.of("missed"), found.of("caught", "refused")
    tried = len(missed) + len(stopped)
    if missed:
        yield f"MISSED: the policy would pass {len(missed)} of {tried} broken variants"
    else:
        yield f"CAUGHT: the policy passes none of {tried} broken variants"
    for item in missed:
        yield f"  {plain(item.variant)} is missed: {plain(item.about, 300)}"
        yield f"      what would catch it: {plain(item.advice, 300)}"
    for item in stopped:
        if item.outcome == "caught" and all(item.rules[rule] == "open" for rule in item.caught_by):
            yield f"  {plain(item.variant)} breaks no rule, it only leaves some undecided: more rows might pass it"
            yield f"      what would catch it: {plain(item.advice, 300)}"
    for item in found.of("refused", "not made", "not measured", "left out"):
        yield f"  {plain(item.variant)} is {_word(item)}: {plain(item.reason, 500)}"


def _word(tried: Tried) -> str:
    return _WORDS.get(tried.outcome, tried.outcome)
