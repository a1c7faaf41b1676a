"""What stands beside the candidate's measurements is what an audit of the baseline alone finds, paired row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, rankdata, ttest_rel

from audit.checks.performance.check import Performance
from audit.result import Report
from audit.stats.influence import Influence, Traced

from ..audits import run as run_alone
from ..audits import subject
from ..conftest import Models
from .kit import against, noisy, old_model, one, policy_of, run

LOSSES = ("log_loss", "brier")
WEIGHTED = {"weight": "weight", "cluster": "owner"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("paired")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return noisy()


@pytest.fixture(scope="module")
def report(model: Models, folder: Path, frame: pd.DataFrame) -> Report:
    return run(frame, model, folder)


def decisions(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        frame["label"].to_numpy() == 1,
        frame["score"].to_numpy() >= 0.5,
        frame["old"].to_numpy() >= 0.5,
    )


def test_the_baseline_measures_what_it_measures_alone(
    report: Report, model: Models, folder: Path, frame: pd.DataFrame
) -> None:
    alone = run_alone(
        frame,
        old_model(folder),
        folder,
        spec={"output": "probabilities"},
        protected={"sex": {"privileged": "Male"}},
    )
    found = {(m.metric, *m.where.items()): m for check in alone.checks for m in check.measurements}
    compared = [m for check in report.checks for m in check.measurements if m.baseline]
    assert len(compared) > 40
    for measured in compared:
        other = found[(measured.metric, *measured.where.items())]
        baseline = against(measured)
        assert (baseline.value, baseline.ci, baseline.counts, baseline.se) == (
            other.value, other.ci, other.counts, other.se,
        )  # fmt: skip
    assert report.baseline is not None and report.baseline.digest == alone.model.digest


def test_every_metric_with_a_direction_has_a_baseline(report: Report) -> None:
    for check in report.checks:
        for measured in check.measurements:
            assert bool(measured.baseline) == (check.metrics[measured.metric].better is not None), (
                measured.metric
            )


def test_discordant_rows_are_counted(report: Report, frame: pd.DataFrame) -> None:
    label, new, old = decisions(frame)
    right, before = new == label, old == label
    assert against(one(report, "accuracy")).discordant == {
        "rate": [(right & ~before).sum(), (before & ~right).sum(), len(frame)]
    }
    female = (frame["sex"] == "Female").to_numpy()
    found = against(one(report, "equal_opportunity_difference", unprivileged="Female")).discordant
    assert found == {
        side: [(new & ~old & rows).sum(), (old & ~new & rows).sum(), rows.sum()]
        for side, rows in (("unprivileged", female & label), ("privileged", ~female & label))
    }


def test_rates_among_the_predicted_have_no_common_denominator(report: Report) -> None:
    baseline = against(one(report, "false_discovery_rate_difference", unprivileged="Female"))
    assert baseline.discordant == {} and baseline.correlation is not None


def test_the_interval_of_an_accuracy_by_hand(report: Report, frame: pd.DataFrame) -> None:
    """MOVER over Clopper and Pearson's limits of both kinds of discordant rows, with scipy's own quantiles."""
    label, new, old = decisions(frame)
    n, k, m = len(frame), ((new == label) & (old != label)).sum(), ((new != label) & (old == label)).sum()
    p, q = k / n, m / n
    (a, b), (c, d) = ([beta.ppf(0.025, x, n - x + 1), beta.ppf(0.975, x + 1, n - x)] for x in (k, m))
    rho = -np.sqrt(p * q / (1 - p) / (1 - q))
    low = p - q - np.sqrt((p - a) ** 2 + (d - q) ** 2 - 2 * rho * (p - a) * (d - q))
    high = p - q + np.sqrt((b - p) ** 2 + (q - c) ** 2 - 2 * rho * (b - p) * (q - c))
    assert against(one(report, "accuracy")).improvement_ci == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("metric", LOSSES)
def test_the_interval_of_a_mean_is_little_wider_than_the_paired_t_test(
    metric: str, report: Report, frame: pd.DataFrame
) -> None:
    label = frame["label"].to_numpy()
    right = [np.where(label == 1, s, 1 - s) for s in (frame["old"].to_numpy(), frame["score"].to_numpy())]
    losses = [-np.log(r) if metric == "log_loss" else (1 - r) ** 2 for r in right]
    oracle = ttest_rel(losses[0], losses[1]).confidence_interval(0.95)
    found = against(one(report, metric))
    assert found.improvement == pytest.approx(float(np.mean(losses[0] - losses[1])))
    assert found.improvement_ci is not None
    width = found.improvement_ci[1] - found.improvement_ci[0]
    assert 1.0 <= width / (oracle.high - oracle.low) < 1.25


def _auc(label: np.ndarray, score: np.ndarray) -> float:
    ranks, ones = rankdata(score), label.sum()
    return float((ranks[label].sum() - ones * (ones + 1) / 2) / ones / (len(label) - ones))


def _false_discovery(label: np.ndarray, score: np.ndarray, female: np.ndarray) -> float:
    chosen = score >= 0.5
    return float((~label)[chosen & female].mean() - (~label)[chosen & ~female].mean())


def test_correlations_are_those_of_a_brute_force_bootstrap(report: Report, frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    label, female = frame["label"].to_numpy() == 1, (frame["sex"] == "Female").to_numpy()
    drawn: dict[str, list[list[float]]] = {"auc": [], "false_discovery_rate_difference": []}
    for _ in range(1500):
        rows = rng.integers(0, len(frame), len(frame))
        pair = [frame[name].to_numpy()[rows] for name in ("score", "old")]
        drawn["auc"].append([_auc(label[rows], score) for score in pair])
        drawn["false_discovery_rate_difference"].append(
            [_false_discovery(label[rows], score, female[rows]) for score in pair]
        )
    for metric, values in drawn.items():
        where = {} if metric == "auc" else {"unprivileged": "Female"}
        found = against(one(report, metric, **where)).correlation
        assert found == pytest.approx(np.corrcoef(np.transpose(values))[0, 1], abs=0.06), metric


@pytest.mark.parametrize("given", [{}, {"weight": "weight"}, {"cluster": "owner"}, WEIGHTED])
def test_swapping_the_models_negates_every_improvement(
    given: dict[str, Any], model: Models, folder: Path, frame: pd.DataFrame
) -> None:
    there = run(frame, model, folder, **given)
    back = run(frame.rename(columns={"score": "old", "old": "score"}), model, folder, **given)
    for check, other in zip(there.checks, back.checks, strict=True):
        for ours, theirs in zip(check.measurements, other.measurements, strict=True):
            if ours.baseline is None:
                continue
            found, swapped = against(ours), against(theirs)
            assert found.improvement == pytest.approx(-swapped.improvement, abs=1e-12, nan_ok=True)
            if found.improvement_ci is not None and swapped.improvement_ci is not None:
                low, high = swapped.improvement_ci
                assert found.improvement_ci == pytest.approx((-high, -low), abs=1e-9), ours.metric
            else:
                assert found.improvement_ci is swapped.improvement_ci is None


def effective_rows(values: np.ndarray, weight: np.ndarray) -> float:
    """Return how many equal rows with these values have their weighted mean's linearized variance; at most Kish's."""
    mean = np.average(values, weights=weight)
    plain = np.average(values**2, weights=weight) - mean**2
    squares = weight**2 * (values - mean) ** 2
    extra = 0.0
    if values.dtype == bool:  # of each kind, one row of average weight is as heavy as the heaviest
        for kind, factor in ((values, (1 - mean) ** 2), (~values, mean**2)):
            average = (weight[kind] ** 2).sum() / weight[kind].sum()
            extra += factor * (weight[kind].max() ** 2 - average**2)
    linearized = plain * weight.sum() ** 2 / (squares.sum() + extra)
    return float(min(linearized, weight.sum() ** 2 / (weight**2).sum()))


def test_weights_and_clusters_count_as_they_do_for_the_rates(
    model: Models, folder: Path, frame: pd.DataFrame
) -> None:
    label, new, old = decisions(frame)
    both = [(new == label) & (old != label), (old == label) & (new != label)]
    weight = frame["weight"].to_numpy()
    found = against(one(run(frame, model, folder, weight="weight"), "accuracy")).discordant["rate"]
    size = min(effective_rows(part, weight) for part in (*both, both[0].astype(int) - both[1]))
    assert found == pytest.approx([*(np.average(part, weights=weight) * size for part in both), size])
    found = against(one(run(frame, model, folder, cluster="owner"), "accuracy")).discordant["rate"]
    owned = frame.groupby("owner").size()
    size = (
        len(frame) ** 2 / (owned**2).sum()
    )  # of equally weighted rows, the clusters' own weights are their rows
    assert found == pytest.approx([*(part.mean() * size for part in both), size])


def test_rows_that_belong_together_are_correlated_together(model: Models, folder: Path) -> None:
    frame = noisy(300)
    doubled = pd.concat([frame, frame]).assign(owner=np.tile(np.arange(300), 2))
    once, twice = (run(frame, model, folder), run(doubled, model, folder, cluster="owner"))
    for metric in ("auc", *LOSSES):
        assert against(one(once, metric)).correlation == pytest.approx(
            against(one(twice, metric)).correlation, abs=1e-9
        )


@pytest.mark.parametrize("given", [{}, {"weight": "weight"}])
def test_the_influence_on_an_auc_has_delongs_variance(
    given: dict[str, Any], model: Models, folder: Path, frame: pd.DataFrame
) -> None:
    """Of scores with three values only, so that ties matter; the standard error beside the value is made elsewhere."""
    policy = policy_of(frame.assign(score=(2 * frame["score"]).round() / 2), model, folder, **given)
    measured, check = subject(policy), Performance()
    (traced,) = (
        item
        for item in check.measure(measured)
        if isinstance(item, Traced) and item.measurement.key == ("performance.auc", frozenset())
    )
    found, trace = traced.measurement, traced.trace()
    assert isinstance(trace, Influence)
    assert float((trace.values**2).sum() ** 0.5) == pytest.approx(found.se, rel=0.01)
    assert trace.values.sum() == pytest.approx(0, abs=1e-12)
