"""How many more rows decide: that many do, as a replicated table shows, and clearly fewer do not."""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil

import pytest

from audit.check import Check
from audit.checks.explainability import Explainability, proxies
from audit.checks.robustness import Robustness, corruptions
from audit.policy.gate_spec import Rule
from audit.result import Baseline, Measurement, MetricFacts, SampledRows
from audit.stats import METHODS

from .builders import at_least, bare, check, decided, exact, plugged, rate

SEX = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
SAME = "if the rates stay as they are"


def difference(
    k: float, n: int, others: tuple[int, int] = (4000, 8000), metric: str = "c.gap"
) -> Measurement:
    return Measurement(
        metric=metric,
        value=k / n - others[0] / others[1],
        n=n + others[1],
        smallest_n=min(n, others[1]),
        method="mover-difference",
        counts={"unprivileged": [k, n], "privileged": list(map(float, others))},
        where=dict(SEX),
    )


def more(sentence: str) -> list[int]:
    """Return the numbers of rows that a sentence asks for."""
    return [int(found.replace(",", "")) for found in re.findall(r"([\d,]+) more row", sentence)]


def need(measurement: Measurement, rule: Rule, facts: MetricFacts | None = None) -> str:
    metrics = {} if facts is None else {measurement.metric: facts}
    (result,) = decided([replace(check(measurement), metrics=metrics)], [rule]).rules
    assert result.status == "inconclusive"
    (sentence,) = result.needs
    return sentence


def status(measurement: Measurement, rule: Rule) -> str:
    return decided([check(measurement)], [rule]).rules[0].status


@pytest.mark.parametrize(("k", "n", "end"), [(60, 100, "pass"), (42, 100, "fail")])
def test_the_rows_of_a_share_decide_and_clearly_fewer_do_not(k: int, n: int, end: str) -> None:
    rule = at_least(0.5)
    sentence = need(rate(k, n), rule)
    (rows,) = more(sentence)
    words = {"pass": "within", "fail": "outside"}[end]
    assert (
        sentence
        == f"about {rows:,} more rows (100 now) would show that the value is {words} the limit, {SAME}"
    )
    assert status(rate(k / n * (n + rows), n + rows), rule) == end
    fewer = int(0.85 * rows)
    assert status(rate(k / n * (n + fewer), n + fewer), rule) == "inconclusive"


@pytest.mark.parametrize(("k", "end"), [(68, "pass"), (45, "fail")])
def test_the_rows_of_the_thin_group_decide(k: int, end: str) -> None:
    rule = Rule(metric="c.gap", within=0.1) if end == "fail" else Rule(metric="c.gap", at_least=0.0)
    n = 120
    sentence = need(difference(k, n), rule)
    (rows,) = more(sentence)
    assert f"{rows:,} more rows of Female (120 now)" in sentence
    assert status(difference(k / n * (n + rows), n + rows), rule) == end
    fewer = int(0.85 * rows)
    assert status(difference(k / n * (n + fewer), n + fewer), rule) == "inconclusive"


def test_a_thin_privileged_group_is_the_one_that_lacks_rows() -> None:
    measured = difference(4400, 8000, others=(50, 100))
    assert "more rows of Male (100 now)" in need(measured, Rule(metric="c.gap", at_least=0.0))


def test_both_groups_grow_where_one_is_not_enough() -> None:
    measured = difference(52, 100, others=(50, 110))
    rule = Rule(metric="c.gap", at_least=0.06)
    sentence = need(measured, rule)
    female, male = more(sentence)
    assert f"of Female (100 now) and {male:,} more rows of Male (110 now)" in sentence

    def grown(part: float) -> Measurement:
        a, b = 100 + part * female, 110 + part * male
        counts = {"unprivileged": [0.52 * a, a], "privileged": [b * 50 / 110, b]}
        return replace(measured, n=ceil(a + b), smallest_n=ceil(min(a, b)), counts=counts)

    assert status(grown(1.0), rule) == "pass"
    assert status(grown(0.85), rule) == "inconclusive"


def test_equal_opportunity_asks_for_rows_of_its_denominator() -> None:
    measured = difference(70, 120, metric="c.equal_opportunity_difference")
    sentence = need(measured, Rule(metric=measured.metric, at_least=0.0))
    assert "of Female with a favourable label (120 now)" in sentence


def test_effective_counts_are_told_as_rows() -> None:
    """A hundred rows that count as fifty, by weights or clusters, have to become twice as many of both."""
    plain_rows = more(need(rate(30, 50), at_least(0.5)))[0]
    weighted = replace(rate(60, 100), counts={"rate": [30.0, 50.0]})
    assert more(need(weighted, at_least(0.5)))[0] == pytest.approx(2 * plain_rows, rel=0.1)


def test_an_auc_and_a_mean_need_rows_in_proportion_to_their_variance() -> None:
    mean = Measurement(metric="c.rate", value=0.6, n=400, method="mean-t", counts={"rows": [400]}, se=0.1)
    (rows,) = more(need(mean, at_least(0.5)))
    assert 400 + rows == pytest.approx(
        400 * (1.96 * 0.1 / 0.1) ** 2, rel=0.05
    )  # half a width of 1.96 se is 0.1
    auc = Measurement(
        metric="c.rate",
        value=0.6,
        n=400,
        method="delong",
        counts={"favorable": [200], "unfavorable": [200]},
        se=0.1,
    )
    (rows,) = more(need(auc, at_least(0.5)))
    factor = (400 + rows) / 400
    for times, end in ((factor, "pass"), (1 + 0.85 * (factor - 1), "inconclusive")):
        counts = {"favorable": [200 * times], "unfavorable": [200 * times]}
        assert status(replace(auc, se=0.1 / times**0.5, counts=counts), at_least(0.5)) == end


def test_a_paired_claim_grows_with_both_models() -> None:
    baseline = Baseline(
        value=0.85, method="clopper-pearson", better="higher", counts={"rate": [340, 400]}, correlation=0.8
    )
    measured = replace(rate(344, 400), baseline=baseline)
    rule = Rule(metric="c.rate", no_worse_than_baseline_by=0.01)
    sentence = need(measured, rule)
    (rows,) = more(sentence)
    assert sentence.startswith("against the baseline: about")

    def grown(extra: float) -> Measurement:
        n = 400 + extra
        return replace(
            measured,
            n=ceil(n),
            counts={"rate": [0.86 * n, n]},
            baseline=replace(baseline, counts={"rate": [0.85 * n, n]}),
        )

    assert status(grown(rows), rule) == "pass"
    assert status(grown(0.85 * rows), rule) == "inconclusive"


def test_discordant_rows_grow_with_the_rest() -> None:
    """Of 400 rows the candidate alone is right on 10 and the baseline alone on 6."""
    counts = {"rate": [340.0, 400.0]}
    only = Baseline(
        value=0.85,
        method="clopper-pearson",
        better="higher",
        counts=counts,
        discordant={"rate": [10, 6, 400]},
    )
    measured = replace(rate(344, 400), baseline=only)
    rule = Rule(metric="c.rate", no_worse_than_baseline_by=0.005)
    (rows,) = more(need(measured, rule))

    def grown(extra: float) -> Measurement:
        f = (400 + extra) / 400
        other = replace(
            only, counts={"rate": [340 * f, 400 * f]}, discordant={"rate": [10 * f, 6 * f, 400 * f]}
        )
        return replace(measured, n=ceil(400 * f), counts={"rate": [344 * f, 400 * f]}, baseline=other)

    assert status(grown(rows), rule) == "pass"
    assert status(grown(0.85 * rows), rule) == "inconclusive"


def test_a_value_on_the_limit_is_never_decided() -> None:
    assert "no number of rows would decide it" in need(rate(50, 100), at_least(0.5))
    assert "1,000,000 more rows would not decide it if the rates stay as they are: " in need(
        rate(500_001, 1_000_000), at_least(0.5)
    )


def test_holms_correction_asks_for_more_rows() -> None:
    """The second claim is on its limit for ever, so that a break has to be proven at half the error."""
    alone, beside = rate(42, 100, sample=1), rate(50, 100, sample=2)
    one = more(need(alone, at_least(0.5)))[0]
    sentences = decided([check(alone, beside)], [at_least(0.5)]).rules[0].needs
    two = more(sentences[0])[0]
    assert sentences[0].startswith("sample 1: about") and "no number" in sentences[1]
    assert two > one

    def fate(rows: float) -> str:
        counts = {"rate": [0.42 * (100 + rows), 100 + rows]}
        grown = replace(alone, n=ceil(100 + rows), counts=counts)
        return decided([check(grown, beside)], [at_least(0.5)]).rules[0].status

    assert (fate(two), fate(0.85 * two)) == ("fail", "inconclusive")


@pytest.mark.parametrize("measured", [bare(0.4), bare(float("nan")), plugged(0.5, (0.4, 0.6))])
def test_nothing_is_told_of_what_has_no_interval_of_ours(measured: Measurement) -> None:
    (result,) = decided([check(measured)], [at_least(0.5)]).rules
    assert (result.status, result.needs) == ("inconclusive", [])


def test_a_decided_rule_needs_nothing() -> None:
    for measured in (rate(90, 100), rate(10, 100), exact(0.9)):
        (result,) = decided([check(measured)], [at_least(0.5)]).rules
        assert result.status in ("pass", "fail") and result.needs == []


def test_every_method_is_known_to_grow_with_the_rows_or_not_to() -> None:
    """Halves of more rows agree better, so that the stability of ranks moves with the rows, by an unknown amount."""
    without = {name for name, method in METHODS.items() if method.counts.growth is None}
    assert without == {"exact", "none", "stability-z"}


def test_rows_do_not_close_the_open_side_of_an_attack_that_may_have_missed() -> None:
    """Its accuracy is an upper bound: it can be shown to break a lower limit, never to hold it."""
    upper = replace(rate(60, 100), method="clopper-pearson-upper")
    assert decided([check(upper)], [at_least(0.5)]).rules[0].needs == []
    assert "the value is outside the limit" in need(
        replace(upper, value=0.42, counts={"rate": [42, 100]}), at_least(0.5)
    )


def test_the_largest_of_several_estimates_keeps_their_number_and_values() -> None:
    counts: dict[str, list[float]] = {
        "number": [3],
        "rows": [400],
        "values": [0.45, 0.2, 0.1],
        "errors": [0.05, 0.05, 0.05],
    }
    measured = Measurement(metric="c.rate", value=0.45, n=400, method="largest-t", counts=counts)
    (rows,) = more(need(measured, Rule(metric="c.rate", at_most=0.5)))

    def grown(extra: float) -> Measurement:
        factor = (400 + extra) / 400
        errors = [0.05 / factor**0.5] * 3
        return replace(measured, counts={**counts, "rows": [400 + extra], "errors": errors})

    assert status(grown(rows), Rule(metric="c.rate", at_most=0.5)) == "pass"
    assert status(grown(0.85 * rows), Rule(metric="c.rate", at_most=0.5)) == "inconclusive"


@pytest.mark.parametrize(
    ("metric", "kind", "source"),
    [
        ("explainability.faithfulness", "explained", "raise checks.explainability.rows, to at most 20,000, "
         "if the data has more rows, or the budget, if a note says so"),
        ("robustness.clean_accuracy", "attacked", "raise checks.robustness.rows, if the data has more rows, "
         "or the budget, if a note says so"),
        ("robustness.corruption_accuracy", "corrupted", "at most 1,000 of the data's images are corrupted"),
        ("explainability.proxy_auc", "held-out", "half of the data's rows are held out, from at most 10,000"),
        ("explainability.proxy_strength", "judged", "for texts and bins, half of the data's rows are held out"),
    ],
)  # fmt: skip
def test_of_a_part_of_the_rows_it_says_which_and_where_more_come_from(
    metric: str, kind: str, source: str
) -> None:
    classes: dict[str, type[Check]] = {"explainability": Explainability, "robustness": Robustness}
    check, _, name = metric.partition(".")
    facts = classes[check].metrics[name]
    sentence = need(replace(rate(60, 100), metric=metric), Rule(metric=metric, at_least=0.5), facts)
    assert re.search(rf"about \d+ more {kind} rows \(100 now\)", sentence) and f"{SAME}; {source}" in sentence


def test_the_checks_take_as_many_rows_as_it_says() -> None:
    assert Explainability(rows=20_000).rows == 20_000 and Robustness(rows=1_000_000).rows == 1_000_000
    with pytest.raises(ValueError, match="20000"):
        Explainability(rows=20_001)
    assert (corruptions._MAX_ROWS, proxies.MAX_ROWS) == (1_000, 10_000)


def test_a_plug_in_says_itself_where_more_of_its_rows_come_from() -> None:
    sampled = SampledRows(kind="reviewed", source="raise checks.review.rows")
    metric = "review.agreement"
    asked = replace(rate(60, 100), metric=metric), Rule(metric=metric, at_least=0.5)
    plain = need(*asked, MetricFacts(about="of all rows"))
    (rows,) = more(plain)
    assert (
        plain == f"about {rows:,} more rows (100 now) would show that the value is within the limit, {SAME}"
    )
    assert need(*asked, MetricFacts(about="of some", sampled=sampled)) == (
        f"about {rows:,} more reviewed rows (100 now) would show that the value is within the limit, {SAME}; "
        "raise checks.review.rows"
    )


def test_every_metric_of_a_check_that_samples_says_which_rows() -> None:
    for check_class in (Explainability, Robustness):
        assert all(facts.sampled for facts in check_class.metrics.values())
        assert check_class.model_fields["rows"]
