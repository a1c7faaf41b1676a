"""Robustness check under gradient masking: lowest accuracy found with each mask and without, and the verdict.

Run from the root of the repository, since the networks and masks are those of the tests:
``python -m benchmarks.masked``, with the names of networks and of masks for some of them. A cell is the weakest
accuracy found; "bound only" says that a rule on it is inconclusive. The last line counts the cells that are neither
within 5 points of the unmasked one nor a bound only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import audit
from audit.result import Measurement
from tests.audits import content, store
from tests.checks.robustness.masks import HEADS, MASKS, Mask, names, plain, table, write

EPS, ROOM = 0.1, 0.05
WHERE = {"attack": "worst", "norm": "inf", "eps": EPS}
CHECKS = {"performance": False, "fairness": False, "explainability": False, "robustness": {"eps": [EPS]}}


def found(kind: str, mask: Mask, folder: Path) -> list[Measurement]:
    """Return the clean and the weakest accuracy of a network behind a mask."""
    folder.mkdir()
    data = table(kind)
    spec = {"inputs": {"x": names(kind)}, "output": "probabilities"}
    policy = content(write(kind, mask, folder / "m"), store(data, folder), spec=spec, favorable=1)
    report = audit.run({**policy, "checks": CHECKS})
    (check,) = report.checks
    clean = next(m for m in check.measurements if m.metric.endswith("clean_accuracy"))
    worst = next(
        m for m in check.measurements if m.metric.endswith("adversarial_accuracy") and m.where == WHERE
    )
    return [clean, worst]


def line(name: str, *cells: str) -> None:
    print(f"| {' | '.join([name, *cells])} |", flush=True)


def main(kinds: list[str], masks: dict[str, Mask]) -> None:
    with TemporaryDirectory() as folder:
        bare = {kind: found(kind, plain, Path(folder) / kind) for kind in kinds}
        line("mask", *kinds)
        line("---", *["---"] * len(kinds))
        line("none: as they are", *[f"{clean.value:.3f}" for clean, _ in bare.values()])
        line("none: weakest found", *[f"{worst.value:.3f}" for _, worst in bare.values()])
        fooled = 0
        for place, (name, mask) in enumerate(masks.items()):
            cells = []
            for kind in kinds:
                _, worst = found(kind, mask, Path(folder) / f"{kind} {place}")
                bound = worst.method != "clopper-pearson"
                fooled += not bound and worst.value > bare[kind][1].value + ROOM
                cells.append(f"{worst.value:.3f}{', bound only' if bound else ''}")
            line(name, *cells)
    print(f"\nfooled by {fooled} of {len(masks) * len(kinds)}")


if __name__ == "__main__":
    asked = set(sys.argv[1:])
    main(
        [kind for kind in HEADS if kind in asked] or list(HEADS),
        {name: mask for name, mask in MASKS.items() if name in asked} or MASKS,
    )
