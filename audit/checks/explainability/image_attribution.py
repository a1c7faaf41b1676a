"""Attributions of the cells of an image: by expected gradients, or by SHAP values of patches."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from audit.attribution.pass_plan import MIN_DRAW_PAIRS, evaluations_per_pair
from audit.attribution.path_sampling import DRAWS
from audit.checks.explainability.explanation import ExplainedOutput, Explanation, Sampling
from audit.frameworks.tensorflow_loader import GRADIENT_COST
from audit.subject.images import ImageColumn

_MAX_GRADIENT_CELLS = 48
"""Rows and columns at most of the cells that gradients are summed over."""
_MAX_PATCHES = 4
"""Rows and columns at most of the patches that are masked: the cost grows with their number."""
_PROBED_ROWS = 16
_MIN_PROBED_ROWS = 4
_PROBED_REFERENCES = 20
PROBE_POINTS = DRAWS * MIN_DRAW_PAIRS
"""Points on the paths of a probed row."""
_MAX_GAP_SHARE = 0.1
"""Share of the outputs' distance to the base that gradients may miss and still be those of the model."""

ImageMethod = Literal["gradients", "patches"]


@dataclass(frozen=True)
class CellGrid:
    """Cuts images of ``shape`` (height, width, channels) into ``rows`` x ``columns`` cells.

    A pixel's cell is that of its place, rounded down. So cells lie whole in those of a grid whose numbers of rows and
    columns divide theirs.
    """

    shape: tuple[int, int, int]
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.rows * self.columns

    @cached_property
    def cell(self) -> np.ndarray:
        """(height * width * channels,) int, the cell of each number of a flat image, row after row."""
        height, width, channels = self.shape
        row = np.arange(height) * self.rows // height
        column = np.arange(width) * self.columns // width
        return np.repeat(row[:, None] * self.columns + column, channels)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over each cell of flat images ``(n, numbers)``: ``(n, cells)``."""
        by_row = np.add.reduceat(values.reshape(-1, *self.shape).sum(3), self._starts(0, self.rows), axis=1)
        sums = np.add.reduceat(by_row, self._starts(1, self.columns), axis=2)
        return np.asarray(sums.reshape(len(values), -1))

    def means(self, image: np.ndarray) -> np.ndarray:
        """Return each cell's mean of one flat image, by channel: ``(cells, channels)``."""
        channels = self.shape[2]
        planes = image.reshape(-1, channels).T
        sums = [np.bincount(self.cell[::channels], plane) for plane in planes]
        return np.stack(sums, axis=1) / np.bincount(self.cell[::channels])[:, None]

    def _starts(self, axis: int, parts: int) -> np.ndarray:
        """Return the first pixel of each part: the least whose index, times ``parts`` over the length, reaches it."""
        return -(-np.arange(parts) * self.shape[axis] // parts)


def cell_grid(shape: tuple[int, int, int], sides: int, pixels: int = 1) -> CellGrid:
    """Return a grid of at most ``sides`` rows and columns, whose cells have at least ``pixels`` a side."""
    rows, columns = (max(1, min(sides, side // pixels)) for side in shape[:2])
    return CellGrid(shape, rows, columns)


@dataclass(frozen=True)
class ImageAttribution:
    """Attributions of the cells of ``grid`` in each row: ``values``, float64 ``(rows, cells)``.

    ``evaluations`` is what they cost, in evaluations of the model. ``gap_error`` is, in the median over rows, the
    standard error of the sum of a row's values as a share of the output's distance to the base; 0 of SHAP values.
    """

    grid: CellGrid
    values: np.ndarray
    evaluations: int = 0
    gap_error: float = 0.0

    def pool(self, patches: CellGrid) -> "ImageAttribution":
        """Return the attributions of ``patches``, each made up of whole cells; unchanged if as coarse already."""
        if self.grid.cells <= patches.cells:
            return self
        flat = CellGrid((self.grid.rows, self.grid.columns, 1), patches.rows, patches.columns)
        return replace(self, grid=patches, values=flat.sums(self.values))


def find_method(
    output: ExplainedOutput, matrix: np.ndarray, background: np.ndarray, sampling: Sampling, max_rows: int
) -> ImageMethod:
    """Return ``gradients`` if along paths between rows they add up to the output's changes, else ``patches``.

    ``max_rows`` is the number of rows whose paths are affordable.
    """
    rows = _spread(matrix, max(_MIN_PROBED_ROWS, min(_PROBED_ROWS, max_rows)))
    references = _spread(background, _PROBED_REFERENCES)
    try:
        probe = output.gradients(rows, references, sampling._replace(tolerance=1.0))
    except LookupError:  # an operation has no gradient
        return "patches"
    parts = (probe.gaps, probe.gap_errors, probe.outputs - probe.base)
    gap, gap_error, change = (float(np.sqrt((part**2).mean())) for part in parts)
    return "gradients" if gap <= _MAX_GAP_SHARE * change + 3 * gap_error else "patches"


def evaluations_of_images(method: ImageMethod, pictures: ImageColumn) -> float:
    """Return the most evaluations of the model that a row takes for each reference, in a pass."""
    return DRAWS * GRADIENT_COST if method == "gradients" else evaluations_per_pair(_patches(pictures).cells)


def attribute_images(
    explanation: Explanation, pictures: ImageColumn, method: ImageMethod, sampling: Sampling
) -> ImageAttribution:
    """Attribute the explained rows' outputs to the cells of their images."""
    tables = (explanation.matrix, explanation.references)
    if method == "gradients":
        cells = cell_grid(pictures.shape, _MAX_GRADIENT_CELLS)
        gradients = explanation.output.gradients(*tables, sampling)
        distance = np.maximum(np.abs(gradients.outputs - gradients.base), np.finfo(float).tiny)
        gap_error = float(np.median(gradients.gap_errors / distance))
        return ImageAttribution(cells, cells.sums(gradients.values), gradients.evaluations, gap_error)
    patches = _patches(pictures)
    attributions = explanation.output.attribute(*tables, patches.cell, sampling)
    return ImageAttribution(patches, attributions.values, attributions.evaluations)


def _patches(pictures: ImageColumn) -> CellGrid:
    return cell_grid(pictures.shape, _MAX_PATCHES, 2)


def _spread(rows: np.ndarray, number: int) -> np.ndarray:
    """Return at most ``number`` of the rows, at even distances: a file may be sorted."""
    return rows[:: -(-len(rows) // number)]
