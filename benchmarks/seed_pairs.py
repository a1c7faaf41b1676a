"""How often a diff names a change between two audits that differ in their seed alone.

Audits the demo's first candidate under several seeds and compares every pair of them twice: as `audit diff` does, and
with the intervals alone, as if versions differed too, so that a change is not taken for chance because only the seed
differs. Prints the share of pairs in which anything is named; the bar is 5 %.

    python -m benchmarks.seed_pairs MODEL DATA LABEL ATTRIBUTE=PRIVILEGED [SEEDS]
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import audit
from audit.diff.comparison import compare
from audit.diff.records import NAMED
from audit.result import Report


def reports(model: str, data: str, label: str, protected: str, seeds: int) -> Iterator[Report]:
    """Yield an audit of few rows under each seed."""
    attribute, _, privileged = protected.partition("=")
    content = {
        "version": 1,
        "model": {"path": model},
        "data": {"path": data, "label": label, "protected": {attribute: {"privileged": privileged}}},
        "checks": {
            "explainability": {"rows": 100, "references": 50},
            "robustness": {"rows": 300, "attacks": ["noise", "fgsm", "pgd"], "eps": [0.1, 0.2], "steps": 5},
        },
        "gate": {"rules": []},
    }
    for seed in range(seeds):
        yield audit.run(content, seed=seed)


def main() -> None:
    """Print the shares of pairs with a named change, and which metrics are named."""
    *arguments, seeds = [*sys.argv[1:5], int(sys.argv[5]) if len(sys.argv) > 5 else 15]
    audits = list(reports(*arguments, seeds))
    for title, others in (("as only the seed differs", {}), ("by intervals alone", {"audit": "another"})):
        named: Counter[str] = Counter()
        tests = hits = 0
        pairs = list(combinations(audits, 2))
        for old, new in pairs:
            new = replace(new, environment={**new.environment, **others})
            diff = compare(old, new)
            metrics = {change.metric for change in diff.changes if change.finding in NAMED}
            named.update(metrics)
            hits += bool(metrics)
            tests = diff.tests
        print(
            f"{title}: {hits} of {len(pairs)} pairs name a change ({tests} tests each): {dict(named)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
