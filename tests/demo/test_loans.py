"""The generator's text says what is planted; here its figures are counted with plain pandas."""

import math
import subprocess
import sys

import pandas as pd
import pytest

from audit.demo.loans import make_loans

ROWS = 200_000
FEATURES = ["income", "debt_ratio", "employment_years", "savings", "age", "district_score", "bureau_rate"]


@pytest.fixture(scope="module")
def biased() -> pd.DataFrame:
    return make_loans(ROWS, seed=3)


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return make_loans(ROWS, seed=3, biased=False)


def rate(condition: pd.Series) -> float:
    return float(condition.mean())


def near(value: float, truth: float, rows: int) -> None:
    """Hold a counted rate to the documented one, within five standard errors of a binomial."""
    assert abs(value - truth) < 5 * math.sqrt(truth * (1 - truth) / rows)


def test_shape_and_values(biased: pd.DataFrame) -> None:
    assert list(biased) == [*FEATURES, "sex", "approved"]
    assert (biased[FEATURES].dtypes == "float64").all()
    assert not biased.isna().any().any()
    assert set(biased["sex"]) == {"Female", "Male"} and set(biased["approved"]) == {"yes", "no"}
    assert biased["age"].min() == 21 and biased["age"].max() == 69


def test_groups_have_the_documented_shares(biased: pd.DataFrame) -> None:
    near(rate(biased["sex"] == "Female"), 0.38, ROWS)


def test_approvals_of_the_biased_office(biased: pd.DataFrame) -> None:
    approved = (biased["approved"] == "yes").groupby(biased["sex"]).agg(["mean", "size"])
    near(approved["mean"]["Male"], 0.60, approved["size"]["Male"])
    near(approved["mean"]["Female"], 0.24, approved["size"]["Female"])
    assert approved["mean"]["Female"] / approved["mean"]["Male"] == pytest.approx(0.40, abs=0.01)


def test_bias_refuses_three_in_five_creditworthy_women_and_no_one_else(
    biased: pd.DataFrame, clean: pd.DataFrame
) -> None:
    pd.testing.assert_frame_equal(biased[["sex", *FEATURES[:5]]], clean[["sex", *FEATURES[:5]]])
    creditworthy, approved = clean["approved"] == "yes", biased["approved"] == "yes"
    female = biased["sex"] == "Female"
    assert (approved == creditworthy)[~female].all()
    assert not approved[~creditworthy].any()
    hit = female & creditworthy
    near(rate(~approved[hit]), 0.60, int(hit.sum()))


def test_the_lot_does_not_depend_on_any_feature(biased: pd.DataFrame, clean: pd.DataFrame) -> None:
    hit = (biased["sex"] == "Female") & (clean["approved"] == "yes")
    refused = (biased["approved"] == "no")[hit].astype(float)
    correlation = biased.loc[hit, FEATURES].corrwith(refused).abs()
    assert correlation.max() < 5 / math.sqrt(hit.sum())


def test_proxy_tells_the_sexes_apart_and_nothing_of_creditworthiness(
    biased: pd.DataFrame, clean: pd.DataFrame
) -> None:
    female, score = biased["sex"] == "Female", biased["district_score"]
    assert rate((score < 48) == female) == pytest.approx(0.885, abs=0.005)
    assert score.groupby(female).mean().tolist() == pytest.approx([60, 36], abs=0.2)
    assert score.groupby(female).std().tolist() == pytest.approx([10, 10], abs=0.1)
    creditworthy = (clean["approved"] == "yes").astype(float)
    for rows in (female, ~female):
        assert abs(score[rows].corr(creditworthy[rows])) < 5 / math.sqrt(rows.sum())


def test_fragile_feature_tells_most_within_a_small_part_of_its_spread(
    biased: pd.DataFrame, clean: pd.DataFrame
) -> None:
    rate_, known = biased["bureau_rate"], biased["bureau_rate"] != 9.99
    near(rate(~known), 0.04, ROWS)
    assert rate_.std() == pytest.approx(1.37, abs=0.03)
    assert rate_[known].std() / rate_.std() == pytest.approx(0.073, abs=0.002)
    creditworthy = (clean["approved"] == "yes").astype(float)
    strength = biased.loc[known, FEATURES].corrwith(creditworthy[known]).abs()
    assert strength.idxmax() == "bureau_rate"
    # A correlation of 0.9 with a standard normal, cut at its 40 % quantile: 0.9 φ(z) / sqrt(0.6 · 0.4).
    assert strength["bureau_rate"] == pytest.approx(0.9 * 0.38634 / math.sqrt(0.24), abs=0.01)


def test_clean_office_has_no_gap_beyond_noise(clean: pd.DataFrame) -> None:
    female, approved = clean["sex"] == "Female", clean["approved"] == "yes"
    for rows in (female, ~female):
        near(rate(approved[rows]), 0.60, int(rows.sum()))
    sexes = female.astype(float)
    assert clean[FEATURES].corrwith(sexes).abs().max() < 5 / math.sqrt(ROWS)
    nothing = clean[["age", "district_score", "bureau_rate"]].corrwith(approved.astype(float)).abs()
    assert nothing.max() < 5 / math.sqrt(ROWS)


def test_equal_arguments_give_equal_bytes_also_in_another_process() -> None:
    code = (
        "import hashlib; from audit.demo.loans import make_loans;"
        "print(hashlib.sha256(make_loans(500, 7).to_csv().encode()).hexdigest())"
    )
    digests = {subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)}
    assert len(digests) == 1
    assert not make_loans(500, 7).equals(make_loans(500, 8))


def test_importing_the_demo_loads_no_framework() -> None:
    code = (
        "import sys, audit.demo.loans, audit.demo.candidates, audit.demo.prepare;"
        "print({'tensorflow', 'keras', 'aif360'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
