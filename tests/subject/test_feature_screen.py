"""Warnings of features that nearly equal the label or number the rows, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audit.data.arrow_columns import Codes
from audit.data.labels import Labels, Targets
from audit.subject.feature_screen import RowIndexTest, association

RANDOM = np.random.default_rng(6)
ROWS = 2000
CODES = (RANDOM.random(ROWS) < 0.3).astype(np.int32)
BINARY = Labels([0, 1], CODES, [1])
ALL = slice(0, ROWS)


def test_numbers_are_compared_by_auc() -> None:
    for noise in (0.0, 0.1, 0.5, 3.0):
        feature = CODES + RANDOM.normal(0, noise, ROWS)
        area = roc_auc_score(CODES, feature)
        assert association(feature, BINARY, ALL, False) == pytest.approx(max(area, 1 - area))
        assert association(-feature, BINARY, ALL, False) == pytest.approx(max(area, 1 - area))


def test_texts_are_compared_by_the_majority_of_their_value() -> None:
    word = Codes(CODES.copy(), ["no", "yes"])
    assert association(word.codes, BINARY, ALL, True) == 1.0
    word.codes[:2] = 1 - word.codes[:2]
    assert association(word.codes, BINARY, ALL, True) == pytest.approx(1 - 2 / ROWS)
    unrelated = RANDOM.integers(0, 3, ROWS)
    assert np.isnan(association(unrelated, BINARY, ALL, True))
    assert np.isnan(association(np.arange(ROWS), BINARY, ALL, True))  # a name in each row tells nothing


def test_several_classes_and_regression() -> None:
    code = RANDOM.integers(0, 4, ROWS).astype(np.int32)
    several = Labels(["a", "b", "c", "d"], code, [0])
    assert association((7 - code).astype(float), several, ALL, False) == 1.0
    assert np.isnan(association(RANDOM.normal(size=ROWS), several, ALL, False))
    target = RANDOM.normal(size=ROWS)
    targets = Targets(target, None, np.dtype(np.float64))
    assert association(3 - 2 * target, targets, ALL, False) == pytest.approx(1.0)
    assert association(RANDOM.normal(size=ROWS), targets, ALL, False) < 0.1


def test_rows_of_one_label_say_nothing() -> None:
    assert np.isnan(
        association(np.arange(5.0), Labels([0, 1], np.ones(5, np.int32), [1]), slice(0, 5), False)
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(500), True),
        (np.arange(1, 501)[::-1], True),
        (RANDOM.permutation(500), True),
        (RANDOM.choice(5000, 1000, replace=False), True),  # the index of a part of the rows
        (np.arange(10), False),  # too few to tell
        (RANDOM.integers(18, 90, 500), False),
        (RANDOM.choice(10**9, 500, replace=False), False),  # amounts without a tie
        (np.arange(500) + 0.5, False),
        (np.append(np.arange(499), 3), False),
    ],
)
@pytest.mark.parametrize("batch", [7, 100, 10**6])
def test_row_indices(values: np.ndarray, expected: bool, batch: int) -> None:
    test = RowIndexTest()
    for start in range(0, len(values), batch):
        test.add(values[start : start + batch].astype(float))
    assert test.numbers_rows() == expected
