"""What other features tell of an attribute: closed forms, scikit-learn by hand, and a column that holds the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, rankdata
from sklearn.metrics import roc_auc_score

from audit.checks.explainability import proxies
from audit.checks.explainability.explanation import ExplainedOutput, Sampling, explain
from audit.checks.explainability.protected_columns import protected_columns
from audit.checks.explainability.proxy_models import bins, rate_scores, tree_scores
from audit.stats import interval
from audit.stats.halves import draw_half

from ...models import save
from ..kit import Found, collected, measure, subject_of

ROWS, GAP = 4000, 1.2
READ = ["gap", "noise", "first", "second", "own"]
SPEC = {"inputs": {"x": READ, "town": ["town"]}}
PEOPLE = {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}, "rare": {"privileged": "no"}}


def people(rows: int = ROWS) -> pd.DataFrame:
    """``gap`` tells of sex, ``first`` and ``second`` only together of race, ``town`` a little of race."""
    rng = np.random.default_rng(2)
    female, black = rng.random(rows) < 0.4, rng.random(rows) < 0.5
    frame = pd.DataFrame({"gap": rng.normal(size=rows) - GAP * female, "noise": rng.normal(size=rows)})
    frame["first"] = rng.normal(size=rows)
    frame["second"] = np.abs(rng.normal(size=rows)) * np.sign(frame["first"]) * np.where(black, 1, -1)
    frame["own"], frame["sex"] = female * 1.0, np.where(female, "Female", "Male")
    frame["town"] = np.where(rng.random(rows) < 0.3, np.where(black, "east", "west"), "mid")
    frame["race"] = np.where(black, np.where(rng.random(rows) < 0.5, "Black", "Asian"), "White")
    frame["rare"] = np.where(np.arange(rows) < 4, "yes", "no")
    return frame.assign(label=np.arange(rows) % 2)


def export(path: Path) -> Path:
    import tensorflow as tf

    weights = tf.constant([1.0, 0.5, 0.5, 0.5, 0.5])
    save(
        path,
        lambda x, town: tf.sigmoid(tf.linalg.matvec(x, weights)[:, None] + tf.where(town == "mid", 1.0, 0.0)),
        x=([None, len(READ)], tf.float32),
        town=([None, 1], tf.string),
    )
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("proxies") / "m")


@pytest.fixture(scope="module")
def found(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("people")
    given = {"protected": PEOPLE, "intersections": [["sex", "race"]]}
    subject = subject_of(model, people(), people(300), folder, spec=SPEC, **given)
    return measure("explainability", subject, rows=60, references=10)


def test_a_number_tells_as_much_as_its_ranks(found: Found) -> None:
    """The AUC of two normals a gap apart is that of the closed form, in the direction that is better."""
    frame = people()
    one = found.one("proxy_strength", attribute="sex", feature="gap")
    by_hand = roc_auc_score(frame["sex"] == "Male", frame["gap"].astype(np.float32))
    assert one.value == pytest.approx(by_hand, abs=1e-12)
    limits = interval(one, 0.95)
    assert limits and limits[0] < norm.cdf(GAP / np.sqrt(2)) < limits[1]
    assert (one.n, one.smallest_n) == (ROWS, int((frame["sex"] == "Female").sum()))


def test_the_table_ranks_the_features_and_shows_their_share(found: Found) -> None:
    table = found.tables["proxies"]
    shares = {name: m.value for name, m in found.of("attribution_share").items()}
    first = table.groupby("attribute", sort=False).first()["feature"].to_dict()
    # of sex and race together, gap and town tell as much as each other
    assert (first["sex"], first["race"]) == ("gap", "town") and first["sex*race"] in ("gap", "town")
    for attribute, part in table.groupby("attribute"):
        known = part["auc"].dropna()
        assert known.is_monotonic_decreasing and (known >= 0.5).all()
        assert len(known) == len(part) - (attribute == "rare")  # of four rows, two say nothing of a text
        assert [shares[name] for name in part["feature"]] == pytest.approx(list(part["share"]))
        values = [found.value("proxy_strength", attribute=attribute, feature=f) for f in part["feature"]]
        np.testing.assert_array_equal(values, part["auc"])


def test_an_attribute_s_own_columns_do_not_count(found: Found) -> None:
    named = found.tables["proxies"].groupby("attribute")["feature"].agg(set).to_dict()
    others = {"gap", "noise", "first", "second", "town"}
    assert named == {"sex": others, "sex*race": others, "race": others | {"own"}, "rare": others | {"own"}}
    assert found.value("proxy_auc", attribute="sex") < 0.85  # own would tell every row


def test_together_features_tell_what_none_tells_alone(found: Found) -> None:
    together = found.one("proxy_auc", attribute="race")
    limits = interval(together, 0.95)
    assert together.value > 0.97 and limits and limits[0] > 0.95
    for name in ("first", "second"):
        assert found.value("proxy_strength", attribute="race", feature=name) < 0.53


def test_together_they_tell_as_much_as_is_known_of_sex(found: Found) -> None:
    """No score has a greater AUC than the gap's; the trees come within a point of it."""
    best = norm.cdf(GAP / np.sqrt(2))
    assert best - 0.02 < found.value("proxy_auc", attribute="sex") < best + 0.02


def test_a_group_of_four_rows_is_not_measured(found: Found) -> None:
    one = found.one("proxy_auc", attribute="rare")
    assert np.isnan(one.value) and one.method == "none"
    alone = found.one("proxy_strength", attribute="rare", feature="gap")
    limits = interval(alone, 0.95)
    assert alone.smallest_n == 4 and limits and limits[1] - limits[0] > 0.3


def test_without_other_features_nothing_can_be_told(tmp_path: Path) -> None:
    import tensorflow as tf

    save(tmp_path / "m", lambda own: tf.sigmoid(own - 0.5), own=([None, 1], tf.float32))
    data = people(200)
    given = {"protected": {"sex": {"privileged": "Male"}}, "spec": {"inputs": {"own": ["own"]}}}
    one = measure("explainability", subject_of(tmp_path / "m", data, data, tmp_path / "d", **given), rows=50)
    together = one.one("proxy_auc", attribute="sex")
    assert (together.value, together.method) == (0.5, "exact") and one.tables["proxies"].empty
    assert one.value("largest_share") == 1.0


def test_rows_are_drawn_by_the_seed_and_it_is_said(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "MAX_ROWS", 500)
    monkeypatch.setattr(proxies, "_MAX_FEATURES", 3)
    data, given = people(1000), {"protected": {"sex": {"privileged": "Male"}}, "spec": SPEC}

    def run(folder: str, seed: int) -> Found:
        subject = subject_of(model, data, data, tmp_path / folder, seed=seed, **given)
        options = Sampling(seed, tolerance=0.1, memory_bytes=64 * 2**20)
        output = ExplainedOutput.of(subject, score=False)
        explained = explain(subject, output, np.arange(20), np.arange(5), options)
        return collected(proxies.proxy_evidence(explained, subject, protected_columns(subject)))

    first, again, other = run("a", 0), run("b", 0), run("c", 1)
    assert first.measurements == again.measurements
    assert first.value("proxy_auc", attribute="sex") != other.value("proxy_auc", attribute="sex")
    assert first.one("proxy_auc", attribute="sex").n == 250 and len(first.tables["proxies"]) <= 3
    assert "Proxies of an attribute are measured on 500 rows." in first.notes
    assert "Of 6 features, the 3 of largest attribution are tested as proxies." in first.notes


def test_half_of_either_side_teaches_and_clusters_stay_whole() -> None:
    rng = np.random.default_rng(0)
    member, clusters = rng.random(500) < 0.1, rng.integers(0, 60, 500)
    learned = draw_half(member, None, rng)
    for side in (member, ~member):
        assert abs(int((learned & side).sum()) - int((~learned & side).sum())) <= 1
    whole = draw_half(member, clusters, rng)
    assert all(len(set(whole[clusters == own])) == 1 for own in range(60))
    assert len(set(clusters[whole])) == len(set(clusters[~whole])) == 30


def test_rates_are_those_of_the_rows_learned_from() -> None:
    rng = np.random.default_rng(1)
    codes, member, learned = rng.integers(0, 4, 300), rng.random(300) < 0.4, rng.random(300) < 0.5
    weights = rng.integers(1, 4, 300).astype(float)
    found = rate_scores(codes, member, learned, weights)
    mean = np.average(member[learned], weights=weights[learned])
    for rate, code in zip(found, codes[~learned], strict=True):
        same = learned & (codes == code)
        assert rate == pytest.approx((weights[same] @ member[same] + 10 * mean) / (weights[same].sum() + 10))


def u_shaped(rows: int = 4000) -> tuple[proxies.ProxySample, np.ndarray, np.ndarray]:
    """A wide normal, a narrow one, one of either group; digits whose parity is the group; and noise with gaps."""
    rng = np.random.default_rng(5)
    member = np.arange(rows) % 2 == 0
    wide = rng.normal(size=rows) * np.where(member, 3.0, 0.3)
    noise = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    matrix = np.stack(
        [wide, 2.0 * rng.integers(0, 5, rows) + member, noise, rng.normal(size=rows) + member], 1
    )
    learned = draw_half(member, None, rng)
    return (
        proxies.ProxySample(matrix, np.zeros(4, bool), np.arange(rows), None, None, 0),
        member,
        learned,
    )


def test_a_number_that_tells_by_its_middle_tells() -> None:
    """The best score is |x|, whose AUC is that of two half normals: 2 atan(10) / pi."""
    rows, member, learned = u_shaped()
    wide, digit = (
        proxies._strength(place, {}, proxies.ProxyEvaluation(rows, member, learned)) for place in (0, 1)
    )
    best = 2 * np.arctan(10) / np.pi
    assert roc_auc_score(member, rows.matrix[:, 0]) < 0.55 and best - 0.02 < wide.value < best + 0.01
    assert (wide.n, digit.n, digit.value) == (2000, 2000, 1.0)
    thin = np.arange(len(member)) < 8  # four of either side
    few = proxies._strength(0, {}, proxies.ProxyEvaluation(rows, member, thin))
    assert few.n == 4000 and few.value < 0.55


def test_where_the_order_tells_more_all_rows_are_judged_by_it() -> None:
    rows, member, learned = u_shaped()
    found = proxies._strength(3, {}, proxies.ProxyEvaluation(rows, member, learned))
    assert found.n == 4000 and found.value == pytest.approx(
        roc_auc_score(member, rows.matrix[:, 3]), abs=1e-12
    )


def test_bins_have_as_many_rows_and_the_missing_have_their_own() -> None:
    rows, _, learned = u_shaped()
    for place in (0, 2):
        values = rows.matrix[:, place]
        codes = bins(values, learned)
        known = np.bincount(codes[learned & ~np.isnan(values)])
        assert len(known) == 20 and known.min() > 0.9 * known.max()
        assert (codes[np.isnan(values)] == 20).all() and (codes[~np.isnan(values)] < 20).all()
    few = rows.matrix[:, 1]
    assert (bins(few, learned) == few).all()  # ten digits, by value


def test_copies_tell_of_each_other_unless_a_cluster_says_so() -> None:
    """Noise that every row repeats ten times: who holds copies of what was learned knows the answer."""
    rng = np.random.default_rng(3)
    own = np.repeat(np.arange(120), 10)
    matrix, member = rng.normal(size=(120, 4))[own], (rng.random(120) < 0.5)[own]
    found = []
    for clusters in (None, own):
        learned = draw_half(member, clusters, rng)
        score = tree_scores(matrix, np.zeros(4, bool), member, learned, None)
        found.append(roc_auc_score(member[~learned], score))
    assert found[0] > 0.8 and found[1] < 0.65


def test_many_texts_and_the_order_of_their_codes_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 400, 6000)
    member = (codes % 3 == 0) ^ (rng.random(6000) < 0.1)
    learned = draw_half(member, None, rng)
    shuffled = rankdata(rng.permutation(400))[codes] - 1
    found = [
        roc_auc_score(
            member[~learned], tree_scores(c[:, None] * 1.0, np.ones(1, bool), member, learned, None)
        )
        for c in (codes, shuffled)
    ]
    assert min(found) > 0.55 and abs(found[0] - found[1]) < 0.05


def test_a_column_that_holds_the_label_has_the_largest_share(model: Path, tmp_path: Path) -> None:
    """The interval lies above a limit of one half, so that a rule on the largest share fails."""
    data = people(1000)
    data["gap"] = 40.0 * data["label"] + data["gap"]
    given = {"protected": {"sex": {"privileged": "Male"}}, "spec": SPEC}
    subject = subject_of(model, data, data, tmp_path / "d", **given)
    found = measure("explainability", subject, rows=300, references=50)
    largest, share = found.one("largest_share"), found.one("attribution_share", feature="gap")
    limits, single = interval(largest, 0.95), interval(share, 0.95)
    assert largest.value == share.value > 0.8 and limits and single
    assert 0.5 < limits[0] < single[0]
    # Student's limits that reach at least those of the share, at any confidence
    assert single[1] <= limits[1] == pytest.approx(single[1], rel=1e-3)
