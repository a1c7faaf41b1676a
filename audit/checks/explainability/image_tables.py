"""Evidence of attributions within images: quality measured on patches, a map over all rows, and a few rows."""

import base64
from collections.abc import Iterator

import numpy as np

from audit.checks.explainability.example_rows import Examples, TableLine, line_table
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.image_attribution import CellGrid, ImageAttribution, ImageMethod, cell_grid
from audit.checks.explainability.metrics import per_cent, quality
from audit.data.shared_ranges import SHARED, format_digits
from audit.result import Evidence, Note, Table
from audit.subject.images import ImageColumn
from audit.subject.subject import Subject

_MAP = ("feature", "rows", "height", "width", "step", "cells")
_IMAGES = ("feature", "height", "width", "step", "cells", "image", "channels")
_MAX_PATCHES = 8
"""Rows and columns at most of the patches that are measured, and shown of a masked row: no image is seen from them."""
_STEPS = 32_000
_STEPS_OF_MASKED_ROW = 100


def image_evidence(
    explanation: Explanation,
    attribution: ImageAttribution,
    method: ImageMethod,
    subject: Subject,
    pictures: ImageColumn,
) -> Iterator[Evidence]:
    """Yield the method of the attributions, their quality metrics, and the tables behind the report's figures."""
    examples = Examples(explanation, subject)
    by_patch = attribution.pool(cell_grid(pictures.shape, _MAX_PATCHES, 2))
    yield _method_note(method, by_patch)
    yield from quality(explanation, subject.seed, by_patch.values, by_patch.grid.cell)
    of_rows = attribution if examples.unmasked else by_patch
    yield _map(explanation, attribution if len(explanation.rows) >= SHARED else of_rows, pictures)
    if subject.policy.report.rows != "none":
        about = "images with the largest attributions, and the contribution of each region"
        lines = _example_lines(explanation, of_rows, examples, pictures)
        yield examples.table("pictures", about, _IMAGES, lines)


def _method_note(method: ImageMethod, by_patch: ImageAttribution) -> Note:
    cut = f"{by_patch.grid.rows} x {by_patch.grid.columns} patches"
    values = f"SHAP values of {cut}: gradients of the model do not add up to what its output changes."
    if method == "gradients":
        values = (
            f"expected gradients, whose sum in a row has a standard error of {per_cent(by_patch.gap_error)} of the "
            f"output's distance to the base (median over rows); rank_stability and faithfulness are those of {cut}."
        )
    return Note(text=f"Within images, attributions are {values}")


def _map(explanation: Explanation, attribution: ImageAttribution, pictures: ImageColumn) -> Table:
    means = np.average(np.abs(attribution.values), axis=0, weights=explanation.partition.weights)
    line = (pictures.column, len(explanation.rows), *_encode_map(means, attribution.grid, _STEPS))
    about = "mean absolute contribution of each image region to the output"
    return line_table("picture_map", about, _MAP, [line])


def _example_lines(
    explanation: Explanation, attribution: ImageAttribution, examples: Examples, pictures: ImageColumn
) -> Iterator[TableLine]:
    """Yield a line for each example row; masked, its attributions have two digits, and no image is written."""
    attributions = explanation.attributions
    for case, example in enumerate(examples.images()):
        place = example.place
        start = examples.cells(
            case, example, float(attributions.base[place]), float(attributions.outputs[place])
        )
        steps = _STEPS if examples.unmasked else _STEPS_OF_MASKED_ROW
        cells = _encode_map(attribution.values[place], attribution.grid, steps)
        image: TableLine = (None, None)
        if examples.unmasked:
            image = _encode_image(explanation.matrix[place], attribution.grid, pictures)
        yield (*start, pictures.column, *cells, *image)


def _encode_map(values: np.ndarray, grid: CellGrid, steps: int) -> TableLine:
    """Return height, width, step and cells: the values in steps, 16-bit numbers, little-endian, in base64."""
    step = float(format_digits(float(np.abs(values).max()) / steps, 3))
    numbers = np.rint(values / step) if step else np.zeros(len(values))
    cells = base64.b64encode(numbers.astype("<i2").tobytes()).decode()
    return grid.rows, grid.columns, step, cells


def _encode_image(numbers: np.ndarray, grid: CellGrid, pictures: ImageColumn) -> TableLine:
    """Return bytes by row, column and channel in base64, and the number of channels, 1 or 3."""
    means = grid.means((numbers - pictures.low) / (pictures.high - pictures.low))
    colours = means if means.shape[1] == 3 else means.mean(1, keepdims=True)
    samples = np.rint(255 * np.clip(colours, 0, 1)).astype(np.uint8)
    return base64.b64encode(samples.tobytes()).decode(), colours.shape[1]
