"""The noise is normal, independent across rows and columns, and told by every value of a row."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest

from audit.mutants.row_noise import row_noise


def noise(width: int = 1, **fed: object) -> np.ndarray:
    return np.asarray(row_noise({name: tf.constant(value) for name, value in fed.items()}, width))


def test_it_is_normal_and_columns_are_independent() -> None:
    values = np.arange(20_000, dtype=np.float32)  # neighbours differ in their last bits
    found = noise(3, x=values)
    assert all(kstest(column, "norm").pvalue > 1e-3 for column in found.T)
    assert np.abs(np.corrcoef(found.T) - np.eye(3)).max() < 0.03
    assert abs(np.corrcoef(found[1:, 0], found[:-1, 0])[0, 1]) < 0.03


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "uint8", "bool"])
def test_every_type_of_number_tells_rows_apart(dtype: str) -> None:
    one, other = (noise(x=np.array([value], dtype)) for value in (0, 1))
    assert one != other


def test_texts_and_places_tell_rows_apart() -> None:
    assert noise(x=np.array([["a", "b"]])) != noise(x=np.array([["b", "a"]]))
    assert noise(x=np.array([["a", "b"]])) == noise(x=np.array([["a", "b"]]))


def test_what_a_row_holds_in_another_input_counts() -> None:
    row = np.array([[1.0, 2.0]], np.float32)
    assert len({float(noise(x=row, y=np.array([value]))[0, 0]) for value in range(5)}) == 5


def test_rows_of_pictures_are_hashed_whole() -> None:
    pictures = np.zeros((3, 4, 4, 1), np.uint8)
    pictures[1, 3, 3, 0] = 1
    found = noise(x=pictures)[:, 0]
    assert found[0] == found[2] != found[1]
