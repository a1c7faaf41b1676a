"""The examples read the published files as they are known to be."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / name / "train.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def adult(raw_data: Path) -> dict[str, pd.DataFrame]:
    read = script("adult_income").read_adult
    return {name: read(raw_data / "adult" / f"adult.{name}") for name in ("data", "test")}


@pytest.fixture(scope="module")
def german(raw_data: Path) -> pd.DataFrame:
    return script("german_credit").read_german(raw_data / "german" / "german.data")


def test_adult_has_its_published_rows_and_labels(adult: dict[str, pd.DataFrame]) -> None:
    assert len(adult["data"]) == 32_561 and len(adult["test"]) == 16_281
    assert (adult["test"]["income"] == ">50K").sum() == 3_846
    assert set(adult["test"]["income"]) == set(adult["data"]["income"]) == {">50K", "<=50K"}


def test_adult_keeps_the_question_mark_as_a_value(adult: dict[str, pd.DataFrame]) -> None:
    both = pd.concat(adult.values())
    assert not both.isna().any().any()
    complete = both[~(both == "?").any(axis=1)]
    assert len(complete) == 45_222
    assert (complete["income"] == ">50K").mean() == pytest.approx(0.2478, abs=5e-5)


def test_german_has_its_published_rows(german: pd.DataFrame) -> None:
    assert german["credit"].value_counts().to_dict() == {"good": 700, "bad": 300}
    assert german["sex"].value_counts().to_dict() == {"Male": 690, "Female": 310}


def test_german_shows_the_published_gap_of_age(german: pd.DataFrame) -> None:
    """AIF360's figures for its own reading of the file: at most 25 against older."""
    good, young = german["credit"] == "good", german["age"] <= 25
    assert good[young].mean() - good[~young].mean() == pytest.approx(-0.14944769330734242, abs=1e-12)
    assert good[young].mean() / good[~young].mean() == pytest.approx(0.7948260481712757, abs=1e-12)


def test_german_table_is_the_tensor_and_no_more(german: pd.DataFrame) -> None:
    module = script("german_credit")
    encoded = module.encode(german)
    numeric = list(encoded.select_dtypes("number"))
    assert numeric == list(encoded)[:-2] and list(encoded)[-2:] == ["sex", "credit"]
    assert not [name for name in numeric if "sex" in name or "personal" in name]
    train, test = module.split(encoded)
    assert len(train) == len(test) == 500 and not set(train.index) & set(test.index)
