"""How wide the tensors of a row are, and how many rows a call takes, so that its memory is bounded.

TensorFlow's allocator keeps what it once had: the largest call decides about the memory of the whole audit.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

_MAX_TENSOR_BYTES = 64 * 2**20
"""Of the widest tensor of a call, which holds a few of them at once. Larger calls are not faster on processors."""
_BYTES_OF_NUMBER = 4
_ASSUMED_GROWTH = 8
"""Numbers of the widest tensor for each number of the row, where the graph leaves sizes open: as of convolutions."""

Shape = Sequence[int | None] | None
"""Static shape of a tensor: None for a size that is open, and as a whole if not even the rank is known."""


def rows_of_call(numbers: int) -> int:
    """Return how many rows a call takes whose widest tensor holds so many numbers for each."""
    return max(1, _MAX_TENSOR_BYTES // (_BYTES_OF_NUMBER * numbers))


class RowWidth(NamedTuple):
    """Most numbers that a tensor of some graph holds for a row, ``known`` from shapes; some may be ``open``."""

    known: int = 1
    open: bool = True

    @classmethod
    def of(cls, shapes: Iterable[Shape]) -> "RowWidth":
        """Return the greatest width of tensors of these shapes; those that are not of rows, as weights, are ignored."""
        of_rows = [shape for shape in shapes if shape is None or (len(shape) > 0 and shape[0] is None)]
        widths = [prod(size or 1 for size in shape[1:]) for shape in of_rows if shape is not None]
        return cls(max([1, *widths]), any(shape is None or None in shape[1:] for shape in of_rows))

    def numbers(self, of_row: int) -> int:
        """Return the numbers of the widest tensor for a row that has ``of_row`` numbers itself."""
        return max(self.known, of_row * (_ASSUMED_GROWTH if self.open else 1))
