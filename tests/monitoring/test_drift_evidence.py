"""The test of drift against plain loops over all streams, and by exact enumeration of a batch."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from audit.model.head import Head
from audit.monitoring.drift_evidence import DriftState, DriftTest
from audit.monitoring.reference import Reference
from audit.monitoring.variable import Variable
from audit.stats.eprocess import DISCOUNTS

ERROR = 0.005
NUMBER = Variable("feature", "age", edges=[1.0, 2.0, 5.0])
CATEGORY = Variable("feature", "job", categories=["a", "b"])
SCORE = Variable("score", "score", edges=[0.0])
VARIABLES = [NUMBER, CATEGORY, SCORE]
COUNTS = [
    [[300, 400, 250, 0, 50], [200, 100, 80, 0, 20], [100, 300, 170, 0, 30]],
    [[600, 390, 10, 0], [300, 98, 2, 0], [300, 292, 8, 0]],
    [[1000, 0, 0], [400, 0, 0], [600, 0, 0]],
]
"""Bins of everyone and of two groups, of 400 and 600 rows."""
GROUPS = [("sex", "one"), ("sex", "other")]
Counts = Sequence[Sequence[Sequence[int]]]


def reference_of(variables: list[Variable], counts: Counts, groups: list[tuple[str, str]]) -> Reference:
    return Reference(
        path="rows.csv",
        digest="",
        rows=sum(counts[0][0]) if counts else 0,
        head=Head("sigmoid", 1, ""),
        favorable=[1],
        threshold=0.5,
        at_least=None,
        classes=[0, 1],
        inputs={},
        attributes=[],
        groups=groups,
        variables=variables,
        counts=[[list(row) for row in table] for table in counts],
    )


REFERENCE = reference_of(VARIABLES, COUNTS, GROUPS)


def drawn(rng: np.random.Generator, rows: int, shift: float = 0.0) -> list[list[list[int]]]:
    """Return the counts of a batch like the reference; ``shift`` of the rows move to the last bins but one."""
    tables = []
    for table in COUNTS:
        of_groups = []
        for row, share in zip(table[1:], (0.4, 0.6), strict=True):
            p = np.array(row) / sum(row)
            moved = np.zeros(len(p))
            moved[-2] = 1.0
            of_groups.append(rng.multinomial(int(share * rows), (1.0 - shift) * p + shift * moved))
        tables.append([np.sum(of_groups, axis=0).tolist(), *(group.tolist() for group in of_groups)])
    return tables


def events_of(variable: Variable, row: Sequence[int]) -> list[int]:
    """Return how many of the rows are at most each edge, or in each bin, and nulls.

    Of categories that were selected as frequent, the rest is no event.
    """
    if not variable.edges:
        has_rest = variable.candidates > len(variable.categories)
        return [*row[:-2], row[-1]] if has_rest else list(row)
    return [*itertools.accumulate(row[:-2]), row[-1]]


def log_beta_function(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_e_by_loops(
    history: Sequence[tuple[int, int]], highest: float, discount: float, direction: str
) -> float:
    """Return the log e-value of one probability from its (events, trials) in each batch, started at each of them."""
    past_events = past_trials = 0.0
    factors = []
    for events, trials in history:
        if trials == 0:
            continue
        hits = events if direction == "above" else trials - events
        a, b = past_events + 0.5, past_trials - past_events + 0.5
        before, after = beta.sf(highest, a, b), beta.sf(highest, a + hits, b + trials - hits)
        if highest < 1.0 and before > 1e-280:
            log_mixture = log_beta_function(a + hits, b + trials - hits) + math.log(after)
            log_mixture -= log_beta_function(a, b) + math.log(before)
            null = hits * math.log(highest) + (trials - hits) * math.log(1.0 - highest)
            factors.append(math.exp(log_mixture - null))
        else:
            factors.append(1.0)
        past_events, past_trials = discount * (past_events + hits), discount * (past_trials + trials)
    unstarted = [1.0 / (1.0 + math.log(1.0 + start)) for start in range(len(factors) + 1)]
    e = unstarted[-1]
    for start in range(len(factors)):
        e += (unstarted[start] - unstarted[start + 1]) * math.prod(factors[start:])
    return math.log(e)


def e_values_by_loops(variables: list[Variable], batches: Sequence[Counts]) -> list[float]:
    number = sum(len(events_of(v, row)) for v, table in zip(variables, COUNTS, strict=True) for row in table)
    values = []
    for place, variable in enumerate(variables):
        for group in range(3):
            reference = COUNTS[place][group]
            parts = []
            selected = max(1.0, variable.candidates / max(1, len(variable.categories)))
            for event, seen in enumerate(events_of(variable, reference)):
                limits = binomtest(seen, sum(reference)).proportion_ci(
                    1.0 - ERROR / number / selected, method="exact"
                )
                history = [
                    (events_of(variable, batch[place][group])[event], sum(batch[place][group]))
                    for batch in batches
                ]
                for discount in DISCOUNTS.tolist():
                    parts.append(log_e_by_loops(history, limits.high, discount, "above"))
                    parts.append(log_e_by_loops(history, 1.0 - limits.low, discount, "below"))
            values.append(math.log(sum(math.exp(part) for part in parts) / len(parts)))
    return values


def state_after(test: DriftTest, batches: Sequence[Counts]) -> DriftState:
    state = test.initial()
    for batch in batches:
        state = test.after(state, batch)
    return state


@pytest.mark.parametrize("candidates", [0, 40])
@pytest.mark.parametrize("shift", [0.0, 0.05, 0.3])
def test_each_stream_is_as_by_loops(shift: float, candidates: int) -> None:
    rng = np.random.default_rng(3)
    batches = [drawn(rng, rows, shift) for rows in (30, 5, 200, 0, 40, 1, 60)]
    variables = [NUMBER, replace(CATEGORY, candidates=candidates), SCORE]
    test = DriftTest(reference_of(variables, COUNTS, GROUPS), ERROR)
    found = test.log_e_values(state_after(test, batches))
    assert test.streams == [(variable, group) for variable in range(3) for group in range(3)]
    assert found == pytest.approx(e_values_by_loops(variables, batches), abs=1e-7)
    assert len(set(found.tolist())) == 9, "streams that are alike could be mistaken for each other"


def test_evidence_beyond_every_float_stays_a_number() -> None:
    test = DriftTest(REFERENCE, ERROR)
    batch = [[[0] * (len(row) - 1) + [100_000] for row in table] for table in COUNTS]
    e_values = test.log_e_values(test.after(test.initial(), batch))
    assert np.isfinite(e_values).all() and e_values.min() > 10_000


def test_before_the_first_batch_there_is_no_evidence() -> None:
    test = DriftTest(REFERENCE, ERROR)
    assert test.log_e_values(test.initial()) == pytest.approx(np.zeros(9), abs=1e-12)


def test_a_group_without_rows_keeps_its_e_values() -> None:
    rng = np.random.default_rng(4)
    test = DriftTest(REFERENCE, ERROR)
    state = state_after(test, [drawn(rng, 100, 0.1) for _ in range(3)])
    before = test.log_e_values(state)
    batch = drawn(rng, 100, 0.1)
    for table in batch:
        table[2] = [0] * len(table[2])
        table[0] = table[1]
    without = test.after(state, batch)
    others = np.arange(9) % 3 != 2
    assert np.array_equal(test.log_e_values(without)[~others], before[~others])
    assert (test.log_e_values(without)[others] != before[others]).all()
    following = drawn(rng, 80, 0.1)
    skipped = test.log_e_values(test.after(state, following))
    assert np.array_equal(test.log_e_values(test.after(without, following))[~others], skipped[~others])


def test_an_empty_batch_changes_nothing() -> None:
    test = DriftTest(REFERENCE, ERROR)
    state = state_after(test, [drawn(np.random.default_rng(5), 100, 0.1)])
    after = test.after(state, [[[0] * len(row) for row in table] for table in COUNTS])
    for name, value in vars(state).items():
        assert np.array_equal(getattr(after, name), value), name


def test_the_order_of_variables_does_not_matter() -> None:
    rng = np.random.default_rng(6)
    batches = [drawn(rng, 50, 0.1) for _ in range(5)]
    plain = DriftTest(REFERENCE, ERROR)
    expected = plain.log_e_values(state_after(plain, batches)).reshape(3, 3)
    for order in itertools.permutations(range(3)):
        reference = reference_of([VARIABLES[i] for i in order], [COUNTS[i] for i in order], GROUPS)
        test = DriftTest(reference, ERROR)
        state = state_after(test, [[batch[i] for i in order] for batch in batches])
        assert test.log_e_values(state).reshape(3, 3) == pytest.approx(expected[list(order)], abs=1e-9)


@pytest.mark.parametrize("share", [1, 2])
def test_batches_with_the_shares_of_the_reference_are_no_evidence(share: int) -> None:
    batch = [[[rows // share for rows in row] for row in table] for table in COUNTS]
    test = DriftTest(REFERENCE, ERROR)
    state = test.initial()
    for _ in range(150):
        state = test.after(state, batch)
        assert test.log_e_values(state).max() <= 1e-9


def test_a_shift_is_evidence_where_it_is() -> None:
    """The category's shares move in one group only; the others are exactly those of the reference."""
    batch = [[[rows // 2 for rows in row] for row in table] for table in COUNTS]
    batch[1][2] = [60, 236, 4, 0]
    batch[1][0] = [a + b for a, b in zip(batch[1][1], batch[1][2], strict=True)]
    test = DriftTest(REFERENCE, ERROR)
    e_values = test.log_e_values(test.after(test.initial(), batch))
    assert set(np.flatnonzero(e_values > math.log(1000)).tolist()) == {3, 5}
    assert e_values.argmax() == 5


def test_nulls_and_values_beyond_the_maximum_are_evidence() -> None:
    for row in ([120, 160, 100, 0, 120], [150, 200, 125, 25, 0], [120, 170, 110, 75, 25]):
        batch = [[[rows // 2 for rows in of_group] for of_group in table] for table in COUNTS]
        batch[0][0] = row
        test = DriftTest(REFERENCE, ERROR)
        assert test.log_e_values(test.after(test.initial(), batch))[0] > math.log(20), row


def outcomes(rows: int, bins: int) -> list[list[int]]:
    return [list(row) for row in itertools.product(range(rows + 1), repeat=bins) if sum(row) == rows]


@pytest.mark.parametrize("variable", [NUMBER, CATEGORY], ids=["number", "category"])
def test_the_next_batch_adds_nothing_by_expectation_within_the_references_intervals(
    variable: Variable,
) -> None:
    """All outcomes of a batch of three rows, after a past that suggests a shift."""
    of_everyone = COUNTS[VARIABLES.index(variable)][0]
    test = DriftTest(reference_of([variable], [[of_everyone]], []), ERROR)
    past = [0] * len(of_everyone)
    past[-2] = past[0] = 9
    state = state_after(test, [[[past]], [[past]]])
    before = float(np.exp(test.log_e_values(state)[0]))
    p = np.array(of_everyone) / sum(of_everyone)
    mean = 0.0
    for row in outcomes(3, len(p)):
        weight = math.factorial(3) * math.prod(
            q**rows / math.factorial(rows) for q, rows in zip(p.tolist(), row, strict=True)
        )
        mean += weight * float(np.exp(test.log_e_values(test.after(state, [[row]]))[0]))
    assert 0.0 < mean <= before + 1e-9


def test_what_the_reference_never_had_rows_of_is_not_tested() -> None:
    empty = [[0, 0, 0, 0]]
    test = DriftTest(reference_of([CATEGORY], [empty], []), ERROR)
    assert test.log_e_values(test.after(test.initial(), [[[5, 5, 5, 5]]])) == pytest.approx([0.0], abs=1e-9)


def test_without_variables_there_are_no_streams() -> None:
    test = DriftTest(reference_of([], [], GROUPS), ERROR)
    assert test.streams == []
    assert len(test.log_e_values(test.after(test.initial(), []))) == 0


def test_a_smaller_error_takes_more_evidence() -> None:
    batch = drawn(np.random.default_rng(8), 300, 0.2)
    strict, loose = (DriftTest(REFERENCE, error) for error in (1e-6, 0.05))
    e_values = [test.log_e_values(test.after(test.initial(), batch)) for test in (strict, loose)]
    assert (e_values[0] <= e_values[1] + 1e-9).all() and (e_values[0] < e_values[1] - 0.1).any()


def test_a_thousand_features_in_five_groups() -> None:
    """Prints time and memory of a batch; both are for reading, not for failing."""
    rng = np.random.default_rng(9)
    features = 1000
    edges = [float(edge) for edge in range(10)]
    variables = [Variable("feature", str(number), edges=edges) for number in range(features)]
    shares = [0.1] * 10 + [0.0, 0.0]
    counts = [[rng.multinomial(2000, shares).tolist() for _ in range(6)] for _ in range(features)]
    groups = [("group", str(number)) for number in range(5)]
    test = DriftTest(reference_of(variables, counts, groups), ERROR)
    batch = [[rng.multinomial(100, shares).tolist() for _ in range(6)] for _ in range(features)]
    start = time.perf_counter()
    state = test.after(test.initial(), batch)
    e_values = test.log_e_values(state)
    seconds = time.perf_counter() - start
    size = sum(part.nbytes for part in vars(state).values())
    print(f"{len(e_values):,} streams: {seconds:.2f} s a batch, a state of {size / 2**20:.1f} MiB")
    assert e_values.shape == (6 * features,) and np.isfinite(e_values).all()
