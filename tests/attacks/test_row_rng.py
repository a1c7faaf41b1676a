"""Random numbers by row: SplitMix64's own, uniform, and the same whatever rows are beside."""

from __future__ import annotations

import numpy as np

from audit.attacks.row_rng import Draws

JAVA = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
"""The first outputs of the published SplitMix64 for the seed 1234567."""


def test_a_stream_is_splitmix64() -> None:
    drawn = Draws(np.array([1234567], np.uint64)).uniform(0, 4)[0]
    assert drawn.tolist() == [(number >> 11) / 2**53 for number in JAVA]


def test_a_row_draws_the_same_beside_others_and_from_any_place() -> None:
    every = Draws.of(np.arange(50), 3)
    drawn = every.uniform(0, 40)
    np.testing.assert_array_equal(Draws.of(np.array([7, 31]), 3).uniform(0, 40), drawn[[7, 31]])
    np.testing.assert_array_equal(every.take(np.array([31])).uniform(25, 15), drawn[[31], 25:])
    assert not np.isin(Draws.of(np.arange(50), 4).uniform(0, 40), drawn).any()


def test_numbers_are_uniform_and_rows_have_nothing_to_do_with_each_other() -> None:
    drawn = Draws.of(np.arange(400), 0).uniform(0, 400)
    counts = np.histogram(drawn, 20, (0, 1))[0]
    assert np.abs(counts - 8000).max() < 5 * np.sqrt(8000)  # five standard deviations of a uniform draw
    for table in (drawn, drawn.T):
        correlation = np.corrcoef(table) - np.eye(400)
        assert np.abs(correlation).max() < 6 / np.sqrt(400)
