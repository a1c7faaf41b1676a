"""Hashes of rows: equal where rows are equal, different where one number or byte differs, in any batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audit.data.arrow_columns import Codes
from audit.data.row_hashes import HashKey, Repeats, row_hashes

KEY = HashKey(0)


@given(
    arrays.arrays(st.sampled_from([np.uint8, np.float32]), st.tuples(st.integers(1, 30), st.just(2), st.just(2)),
                  elements=st.sampled_from([0, 1])),
    st.integers(0, 30),
)  # fmt: skip
def test_tensors_are_counted_as_numpy_does(values: np.ndarray, cut: int) -> None:
    hashes = row_hashes([values], len(values), KEY)
    assert hashes.dtype == np.uint64 and hashes.shape == (len(values),)
    assert Repeats.of(hashes).distinct == len(np.unique(values.reshape(len(values), -1), axis=0))
    parts = [row_hashes([part], len(part), KEY) for part in (values[:cut], values[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), hashes)


FILES = [b"", b"\x00", b"\x00\x00", b"\xff\xd8", b"\x00"]


@pytest.mark.parametrize("given", [FILES, np.array(FILES, object)])
def test_bytes_are_counted(given: Any) -> None:
    hashes = row_hashes([given], 5, KEY)
    assert Repeats.of(hashes).distinct == 4 and hashes[1] == hashes[4]


def test_columns_of_all_kinds_make_one_row() -> None:
    image = np.zeros((4, 2, 2), np.uint8)
    image[1, 0, 0] = 1
    files = [b"a", b"a", b"b", b"a"]
    ages, words = np.zeros(4), Codes(np.zeros(4, np.int32), ["x"])
    hashes = row_hashes([image, files, ages, words], 4, KEY)
    assert hashes[0] == hashes[3] and Repeats.of(hashes).distinct == 3
    assert Repeats.of(row_hashes([image, files, np.arange(4.0), words], 4, KEY)).distinct == 4


def test_the_order_in_memory_does_not_matter() -> None:
    image = np.random.default_rng(0).random((5, 3, 4))
    np.testing.assert_array_equal(row_hashes([np.asfortranarray(image)], 5, KEY), row_hashes([image], 5, KEY))
