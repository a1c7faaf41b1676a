"""The number of rows that charts and tables of one kind may show on a page."""

from collections.abc import Collection

MAX_PAGE_ROWS = 1_500
"""Most rows of all charts of one kind together, but for the fewest of each: Adult has a sixth of them."""


def rows_each(sizes: Collection[int], min_rows: int) -> int:
    """Return how many rows each chart may show: all that it has, or a share of the page if that is too small.

    Args:
        sizes: numbers of rows of the charts.
        min_rows: number of rows that each may show in any case.
    """
    if sum(sizes) <= MAX_PAGE_ROWS:
        return max(sizes, default=min_rows)
    return max(min_rows, MAX_PAGE_ROWS // len(sizes))
