"""Sequential test of drift: every bin of every variable, in every group, against the reference's own uncertainty.

The reference is a sample as well. The null hypothesis is therefore that each probability lies within its confidence
interval from the reference: against the reference's shares themselves, a long life would alarm on nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.monitoring.reference import Reference
from audit.stats.eprocess import DISCOUNTS, advance, bernoulli_factor, log_e_value, log_mean
from audit.stats.proportions import Reals, clopper_pearson


@dataclass(frozen=True)
class DriftState:
    """Sums over starts and discounted counts, by discount and tested probability, and the batches that had rows."""

    log_sums: Reals
    past_events: Reals
    past_trials: Reals
    batches: Reals


class DriftTest:
    """Tests of all streams, each of which is a variable in a group.

    Args:
        reference: bins and counts of the variables.
        error: probability that any of the reference's confidence intervals misses.
    """

    def __init__(self, reference: Reference, error: float) -> None:
        self._variables = reference.variables
        self.streams = [
            (variable, group)
            for variable in range(len(reference.variables))
            for group in range(1 + len(reference.groups))
        ]
        events, trials, stream = self._tested(reference.counts)
        self._stream = stream
        selection = np.array([variable.selection for variable in reference.variables])
        of_event = np.repeat(selection, 1 + len(reference.groups))[stream.astype(np.int64)]
        # divided by all categories that could have been selected: then selecting the most frequent is no bias
        tail = error / max(1, 2 * len(events)) / of_event
        limits = clopper_pearson(events, np.maximum(trials, 1.0), tail)
        above = np.where(trials > 0, limits.high, 1.0)
        below = np.where(trials > 0, limits.low, 0.0)
        self._highest = np.concatenate([above, 1.0 - below])

    def initial(self) -> DriftState:
        """Return the state before the first batch."""
        shape = (len(DISCOUNTS), len(self._highest))
        empty = np.zeros(shape)
        return DriftState(np.full(shape, -np.inf), empty, empty, np.zeros(len(self._highest)))

    def after(self, state: DriftState, counts: Sequence[Sequence[Sequence[int]]]) -> DriftState:
        """Return the state after a batch with these counts, in the reference's order."""
        events, trials, _ = self._tested(counts)
        events, trials = np.concatenate([events, trials - events]), np.tile(trials, 2)
        factors = bernoulli_factor(events, trials, state.past_events, state.past_trials, self._highest)
        has_rows = trials > 0
        sums = np.where(has_rows, advance(state.log_sums, state.batches, factors), state.log_sums)
        discount = np.where(has_rows, DISCOUNTS[:, None], 1.0)
        return replace(
            state,
            log_sums=sums,
            past_events=discount * (state.past_events + events),
            past_trials=discount * (state.past_trials + trials),
            batches=state.batches + has_rows,
        )

    def log_e_values(self, state: DriftState) -> Reals:
        """Return the logarithm of each stream's e-value: the mean over its probabilities, directions and discounts."""
        of_tests = log_mean(log_e_value(state.log_sums, state.batches), axis=0)
        both = of_tests.reshape(2, -1)
        top = np.maximum.reduceat(both.max(0), self._starts)
        scaled = np.exp(both - np.repeat(top, np.diff([*self._starts, both.shape[1]]))).sum(0)
        tests = 2.0 * np.diff([*self._starts, both.shape[1]])
        return np.asarray(np.log(np.add.reduceat(scaled, self._starts) / tests) + top)

    @property
    def _starts(self) -> np.ndarray:
        return np.flatnonzero(np.diff(self._stream, prepend=-1))

    def _tested(self, counts: Sequence[Sequence[Sequence[int]]]) -> tuple[Reals, Reals, np.ndarray]:
        """Return events, trials and stream of each tested probability."""
        events, trials, streams = [], [], []
        first = 0
        for variable, table in zip(self._variables, counts, strict=True):
            of_groups = np.asarray(table, np.float64)
            tested = variable.events(of_groups)
            events.append(tested.ravel())
            trials.append(np.repeat(of_groups.sum(1), tested.shape[1]))
            streams.append(np.repeat(first + np.arange(len(of_groups)), tested.shape[1]))
            first += len(of_groups)
        empty = np.zeros(0)
        if not events:
            return empty, empty, empty
        return np.concatenate(events), np.concatenate(trials), np.concatenate(streams)
