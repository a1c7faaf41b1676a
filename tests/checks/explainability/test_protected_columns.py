"""Columns that stand for an attribute under other names, and what is said of one for which none was found."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.explainability.changed_groups import group_changers
from audit.checks.explainability.protected_columns import protected_columns, same_groups
from audit.subject.subject import Subject

from ...models import save
from ..kit import Found, measure, subject_of

ROWS = 1500
PEOPLE = {
    "sex": {"privileged": "Male"},
    "race": {"privileged": "White"},
    "age": {"bins": [25, 60], "privileged": "25-60"},
    "faith": {"privileged": "None"},
}
STAND_FOR = {
    "sex": {
        "Sex": "its own column",
        "SEX_female": "one-hot column",
        "gender": "same groups as the attribute",
        "sexMale": "same groups as the attribute",
        "tone": "same groups as the attribute",
    },
    "race": {"white": "same groups as the attribute", "origin": "same groups as the attribute"},
    "age": {"age_years": "same groups as the attribute", "stage": "same groups as the attribute"},
    "faith": {},
}
OTHERS = ["nearly", "a", "black_or_asian"]
"""A proxy that differs in one row, noise, and what is no group of four but several."""
NUMBERS = [name for found in STAND_FOR.values() for name in found if name != "tone"] + OTHERS


def people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    sex, age = rng.choice(["Female", "Male"], ROWS), rng.integers(18, 80, ROWS)
    race = rng.choice(["Asian", "Black", "Other", "White"], ROWS)
    male = (sex == "Male") * 1.0
    frame = pd.DataFrame({"sex": sex, "age": age, "race": race, "faith": rng.choice(["None", "Some"], ROWS)})
    frame["Sex"], frame["SEX_female"], frame["gender"], frame["sexMale"] = (
        male,
        1 - male,
        2 - male,
        2 * male - 1,
    )
    frame["tone"] = np.where(male, "low", "high")
    frame["white"] = (race == "White") * 1.0
    frame["origin"] = pd.Series(race).map({"Asian": 7, "Black": 3, "Other": 5, "White": 4})
    frame["age_years"], frame["stage"] = age * 1.0, np.digitize(age, [25, 60])
    frame["nearly"] = np.where(np.arange(ROWS) == 9, 1 - male, male)
    frame["a"], frame["black_or_asian"] = (
        rng.normal(size=ROWS).round(2),
        np.isin(race, ["Asian", "Black"]) * 1.0,
    )
    return frame.assign(label=np.arange(ROWS) % 2)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A linear model of all columns, and a table of them; it reads one of them as text."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("people")
    weights = np.linspace(0.1, 1, len(NUMBERS), dtype=np.float32)
    save(
        folder / "m",
        lambda x, tone: tf.sigmoid(
            tf.linalg.matvec(x - 1.0, weights)[:, None] + tf.where(tone == "low", 1.0, 0.0)
        ),
        x=([None, len(NUMBERS)], tf.float32),
        tone=([None, 1], tf.string),
    )
    spec = {"inputs": {"x": NUMBERS, "tone": ["tone"]}}
    given = {"protected": PEOPLE, "intersections": [["sex", "faith"]]}
    return subject_of(folder / "m", people(), people(), folder, spec=spec, **given)


@pytest.fixture(scope="module")
def found(subject: Subject) -> Found:
    return measure("explainability", subject, rows=60, references=10)


def test_columns_are_found_by_name_in_any_case_and_by_their_groups(found: Found) -> None:
    read = found.tables["protected"].groupby("attribute")
    told = {name: dict(zip(part["column"], part["how"], strict=True)) for name, part in read}
    expected = {name: columns for name, columns in STAND_FOR.items() if columns}
    assert told == expected | {"sex*faith": STAND_FOR["sex"]}


def test_their_share_is_the_sum_of_theirs(found: Found) -> None:
    shares = {name: m.value for name, m in found.of("attribution_share").items()}
    for name, columns in STAND_FOR.items():
        own = sum(shares[column] for column in columns)
        assert found.value("protected_share", attribute=name) == pytest.approx(own, rel=1e-9)
        assert (own > 0.02) == bool(columns)


def test_an_attribute_without_columns_is_exactly_0_and_a_note_says_what_that_leaves_open(
    found: Found,
) -> None:
    assert found.one("protected_share", attribute="faith").method == "exact"
    assert (
        "No column that the model reads is named after or has the same groups as faith: protected_share does not "
        "count what other columns reveal of it, and counterfactual_flip_rate has no value to change, so that it was "
        "not measured."
    ) in found.notes


CHANGED_TO: dict[tuple[str, str], dict[str, Any]] = {
    ("sex", "Female"): {"Sex": 0, "SEX_female": 1, "gender": 2, "sexMale": -1, "tone": "high"},
    ("sex", "Male"): {"Sex": 1, "SEX_female": 0, "gender": 1, "sexMale": 1, "tone": "low"},
    ("race", "Black"): {"white": 0, "origin": 3},
    ("race", "White"): {"white": 1, "origin": 4},
}
"""What all columns of an attribute are in a group."""


def test_a_changed_group_shows_in_all_columns_of_the_attribute_and_in_no_other(subject: Subject) -> None:
    data, columns = subject.features.data, subject.features.columns
    changers = {c.attribute.name: c for c in group_changers(subject, protected_columns(subject), data)}
    assert list(changers) == ["sex", "race", "age", "sex*faith"]
    for (name, group), values in CHANGED_TO.items():
        attribute = changers[name].attribute
        rows, matrix = changers[name].change(data.matrix, attribute.groups.index(group))
        assert set(rows) == set(np.flatnonzero(attribute.codes[data.index] != attribute.groups.index(group)))
        for place, column in enumerate(columns):
            cells = matrix[:, place]
            if column.name not in values:
                np.testing.assert_array_equal(cells, data.matrix[rows, place])
            elif column.vocabulary:
                assert {column.vocabulary[int(code)] for code in cells} == {values[column.name]}
            else:
                assert set(cells) == {values[column.name]}
    frame = people()
    _, old = changers["age"].change(data.matrix, changers["age"].attribute.groups.index(">=60"))
    middle = np.sort(frame["age"][frame["age"] >= 60])[(int((frame["age"] >= 60).sum()) - 1) // 2]
    by_name = {column.name: set(old[:, place]) for place, column in enumerate(columns)}
    assert by_name["age_years"] == {middle} and by_name["stage"] == {2}


AGES = np.repeat(np.arange(20, 70), 12)
"""600 rows."""


@pytest.mark.parametrize(
    ("values", "codes", "binned", "same"),
    [
        (AGES, AGES >= 40, True, True),
        (-AGES, np.digitize(AGES, [30, 50]), True, True),
        (AGES, AGES >= 40, False, False),  # no ranges, so no number was cut
        (AGES, (AGES >= 40) & (AGES < 50), True, False),  # the other group lies on both sides
        (AGES, np.arange(600) >= 305, True, False),  # a value in two groups
        (np.arange(600), AGES >= 40, True, False),  # no value twice
        (np.arange(600) // 9, np.arange(600) // 9 >= 30, True, False),  # nine rows a value
        (np.arange(600) // 10, np.arange(600) // 10 >= 30, True, True),
        (AGES * 0, AGES * 0, True, False),  # nothing is told apart
        (AGES * 0, AGES >= 40, False, False),
        (AGES, AGES * 0, True, False),
        (np.tile([0, 1], 25), np.tile([0, 1], 25), False, True),
        (np.tile([0, 1], 24), np.tile([0, 1], 24), False, False),  # 48 rows
        (np.tile([0, 0, 1, 1], 20), np.tile([0, 1, 2, 3], 20), False, False),  # two groups a value
        (np.tile([0, 0, 0, 1], 20), np.tile([0, 1, 2, 3], 20), False, True),
    ],
)
def test_which_columns_have_the_same_groups(
    values: np.ndarray, codes: np.ndarray, binned: bool, same: bool
) -> None:
    assert same_groups(values.astype(np.float32), codes.astype(np.int32), binned) is same


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6, unique=True),
    st.booleans(),
)
def test_same_groups_are_those_of_the_definition(pairs: list[tuple[int, int]], binned: bool) -> None:
    """Every pair in 30 rows: by sets, for each value its groups and for each group its values."""
    groups_of, values_of = defaultdict(set), defaultdict(set)
    for value, group in pairs:
        groups_of[value].add(group)
        values_of[group].add(value)
    several = len(groups_of) > 1 and len(values_of) > 1 and len(pairs) * 30 >= 50
    single = all(len(part) == 1 for part in groups_of.values())
    one_to_one = single and all(len(part) == 1 for part in values_of.values())
    member = len(groups_of) == 2 and any(
        {v for v in groups_of if group in groups_of[v]} == {value} and groups_of[value] == {group}
        for group in values_of
        for value in groups_of
    )
    order = [next(iter(groups_of[value])) for value in sorted(groups_of)]
    runs = 1 + sum(a != b for a, b in pairwise(order))
    cut = binned and single and runs == len(values_of)
    values, codes = np.repeat(np.array(pairs), 30, axis=0).T
    assert same_groups(values, codes, binned) == (several and (one_to_one or member or cut))
