"""Coverage of attribution intervals on functions whose SHAP values have closed forms.

Every run draws rows and 100 reference rows anew; the true value is that of endlessly many of both (of the stability of
ranks, the mean over all runs). ``--write`` puts the tables into docs/attribution.md. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import norm

from audit.attribution import Attributions
from audit.attribution.running_estimate import ReferenceInfluence
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.metrics import importance, largest_share, stability
from audit.checks.explainability.proxy_models import tree_scores
from audit.checks.explainability.rare_values import find_rare_values
from audit.inputs.features import Column
from audit.result import Measurement
from audit.stats import interval
from audit.stats.group_estimates import Partition, auc
from audit.stats.halves import draw_half

PAGE = Path(__file__).parent.parent / "docs" / "attribution.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
RUNS, REFERENCES, CLUSTER = 1000, 100, 5
SLOPES = {
    "falling sizes": np.array([1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12]),
    "two first": np.array([1.0, 1.0, 0.5, 0.35, 0.25, 0.18, 0.12]),
    "all alike": np.ones(7),
    "one carries most": np.array([1.0, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02]),
}
PRODUCT = 0.5
"""Of the first two features, whose share in it is half each: (x1 - r1)(x2 + r2) / 2."""
Truth = dict[str, float]


def contributions(x: np.ndarray, r: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """SHAP values of ``slopes x + x1 x2 / 2`` at each row against each reference, ``(rows, references, features)``."""
    found = slopes * (x[:, None] - r)
    gaps, sums = x[:, None, :2] - r[:, :2], x[:, None, :2] + r[:, :2]
    found[:, :, :2] += PRODUCT / 2 * gaps * sums[:, :, ::-1]
    return found


def explained(rng: np.random.Generator, rows: int, slopes: np.ndarray, clustered: bool) -> Explanation:
    """Rows of independent normal features with their SHAP values; or each row five times, as a cluster."""
    own = np.repeat(np.arange(rows), CLUSTER) if clustered else np.arange(rows)
    x = rng.standard_normal((rows, len(slopes)))
    r = rng.standard_normal((REFERENCES, len(slopes)))
    parts = contributions(x, r, slopes)[own]
    influence = ReferenceInfluence(REFERENCES, len(slopes))
    influence.add(parts)
    values = parts.mean(1)
    found = Attributions(
        values,
        np.zeros_like(values),
        influence.by_reference,
        values[:, 0] * 0,
        values.sum(1),
        own * 0,
        0,
        "exact",
    )
    columns = [Column(f"x{place}", None) for place in range(len(slopes))]
    weighted = Partition(own * 0, 1, None, own if clustered else None)
    rare = find_rare_values(x, r, own, np.arange(REFERENCES), len(slopes))
    return Explanation(columns, own, x[own], r, found, None, weighted, rare)  # type: ignore[arg-type]


def truths(slopes: np.ndarray) -> Truth:
    """The true means and shares: E|N(0, s)|, and for the first two E|x1 (s + x2 / 4)|."""
    at = np.linspace(-9, 9, 100_001)
    density = norm.pdf(at)
    sizes = np.sqrt(2 / np.pi) * np.abs(slopes)
    for place in (0, 1):
        sizes[place] = np.sqrt(2 / np.pi) * np.trapezoid(
            np.abs(slopes[place] + PRODUCT / 2 * at) * density, at
        )
    shares = sizes / sizes.sum()
    named = {f"mean_abs_attribution x{i}": float(size) for i, size in enumerate(sizes)}
    named |= {f"attribution_share x{i}": float(share) for i, share in enumerate(shares)}
    return named | {"largest_share": float(shares.max())}


def key(found: Measurement) -> str:
    return " ".join([found.metric.partition(".")[2], *map(str, found.where.values())])


def covers(found: Measurement, truth: float) -> bool:
    limits = interval(found, 0.95)
    return limits is not None and limits[0] <= truth <= limits[1]


def span(hits: dict[str, list[bool]], metric: str) -> str:
    """Return the lowest and the highest coverage of a metric over the features, in per cent."""
    found = [100 * float(np.mean(part)) for name, part in hits.items() if name.partition(" ")[0] == metric]
    return " to ".join(dict.fromkeys(f"{end:.1f}" for end in (min(found), max(found))))


def shares(rows: int, name: str, clustered: bool) -> Iterator[str]:
    rng, true = np.random.default_rng([rows, len(name), clustered]), truths(SLOPES[name])
    hits: dict[str, list[bool]] = {what: [] for what in true}
    stable = list[Measurement]()
    for _ in range(RUNS // (2 if rows > 500 else 1)):
        drawn = explained(rng, rows, SLOPES[name], clustered)
        found = [m for m in importance(drawn) if key(m) in true]
        for one in [*found, largest_share(found)]:
            hits[key(one)].append(covers(one, true[key(one)]))
        stable.append(stability(drawn, 0, drawn.attributions.values))
    mean = float(np.mean([one.value for one in stable]))
    hits["rank_stability"] = [covers(one, mean) for one in stable]
    metrics = ("mean_abs_attribution", "attribution_share", "largest_share", "rank_stability")
    kind = f"{name}, clusters of {CLUSTER}" if clustered else name
    yield f"| {rows:,} | {kind} | " + " | ".join(span(hits, metric) for metric in metrics) + " |"


def proxies(rows: int, gap: float, share: float) -> Iterator[str]:
    """Held-out AUC of trees where one normal column's mean differs by ``gap``, beside four columns of noise."""
    found, rng = list[Measurement](), np.random.default_rng([rows, int(10 * gap)])
    for _ in range(RUNS // 2):
        member = np.arange(rows) < share * rows
        matrix = rng.standard_normal((rows, 5))
        matrix[:, 0] += gap * member
        learned = draw_half(member, None, rng)
        score, held = tree_scores(matrix, np.zeros(5, bool), member, learned, None), member[~learned]
        order = np.argsort(score, kind="stable")
        value, se = auc(held[order], score[order], None, None)
        counts = {"favorable": [float(held.sum())], "unfavorable": [float((~held).sum())]}
        found.append(Measurement(metric="proxy", value=value, n=rows, method="delong", se=se, counts=counts))
    best, mean = float(norm.cdf(gap / np.sqrt(2))), float(np.mean([one.value for one in found]))
    hit = 100 * float(np.mean([covers(one, mean) for one in found]))
    yield f"| {rows:,} | {100 * share:.0f} % | {best:.3f} | {mean:.3f} | {hit:.1f} |"


def tables() -> Iterator[str]:
    yield "| independent rows | sizes | mean_abs_attribution | attribution_share | largest_share | rank_stability |"
    yield "|---|---|---|---|---|---|"
    for rows in (200, 1000):
        for name in SLOPES:
            yield from shares(rows, name, clustered=False)
    yield from shares(200, "falling sizes", clustered=True)
    yield ""
    yield "| rows | unprivileged | AUC of the true score | mean proxy_auc | coverage of that mean |"
    yield "|---|---|---|---|---|"
    for rows in (200, 1000):
        for gap, share in ((0.0, 0.5), (1.0, 0.5), (1.0, 0.2)):
            yield from proxies(rows, gap, share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/attribution.md")
    given = parser.parse_args()
    lines = []
    for line in tables():
        print(line, flush=True)
        lines.append(line)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        if BEGIN not in page or END not in page:
            raise SystemExit(f"{PAGE.name} lacks the markers {BEGIN} and {END}")
        text = "\n".join(lines)
        PAGE.write_text(
            re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}\n{END}", page, flags=re.DOTALL),
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
