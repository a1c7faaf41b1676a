"""The first product of rows of which some columns move while others rest, as categories do when numbers are attacked.

Columns that rest add the same to a product with weights wherever the others move: it is computed once.
"""

from dataclasses import dataclass

import numpy as np

from audit.model.logits.merge_point import FirstProduct, MergedPart, MergePoint

_MAX_MOVING_SHARE = 0.5
"""Share of the numbers of a row that may move: where most of them do, little is left to be computed once."""


@dataclass(frozen=True)
class MovingColumns:
    """The parts of a merge point that move, and which of its numbers they are, bool ``(numbers,)``."""

    product: FirstProduct
    parts: list[MergedPart]
    moves: np.ndarray

    @property
    def inputs(self) -> set[str]:
        """The inputs that they are computed from."""
        return {part.input for part in self.parts}


def find_moving_columns(
    merge_point: MergePoint, product: FirstProduct, is_moving: np.ndarray
) -> MovingColumns | None:
    """Return the parts with a moving number, None if the numbers that rest are few.

    Args:
        merge_point: the tensor whose parts are meant.
        product: its product with weights.
        is_moving: whether each number of it moves, bool ``(numbers,)``.
    """
    ends = np.cumsum([part.width for part in merge_point.parts])
    moves = [bool(part.any()) for part in np.split(is_moving, ends[:-1])]
    moving = np.repeat(moves, [part.width for part in merge_point.parts])
    if not moving.any() or moving.mean() > _MAX_MOVING_SHARE:
        return None
    return MovingColumns(
        product,
        [part for part, moves_too in zip(merge_point.parts, moves, strict=True) if moves_too],
        moving,
    )
