"""Detection rate of the demo's planted faults, and false alarm rate on a model of clean data.

Two candidates are trained once, plainly, on the biased and on the clean table; every seed draws other applicants, and
the demo's policy decides. Performance and fairness on many seeds, whole audits on fewer. ``--write`` puts the table
into docs/benchmarks.md. Takes some twenty minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from scipy.stats import beta

import audit
from audit.check import entry_points, load_policy
from audit.data.dataset import read_dataset
from audit.data.labels import Labels
from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.demo.candidates import Recipe, train_candidate
from audit.demo.loans import make_loans
from audit.demo.prepare import SEEDS, TEST_ROWS, TRAIN_ROWS, policy_text
from audit.gate.verdict import decide
from audit.policy.model import Policy
from audit.result import CheckResult, Measurement, Report, RuleResult
from audit.stats import interval
from audit.stats.influence import untraced
from audit.subject.class_order import class_order
from audit.subject.loading import load_subject
from audit.subject.predictions import Classified, Classifier
from audit.subject.subject import Subject

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- planted: begin -->", "<!-- planted: end -->"
CHEAP, FIRST = ("performance", "fairness"), 1000
"""Seeds of applicants begin beyond those that the demo uses."""
BIAS = "fairness.disparate_impact[attribute=sex]"
Seen = Mapping[str, bool]


def world(folder: Path, biased: bool) -> Policy:
    """Train a candidate, write the tables and the policy; return it."""
    train = make_loans(TRAIN_ROWS, SEEDS.train, biased)
    (folder / "data").mkdir(parents=True)
    train.to_parquet(folder / "data" / "train.parquet", index=False)
    train_candidate(train, folder / "models" / "1", Recipe(reweighed=False, hardened=False), seed=SEEDS.model)
    (folder / "audit-1.yaml").write_text(policy_text(1), "utf-8")
    applicants(folder, FIRST, biased)
    return load_policy(folder / "audit-1.yaml")


def applicants(folder: Path, seed: int, biased: bool) -> Path:
    path = folder / "data" / "test.parquet"
    make_loans(TEST_ROWS, seed, biased).to_parquet(path, index=False)
    return path


def cheap(subject: Subject, path: Path) -> list[RuleResult]:
    """Decide the rules of performance and fairness on other rows, by the model that is loaded."""
    policy, source = subject.policy, open_source(str(path), None)
    table = read_dataset(policy.data, source, False)
    assert policy.gate is not None and isinstance(table.labels, Labels)
    given = replace(
        subject, source=source, scores=scored(subject, source, table.labels), attributes=table.attributes
    )
    rules = [rule for rule in policy.rules if rule.metric.partition(".")[0] in CHEAP]
    gate = policy.gate.model_copy(update={"rules": rules})
    results = [checked(name, given, gate.confidence) for name in CHEAP]
    return decide(results, gate, [], date(2000, 1, 1), gate.confidence).rules


def scored(subject: Subject, source: Source, labels: Labels) -> Classified:
    """Score rows without testing each time again that the model is steady."""
    head, data = subject.decision_rule.head, subject.policy.data
    classifier = Classifier(labels, head, class_order(labels, None, None, head.width), data.threshold)
    row = 1
    for batch in source.batches([name for feed in subject.feeds for name in feed.reads]):
        classifier.add(
            subject.model({f.name: f.tensor(f.read(batch, row, data.missing)) for f in subject.feeds}, row)
        )
        row += batch.num_rows
    return classifier.result()


def checked(name: str, subject: Subject, confidence: float) -> CheckResult:
    with np.errstate(all="ignore"):
        evidence = untraced(entry_points.build(name, {}).measure(subject))
    found = [item for item in evidence if isinstance(item, Measurement)]
    numbers = [replace(m, ci=interval(m, confidence)) for m in found]
    return CheckResult(name=name, status="measured", measurements=numbers)


def column(report: Report, check: str, name: str) -> dict[str, list[object]]:
    (found,) = (t for c in report.checks if c.name == check for t in c.tables if t.name == name)
    return {key: list(cells) for key, cells in found.columns.items()}


def status(rules: list[RuleResult], name: str) -> str:
    return next(rule.status for rule in rules if rule.id == name)


def seen_cheaply(rules: list[RuleResult], biased: bool) -> Seen:
    if biased:
        return {f"biased: `{BIAS}` fails": status(rules, BIAS) == "fail"}
    return {
        "clean: no rule of these checks fails": all(rule.status != "fail" for rule in rules),
        "clean: all rules of these checks pass": all(rule.status == "pass" for rule in rules),
    }


def seen_whole(report: Report, biased: bool) -> Seen:
    if not biased:
        return {
            "clean: no rule fails": all(rule.status != "fail" for rule in report.rules),
            "clean: the policy passes": report.verdict == "pass",
        }
    proxies, columns = column(report, "explainability", "proxies"), column(report, "robustness", "columns")
    of_sex = [f for a, f in zip(proxies["attribute"], proxies["feature"], strict=True) if a == "sex"]
    alone = {
        f: cell
        for f, cell in zip(columns["feature"], columns["alone"], strict=True)
        if isinstance(cell, float)
    }
    return {
        f"biased: `{BIAS}` fails": status(report.rules, BIAS) == "fail",
        "biased: `district_score` is the first proxy for sex": of_sex[0] == "district_score",
        "biased: `bureau_rate` alone flips most rows": max(alone, key=lambda name: alone[name])
        == "bureau_rate",
    }


def share(hits: list[bool]) -> str:
    """Return how many of how many, and the exact 95 % limits in per cent."""
    k, n = sum(hits), len(hits)
    low = beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return f"{k:,} of {n:,} | {100 * k / n:.1f} % | {100 * low:.1f} to {100 * high:.1f} %"


def lines(title: str, seeds: int, one: Callable[[int], Seen]) -> Iterator[str]:
    found: dict[str, list[bool]] = {}
    for seed in range(FIRST, FIRST + seeds):
        for what, hit in one(seed).items():
            found.setdefault(what, []).append(hit)
    for what, hits in found.items():
        line = f"| {title} | {what} | {share(hits)} |"
        print(line, flush=True)
        yield line


def measure(folder: Path, seeds: int, audits: int) -> Iterator[str]:
    for biased in (True, False):
        here = folder / ("biased" if biased else "clean")
        policy = world(here, biased)
        subject = load_subject(policy, lambda *_: None)

        def quick(seed: int, here: Path = here, subject: Subject = subject, biased: bool = biased) -> Seen:
            return seen_cheaply(cheap(subject, applicants(here, seed, biased)), biased)

        def slow(seed: int, here: Path = here, policy: Policy = policy, biased: bool = biased) -> Seen:
            applicants(here, seed, biased)
            return seen_whole(audit.run(policy), biased)

        yield from lines("performance, fairness", seeds, quick)
        yield from lines("whole audit", audits, slow)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="seeds of performance and fairness")
    parser.add_argument("--audits", type=int, default=100, help="seeds of whole audits")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    os.environ["AUDIT_HISTORY"] = ""  # these are no candidates of the user's
    with tempfile.TemporaryDirectory() as folder:
        found = sorted(measure(Path(folder), given.seeds, given.audits))
    head = ["| audited | what | seeds | share | 95 % limits |", "|---|---|---|---|---|"]
    text = "\n".join([*head, *found]) + "\n"
    sys.stdout.write(text)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        if BEGIN not in page or END not in page:
            raise SystemExit(f"{PAGE.name} lacks the markers {BEGIN} and {END}")
        PAGE.write_text(
            re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}{END}", page, flags=re.DOTALL),
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
