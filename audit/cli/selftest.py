"""`audit selftest`: a table of which rules of a policy catch which broken model."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from audit.check import load_policy
from audit.cli.exit_codes import FAIL, INCONCLUSIVE, PASS
from audit.cli.plain_text import plain
from audit.cli.progress import observers
from audit.formats.text.margins import in_words
from audit.mutants.result import MutantResult, Selftest
from audit.mutants.run import run_selftest
from audit.runner import AuditRequest

_CELLS = {"fail": "FAIL", "crashed": "crash", "silent": "–", "inconclusive": "open"}
"""Cells of the table for statuses that are not shown by their own name."""

_OUTCOMES = {"missed": "MISSED", "refused": "refused by the audit"}


def selftest(policy: Path, overrides: list[str], seed: int, as_json: bool, quiet: bool, debug: bool) -> int:
    """Run the self-test, print the table and return the exit code."""
    with observers(quiet, debug) as callbacks:
        result = run_selftest(AuditRequest(policy=load_policy(policy, overrides), seed=seed), callbacks)
    if as_json:
        print(json.dumps(_facts(result), indent=2))
    elif not quiet:
        print("\n".join(summary_lines(result)))
    return exit_code(result)


def exit_code(result: Selftest) -> int:
    """Return 1 if a variant is missed, else 3 if one could not be made or measured, else 0."""
    if result.of("missed"):
        return FAIL
    return INCONCLUSIVE if result.of("not made", "not measured") else PASS


def _facts(result: Selftest) -> dict[str, object]:
    """Return what ``--json`` prints; for the candidate, only the status of each rule."""
    return {
        "policy": result.policy,
        "seed": result.seed,
        "candidate": {rule.id: rule.status for rule in result.candidate},
        "variants": [asdict(variant) for variant in result.variants],
    }


def summary_lines(result: Selftest) -> list[str]:
    """Return the printed lines: the rules, the table, and the conclusion."""
    return [*_rules(result), "", *_table(result), "", *_conclusion(result)]


def _rules(result: Selftest) -> Iterator[str]:
    yield "Rules"
    for number, rule in enumerate(result.candidate, 1):
        yield f"  {number:2}  {plain(rule.id)}  {in_words(rule.limit)}"


def _table(result: Selftest) -> Iterator[str]:
    ids = [rule.id for rule in result.candidate]
    lines = [("", "".join(f"{number:<8}" for number in range(1, len(ids) + 1)).rstrip())]
    lines += [("candidate", "".join(f"{_cell(rule.status):8}" for rule in result.candidate).rstrip())]
    for item in result.variants:
        cells = "".join(f"{_cell(item.rules.get(rule, '')):8}" for rule in ids)
        lines.append((plain(item.variant, 40), cells + _catching_rules(item, ids)))
    width = max(cell_len(name) for name, _ in lines)
    yield from (f"{set_cell_size(name, width)}  {line}" for name, line in lines)


def _cell(status: str) -> str:
    return _CELLS.get(status, status)


def _catching_rules(item: MutantResult, ids: list[str]) -> str:
    if item.outcome != "caught":
        return _outcome(item)
    undecided = [rule for rule in item.caught_by if item.rules[rule] == "open"]
    failed = [rule for rule in item.caught_by if rule not in undecided]
    parts = [("caught by", failed), ("undecided by", undecided)]
    return "; ".join(
        f"{how} {', '.join(str(ids.index(r) + 1) for r in rules)}" for how, rules in parts if rules
    )


def _conclusion(result: Selftest) -> Iterator[str]:
    missed = result.of("missed")
    stopped = result.of("caught", "refused")
    audited = len(missed) + len(stopped)
    if missed:
        yield f"MISSED: the policy would pass {len(missed)} of {audited} broken variants"
    else:
        yield f"CAUGHT: the policy passes none of {audited} broken variants"
    for item in missed:
        yield f"  {plain(item.variant)} is missed: {plain(item.about, 300)}"
        yield f"      what would catch it: {plain(item.advice, 300)}"
    for item in stopped:
        if item.outcome == "caught" and all(item.rules[rule] == "open" for rule in item.caught_by):
            yield f"  {plain(item.variant)} breaks no rule, it only leaves some undecided: more rows might pass it"
            yield f"      what would catch it: {plain(item.advice, 300)}"
    for item in result.of("refused", "not made", "not measured", "left out"):
        yield f"  {plain(item.variant)} is {_outcome(item)}: {plain(item.reason, 500)}"


def _outcome(item: MutantResult) -> str:
    return _OUTCOMES.get(item.outcome, item.outcome)
