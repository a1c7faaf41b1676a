"""Comparison of protected groups by the share of a feature's nulls that `data.missing` replaces."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from audit.data.arrow_columns import nulls
from audit.data.column_types import is_tensor
from audit.data.nulls import Missing
from audit.data.protected_attributes import Attribute
from audit.errors import quote_list
from audit.inputs.feeds import Feed
from audit.policy.model import Absent
from audit.subject.batches import FeatureBatch

_MIN_GAP = 0.1
_MAX_CHANCE = 1e-3
"""Chance, over all groups and columns together, that nulls spread at random are warned of."""

_MAX_COLUMNS = 10


class _Share(NamedTuple):
    """Nulls in a group's rows, and in all others."""

    name: str
    nulls: int
    rows: int
    other_nulls: int
    other_rows: int

    @property
    def gap(self) -> float:
        """The share of nulls in the group minus that in all other rows."""
        return self.nulls / self.rows - self.other_nulls / self.other_rows

    @property
    def chance(self) -> float:
        """The two-sided P value of the group's nulls, by the hypergeometric distribution (Fisher's exact test)."""
        from scipy.stats import hypergeom

        all_nulls = self.nulls + self.other_nulls
        distribution = hypergeom(self.rows + self.other_rows, all_nulls, self.rows)
        return float(2 * min(distribution.cdf(self.nulls), distribution.sf(self.nulls - 1)))


class ReplacedNulls:
    """Counts replaced nulls by column and protected group while the rows stream by.

    Args:
        feeds: feeds of the model's inputs.
        missing: replacement of nulls, by column.
        attributes: the protected attributes of all rows.
    """

    def __init__(self, feeds: Sequence[Feed], missing: Missing, attributes: Sequence[Attribute]) -> None:
        self._attributes = attributes
        self._fills = {
            name: (feed.fill(missing, name), not feed.is_text)
            for feed in (feeds if attributes else ())
            for name in feed.reads
            if feed.fill(missing, name) is not None
        }
        self._counts = {
            name: [np.zeros(len(attribute.groups), np.int64) for attribute in attributes]
            for name in self._fills
        }

    def add(self, batch: FeatureBatch, first_row: int) -> None:
        """Count those of the next rows; ``first_row`` counts from 0."""
        for name, (_, is_numeric) in self._fills.items():
            column = batch.stored.column(name)
            if is_tensor(column.type):  # whose nulls nothing replaces
                continue
            rows = first_row + np.flatnonzero(nulls(column, is_numeric))
            for attribute, count in zip(self._attributes, self._counts[name], strict=True):
                count += np.bincount(attribute.codes[rows], minlength=len(count))

    def warnings(self) -> Iterator[str]:
        """Yield a warning if groups differ in their share of nulls by more than chance and by more than 10 points."""
        uneven = {name: share for name in self._counts if (share := self._most_uneven(name))}
        if uneven:
            parts = [self._described(name, uneven[name]) for name in list(uneven)[:_MAX_COLUMNS]]
            others = list(uneven)[_MAX_COLUMNS:]
            more = f"; likewise those of {quote_list(others)}" if others else ""
            yield f"{'; '.join(parts)}{more}. Does the serving system send these values for these rows?"

    def _most_uneven(self, name: str) -> _Share | None:
        """Return the group whose share of nulls differs most from the others', None if none differs clearly."""
        shares = list(self._shares(name))
        tests = len(shares) * len(self._counts)
        differing = [s for s in shares if abs(s.gap) > _MIN_GAP and s.chance * tests < _MAX_CHANCE]
        return max(differing, key=lambda share: (abs(share.gap), share.gap), default=None)

    def _shares(self, name: str) -> Iterator[_Share]:
        for attribute, count in zip(self._attributes, self._counts[name], strict=True):
            rows = np.bincount(attribute.codes, minlength=len(count))
            for group, inside, size in zip(attribute.groups, count.tolist(), rows.tolist(), strict=True):
                label = f"{attribute.name} {group}"
                yield _Share(label, inside, size, int(count.sum()) - inside, int(rows.sum()) - size)

    def _described(self, name: str, share: _Share) -> str:
        fill, _ = self._fills[name]
        treated = "left out" if isinstance(fill, Absent) else f"replaced by {fill!r}"
        total = share.nulls + share.other_nulls
        group = (
            f"{share.nulls:,} of them in {share.name}"
            if share.other_nulls
            else f"all of them in {share.name}"
        )
        return (
            f"{total:,} nulls of {name!r} were {treated} (data.missing), {group}: {share.nulls / share.rows:.1%} of "
            f"its rows and {share.other_nulls / share.other_rows:.1%} of the others"
        )
