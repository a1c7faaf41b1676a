"""A change is named only where it is more than chance, by the intervals that two reports allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import comb

import numpy as np
import pytest

from audit.diff.chance import equal, joined, proven, span
from audit.diff.comparison import compare
from audit.diff.records import NAMED, MeasurementChange
from audit.diff.relation import Relation
from audit.result import Baseline, Measurement, Report
from audit.stats import p_outside, paired_interval

from .builders import FACTS, content, impact, model, report, share

UNRELATED = Relation(
    rows="other",
    model=False,
    paired=False,
    outcome=True,
    references=True,
    seed=True,
    versions=True,
    independent_rows=True,
    checks=frozenset(),
    redefined=frozenset(),
)
SAME_ROWS = replace(UNRELATED, rows="same")


def named(old: Report, new: Report) -> list[MeasurementChange]:
    return [change for change in compare(old, new).changes if change.finding in NAMED]


def finding(old: Measurement, new: Measurement, **changes: object) -> tuple[str, str]:
    """What is found of one measurement in two reports; ``changes`` are of the new one."""
    (change,) = compare(report([old]), report([new], **changes)).changes  # type: ignore[arg-type]
    return change.finding, change.reason


def drawn(rng: np.random.Generator, shares: Sequence[float], seed: int) -> Report:
    """An audit whose 300 attacked rows are drawn under a seed."""
    flips = [
        share("robustness.flip_rate", int(rng.binomial(300, p)), 300, attack="pgd", norm="inf", eps=eps)
        for eps, p in enumerate(shares)
    ]
    return report([share("performance.accuracy", 4200), *flips], seed=seed)


def test_two_seeds_differ_by_chance_alone() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        assert not named(drawn(rng, [0.1, 0.5, 0.9], 0), drawn(rng, [0.1, 0.5, 0.9], 1))


def test_of_two_seeds_the_intervals_alone_name_nothing_in_19_of_20_pairs() -> None:
    """Another version, so that the seed is not known to be the only cause; 20 shares each, 100 pairs."""
    rng = np.random.default_rng(5)
    rates = np.linspace(0.03, 0.97, 20)
    seeds = replace(UNRELATED, rows="same", model=True)
    hits = 0
    for _ in range(100):
        counts = rng.binomial(300, rates, (2, 20))
        pairs = {
            at: joined(share("m", int(old), 300), share("m", int(new), 300), seeds, of_data=False)
            for at, (old, new) in enumerate(counts.T)
        }
        hits += bool(proven(pairs, len(pairs)))
    assert hits <= 5


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
def test_models_that_err_on_opposite_rows_are_named_no_more_often(p: float) -> None:
    """Exact: every outcome of 40 rows on which two equally good models are never right together, if they need not."""
    rows = 40
    error = 0.0
    for only_new in range(rows + 1):
        for only_old in range(rows + 1 - only_new):
            ways = comb(rows, only_new) * comb(rows - only_new, only_old)
            probability = ways * p ** (only_new + only_old) * (1 - 2 * p) ** (rows - only_new - only_old)
            if probability < 1e-12:
                continue
            pair = joined(share("m", only_old, rows), share("m", only_new, rows), SAME_ROWS, of_data=False)
            ci = span(pair)
            error += probability * (ci is not None and not ci[0] <= 0.0 <= ci[1])
    assert error <= 0.05


def test_fréchets_bounds_are_not_wider_than_an_unknown_correlation() -> None:
    old, new = share("m", 4250), share("m", 4150)
    widest = span(joined(old, new, replace(SAME_ROWS, independent_rows=False), of_data=False))
    bounded = span(joined(old, new, SAME_ROWS, of_data=False))
    independent = span(joined(old, new, UNRELATED, of_data=False))
    assert widest and bounded and independent
    assert widest[0] < bounded[0] < independent[0] and independent[1] < bounded[1] < widest[1]


@pytest.mark.parametrize(("events", "rows"), [(4000, ROWS := 5000), (0, ROWS), (ROWS, ROWS), (2500, ROWS)])
def test_the_most_discordant_rows_fit_both_counts(events: int, rows: int) -> None:
    for others in (0, 1, 1000, 2500, 4999, 5000):
        pair = joined(share("m", others, rows), share("m", events, rows), SAME_ROWS, of_data=False)
        assert pair.baseline
        only_new, only_old, total = pair.baseline.discordant["rate"]
        assert only_new - only_old == events - others and total == rows
        assert 0 <= only_new <= events and 0 <= only_old <= others
        # no row is left that could be discordant as well: all are, or no event, or no other row, is shared
        assert only_new + only_old == min(events + others, 2 * rows - events - others)


def test_five_points_of_5000_rows_are_named_among_450_measurements() -> None:
    others = [
        share("performance.selection_rate", 2000 + at, attribute="sex", group=str(at)) for at in range(449)
    ]
    old = report([share("performance.accuracy", 4250), *others])
    for gain, names in ((-250, ["performance.accuracy"]), (-25, [])):
        new = report([share("performance.accuracy", 4250 + gain), *others], digest="sha256:bb")
        assert [change.metric for change in named(old, new)] == names


def test_the_old_model_as_baseline_gives_the_paired_interval() -> None:
    old = report([share("performance.accuracy", 4250)])
    paired = Baseline(
        value=0.85,
        method="clopper-pearson",
        better="higher",
        counts={"rate": [4250.0, 5000.0]},
        discordant={"rate": [70.0, 20.0, 5000.0]},
    )
    better = replace(share("performance.accuracy", 4300), baseline=paired)
    apart = report([share("performance.accuracy", 4300)], digest="sha256:bb")
    together = report([better], digest="sha256:bb", baseline=model())
    assert not named(old, apart)
    (change,) = named(old, together)
    assert change.ci == paired_interval(better, 0.95) and change.better
    other_model = report([better], digest="sha256:bb", baseline=model("sha256:cc"))
    assert not named(old, other_model)
    elsewhere = replace(better, baseline=replace(paired, value=0.851, counts={"rate": [4255.0, 5000.0]}))
    assert not named(old, report([elsewhere], digest="sha256:bb", baseline=model()))


def test_holms_steps_are_those_of_p_values() -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(200, 300, (30, 2))
    pairs = {
        at: joined(share("m", int(old), 500), share("m", int(new), 500), UNRELATED, of_data=False)
        for at, (old, new) in enumerate(counts)
    }
    p = {
        at: p_outside(pair, 0.0, 0.0, float(new - old) / 500, paired_interval)
        for (at, pair), (old, new) in zip(pairs.items(), counts, strict=True)
    }
    ranked = sorted(p, key=lambda at: p[at])
    below = [p[at] <= 0.05 / (40 - step) for step, at in enumerate(ranked)]
    expected = set(ranked[: below.index(False)])
    assert 0 < len(expected) < 30 and proven(pairs, 40) == expected


OLD = share("performance.accuracy", 4250)
NEW = share("performance.accuracy", 4251)
FLIP = share("robustness.flip_rate", 30, 300, attack="pgd")
FLIPS = share("robustness.flip_rate", 31, 300, attack="pgd")


@pytest.mark.parametrize(
    ("old", "new", "changes", "expected"),
    [
        (OLD, NEW, {}, "not chance"),
        (OLD, NEW, {"seed": 1}, "not chance"),
        (OLD, NEW, {"version": "0.2"}, "not chance"),
        (OLD, NEW, {"digest": "sha256:bb"}, "chance"),
        (OLD, NEW, {"data": "sha256:02", "rows": 6000}, "chance"),
        (FLIP, FLIPS, {}, "not chance"),
        (FLIP, FLIPS, {"seed": 1}, "chance"),
        (FLIP, FLIPS, {"version": "0.2"}, "chance"),
        (FLIP, FLIPS, {"background": "sha256:03"}, "chance"),
        (FLIP, share("robustness.flip_rate", 200, 300, attack="pgd"), {"seed": 1}, "chance"),
        (FLIP, share("robustness.flip_rate", 200, 300, attack="pgd"), {"version": "0.2"}, "more than chance"),
        (FLIP, share("robustness.flip_rate", 200, 300, attack="pgd"), {"digest": "sha256:bb"}, "more than chance"),
        (OLD, NEW, {"policy": content(data={"path": "d", "label": "z"}, gate={"rules": []})}, "not comparable"),
    ],
)  # fmt: skip
def test_what_two_audits_have_in_common_decides(
    old: Measurement, new: Measurement, changes: dict[str, object], expected: str
) -> None:
    assert finding(old, new, **changes)[0] == expected


def exact(metric: str, value: float, n: int = 100) -> Measurement:
    return Measurement(metric=metric, value=value, n=n, method="exact")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (exact("performance.rows", 5000), exact("performance.rows", 6000), "not chance"),
        (exact("explainability.additivity_error", 0.1), exact("explainability.additivity_error", 0.2), "unknown"),
        (replace(OLD, members=["a"]), replace(NEW, members=["a", "b"]), "not comparable"),
        (replace(OLD, method="none"), replace(NEW, method="none"), "unknown"),
        (replace(OLD, method="a plug-in's"), replace(NEW, method="a plug-in's"), "unknown"),
    ],
)  # fmt: skip
def test_of_another_model_on_other_rows(old: Measurement, new: Measurement, expected: str) -> None:
    assert finding(old, new, digest="sha256:bb", data="sha256:02", rows=6000)[0] == expected


def test_a_value_that_depends_on_the_number_of_rows_is_not_compared() -> None:
    counts = {"groups": [20.0], "step": [0.005], "half_sample_error": [0.08]}
    old = Measurement(
        metric="explainability.rank_stability", value=0.9, n=100, method="stability-z", se=0.05, counts=counts
    )
    new = replace(old, value=0.95, n=400)
    (change,) = compare(report([old]), report([new], digest="sha256:bb")).changes
    assert change.finding == "not comparable" and change.change == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("new", "better"),
    [
        (impact(1000, 2000, 1500, 3000), True),
        (impact(100, 2000, 1500, 3000), False),
        (impact(1600, 2000, 1500, 3000), None),
    ],
)
def test_nearer_to_an_ideal_is_better(new: Measurement, better: bool | None) -> None:
    """From 0.5: to 1, to 0.1, and to 1.6, which is about as far away on the other side."""
    (change,) = named(report([impact(500, 2000, 1500, 3000)]), report([new], digest="sha256:bb"))
    assert change.better is better


def test_equal_values_are_equal_up_to_rounding() -> None:
    nan = float("nan")
    assert equal(0.1 + 0.2, 0.3) and equal(nan, nan) and equal(float("inf"), float("inf"))
    assert not equal(0.3, 0.3001) and not equal(nan, 0.0) and not equal(float("inf"), 1.0)


def test_the_facts_that_tests_use_are_those_of_the_checks() -> None:
    from audit.check import check_class

    for metric, facts in FACTS.items():
        check, _, name = metric.partition(".")
        installed_facts = check_class(check).metrics[name]
        assert (installed_facts.sampled is None) == (facts.sampled is None)
        assert installed_facts.better == facts.better
