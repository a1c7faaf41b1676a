"""How far margins move, against counting."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audit.mutants.candidate import halving_shift

MARGINS = st.lists(st.floats(-3, 3).map(lambda x: round(x, 2)), min_size=1, max_size=40).map(np.array)


@given(MARGINS)
def test_no_other_shift_leaves_nearer_to_half(margin: np.ndarray) -> None:
    found, selected = halving_shift(margin), margin[margin >= 0]
    if found is None:
        assert not len(selected)
        return
    off = [
        abs((selected >= shift).sum() - len(selected) / 2) for shift in (*np.unique(selected) + 1e-3, found)
    ]
    assert found > 0 and off[-1] == min(off)


def test_where_all_are_equal_none_stays() -> None:
    found = halving_shift(np.full(10, 0.7))
    assert found is not None and found > 0.7
