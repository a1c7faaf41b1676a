"""Pools of small groups whose members differ from each other, so that one value speaks for none of them."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.gate.claims import covered
from audit.gate.coverage import label
from audit.numbers import number
from audit.policy.gate_spec import Rule
from audit.result import Measurement
from audit.result.small_groups import family, group_name
from audit.stats.homogeneity import homogeneity_p

_LEVEL = 0.01


def heterogeneous_pools(rule: Rule, measured: Sequence[Measurement], min_rows: int) -> Iterator[str]:
    """Yield the pools that a rule decides on and whose groups do not have one rate, at a level of 1 %."""
    measurements = covered(rule, measured)
    for pool in measurements:
        if not pool.members or pool.rows < min_rows:
            continue
        members = [m for m in measurements if family(m) == family(pool) and group_name(m) in pool.members]
        keys = [key for key in pool.counts if key == "rate" or key.startswith("unprivileged")]
        for key in keys:
            counts = np.array([m.counts[key] for m in members if len(m.counts.get(key, ())) == 2]).reshape(
                -1, 2
            )
            p_value = homogeneity_p(counts[:, 0], counts[:, 1])
            if p_value < _LEVEL / len(keys):
                yield (
                    f"{label(pool)}: the rates of the {len(members)} groups differ by more than chance (chi-squared "
                    f"test, p {_p(p_value)}), so their common value may hide groups that are treated in opposite ways. "
                    "Merge groups that belong together in the data, or lower gate.min_rows"
                )
                break


def _p(value: float) -> str:
    return "less than 0.001" if value < 0.001 else f"= {number(value)}"
