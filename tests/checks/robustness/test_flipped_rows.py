"""How many digits a masked report writes of what was done to a row."""

from __future__ import annotations

import pytest

from audit.checks.robustness.flipped_rows import rounded, rounded_distinctly


@pytest.mark.parametrize(("value", "written"), [(0.0486999, 0.0487), (-12345.0, -12300.0), (0.0, 0.0)])
def test_three_significant_digits(value: float, written: float) -> None:
    assert rounded(value) == written


def test_scores_keep_as_many_digits_as_tell_them_from_each_other_and_the_border() -> None:
    assert rounded_distinctly([0.123456, 0.765432], 0.5) == [0.123, 0.765]
    assert rounded_distinctly([0.49996, 0.50003], 0.5) == [0.49996, 0.50003]
    assert rounded_distinctly([0.4999612, 0.61234], 0.5) == [0.49996, 0.61234]
    assert rounded_distinctly([0.5, 0.49], 0.5) == [0.5, 0.49]
    assert rounded_distinctly([0.7, 0.7], 0.5) == [0.7, 0.7]
    before, after = rounded_distinctly([0.5, 0.5 - 2**-54], None)  # neighbours among the floats
    assert before == 0.5 > after > 0.5 - 1e-15
