"""One-hot groups are found among other columns, by values alone: against brute force, wherever the answer is unique."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.inputs.one_hot import one_hot_groups


def dummies(rng: np.random.Generator, rows: int, categories: int) -> np.ndarray:
    """Return a one-hot group in which every category occurs."""
    codes = rng.permutation(np.arange(rows) % categories)
    return np.eye(categories)[codes]


def brute_force(matrix: np.ndarray) -> list[tuple[int, ...]]:
    """Return every set of two or more columns, each with both values, that sums to one in every row."""
    flags = [c for c in range(matrix.shape[1]) if set(np.unique(matrix[:, c])) == {0.0, 1.0}]
    sets = (chosen for size in range(2, len(flags) + 1) for chosen in combinations(flags, size))
    return [chosen for chosen in sets if (matrix[:, list(chosen)].sum(1) == 1).all()]


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    """Return planted groups, some without their first column, lone flags, a fraction and constants, in any order."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = draw(st.integers(12, 60))
    parts = [dummies(rng, rows, n) for n in draw(st.lists(st.integers(2, 4), max_size=3))]
    if draw(st.booleans()):
        parts.append(dummies(rng, rows, 3)[:, 1:])
    parts.append((rng.random((rows, draw(st.integers(0, 2)))) < 0.3) * 1.0)
    parts.append(np.column_stack([rng.random(rows), np.ones(rows), np.zeros(rows)]))
    matrix = np.concatenate(parts, axis=1)
    return matrix[:, rng.permutation(matrix.shape[1])] if draw(st.booleans()) else matrix


@given(tables())
@settings(max_examples=200)
def test_every_group_that_is_the_only_one_of_its_columns_is_found_and_nothing_else(
    matrix: np.ndarray,
) -> None:
    every = brute_force(matrix)
    found = [tuple(group) for group in one_hot_groups([matrix], [f"c{i}" for i in range(matrix.shape[1])])]
    assert set(found) <= set(every)
    assert len({column for group in found for column in group}) == sum(map(len, found))
    alone = [g for g in every if all(set(g).isdisjoint(other) for other in every if other != g)]
    reachable = [g for g in alone if _is_separate(matrix, g)]
    assert set(reachable) <= set(found)


def _is_separate(matrix: np.ndarray, group: tuple[int, ...]) -> bool:
    """Return whether some column of the group is 1 together with every 0/1 column outside of it, or it is a run."""
    flags = [c for c in range(matrix.shape[1]) if set(np.unique(matrix[:, c])) == {0.0, 1.0}]
    outside = [c for c in flags if c not in group]
    inside = np.flatnonzero([c in group for c in flags])
    run = inside[-1] - inside[0] == len(group) - 1
    return run or any(all((matrix[:, c] * matrix[:, o]).any() for o in outside) for c in group)


def table(**columns: str) -> tuple[np.ndarray, list[str]]:
    """Return a matrix and its names; a column is written row by row, ``.`` for a NaN."""
    cells = [[np.nan if cell == "." else float(cell) for cell in column] for column in columns.values()]
    return np.array(cells).T, list(columns)


CASES = {
    "a group": (table(a="100", b="010", c="001"), ["abc"]),
    "two columns that complement each other": (table(a="1001", x="0011", b="0110"), ["ab"]),
    "two independent groups": (table(a="1100", b="0011", c="1010", d="0101"), ["ab", "cd"]),
    "without its first category": (table(b="0100", c="0010"), []),
    "a lone flag": (table(a="0110", x="1234"), []),
    "a row without any": (table(a="1000", b="0110"), []),
    "a row with two": (table(a="1010", b="0111"), []),
    "a null": (table(a="10.", b="010", c="001"), []),
    "a constant beside a group": (table(a="110", b="001", c="000", d="111"), ["ab"]),
    "a duplicate before a group": (table(x="0011", p_a="1100", p_b="0011"), ["p_a p_b"]),
    "a duplicate behind a group": (table(p_a="1100", p_b="0011", x="1100"), ["p_a p_b"]),
    "a group that is there twice": (table(p_a="1100", p_b="0011", q_a="1100", q_b="0011"), ["p_a p_b", "q_a q_b"]),
    "nothing": (table(x="123"), []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_group_is_what_sums_to_one(case: str) -> None:
    (matrix, names), expected = CASES[case]
    found = one_hot_groups([matrix], names)
    joined = [(" " if "_" in names[group[0]] else "").join(names[c] for c in group) for group in found]
    assert joined == expected


def test_every_row_of_every_matrix_counts() -> None:
    matrix, names = table(a="100", b="010", c="001")
    assert one_hot_groups([matrix, matrix[:1]], names) == [[0, 1, 2]]
    assert one_hot_groups([matrix, np.array([[1, 1, 0]])], names) == []
    assert one_hot_groups([matrix[:1], matrix[1:]], names) == [[0, 1, 2]]


def test_columns_of_get_dummies_in_any_order() -> None:
    rng = np.random.default_rng(0)
    raw = pd.DataFrame({name: rng.choice(list("uvwxyz")[: n + 2], 400) for n, name in enumerate("abcd")})
    encoded = pd.get_dummies(raw).assign(x=rng.random(400), flag=rng.integers(0, 2, 400))
    columns = [str(name) for name in encoded]
    for names in (columns, [columns[place] for place in rng.permutation(len(columns))]):
        groups = one_hot_groups([encoded[names].to_numpy(np.float32)], names)
        assert {frozenset(names[c] for c in g) for g in groups} == {
            frozenset(c for c in columns if c.startswith(f"{name}_")) for name in raw
        }


def _widths(total: int) -> Iterator[int]:
    while total:
        yield (width := min(total, 2 + total % 37))
        total -= width


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_thousand_columns_take_seconds(shuffled: bool) -> None:
    rng = np.random.default_rng(0)
    widths = [w for w in _widths(1000) if w > 1]
    matrix = np.concatenate([dummies(rng, 20_000, w) for w in widths], axis=1).astype(np.float32)
    order = rng.permutation(matrix.shape[1]) if shuffled else np.arange(matrix.shape[1])
    start = time.process_time()
    groups = one_hot_groups([matrix[:, order]], [f"c{i}" for i in order])
    assert sorted(map(len, groups)) == sorted(widths)
    assert time.process_time() - start < 20
