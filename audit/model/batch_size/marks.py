"""What is known of a tensor that may depend on the number of rows in a batch."""

from dataclasses import dataclass, replace

import numpy as np

FREE = 0
"""Level of what does not depend on the number of rows."""
SIZE = 1
"""Level of what follows from the number of rows by sums and products: many sizes, many values."""
COMPARED = 2
"""Level of what may jump between two numbers of rows, such as the result of a comparison."""


@dataclass(frozen=True)
class Mark:
    """Levels of a tensor's ``value`` and of its ``rows``, the dimensions that the number of rows gives it.

    ``elements`` are the levels of a short vector's elements, such as those of a shape; ``constant`` is the value of a
    short constant; ``cause`` names the first operation that compared.
    """

    value: int = FREE
    rows: int = FREE
    elements: tuple[int, ...] | None = None
    constant: tuple[int, ...] | None = None
    cause: str = ""

    def at_least(self, value: int, cause: str = "") -> "Mark":
        """Return the mark with its value raised to a level, for which ``cause`` names the operation."""
        raised = max(self.value, value)
        first = self.cause or (cause if raised == COMPARED else "")
        return replace(self, value=raised, elements=None, constant=None, cause=first)


def join(*marks: Mark) -> Mark:
    """Return what holds of a tensor that is one of several, or is computed from all of them."""
    return Mark(
        value=max((mark.value for mark in marks), default=FREE),
        rows=max((mark.rows for mark in marks), default=FREE),
        cause=next((mark.cause for mark in marks if mark.cause), ""),
    )


def either(one: Mark, other: Mark) -> Mark:
    """Return what holds of both of two marks, constants included where they agree."""
    return one if one == other else join(one, other)


def vector(levels: tuple[int, ...], rows: int = FREE, cause: str = "") -> Mark:
    """Return the mark of a vector whose elements have these levels."""
    return Mark(value=max(levels, default=FREE), rows=rows, elements=levels, cause=cause)


def constant(value: np.ndarray) -> Mark:
    """Return the mark of a short list of whole numbers."""
    numbers = tuple(int(number) for number in value.reshape(-1))
    return Mark(elements=(FREE,) * len(numbers), constant=numbers)
