"""Where in pictures the decisions rest on: quality measured on patches, a map over all rows, and a few rows."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

import numpy as np

from audit.checks.explainability.example_rows import decision, rounded
from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.image_attribution import Located, Method, pooled
from audit.checks.explainability.image_grid import Grid, grid
from audit.checks.explainability.quality import quality
from audit.data.shared_ranges import SHARED, digits
from audit.result import Evidence, Note, Scalar, Table
from audit.subject.images import Pictures
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

_MAP = ("feature", "rows", "height", "width", "step", "cells")
_PICTURES = (
    *("case", "why", "row", "score", "label", "predicted", "base", "output", "feature"),
    *("height", "width", "step", "cells", "image", "channels"),
)
_PATCHES = 8
"""Rows and columns of what is measured, and of what is shown of a masked row: cells from which no picture is seen."""
_STEPS, _FEW_STEPS = 32_000, 100
_EACH = 2

Line = tuple[Scalar | None, ...]


def picture_evidence(
    explained: Explained, located: Located, method: Method, subject: Subject, pictures: Pictures
) -> Iterator[Evidence]:
    """Yield how the values were found, their quality, and what the report's pictures are drawn from."""
    by_patch = pooled(located, grid(pictures.shape, _PATCHES, 2))
    yield _how(method, by_patch.grid)
    yield from quality(explained, subject.seed, by_patch.values, by_patch.grid.cell)
    shown = subject.policy.report.rows == "shown"
    yield _map(explained, located if shown or len(explained.rows) >= SHARED else by_patch, pictures)
    if subject.policy.report.rows != "none":
        yield _telling(_lines(explained, located if shown else by_patch, subject, pictures, shown))


def _how(method: Method, patches: Grid) -> Note:
    cut = f"{patches.rows} x {patches.columns} patches"
    if method == "gradients":
        return Note(
            text="Within pictures, attributions are expected gradients, which add up but for their sampling; "
            f"rank_stability and faithfulness are those of {cut}."
        )
    return Note(
        text=f"Within pictures, attributions are SHAP values of {cut}: gradients of the model do not add up to "
        "what its output changes."
    )


def _map(explained: Explained, located: Located, pictures: Pictures) -> Table:
    size = np.average(np.abs(located.values), axis=0, weights=explained.weighted.weights)
    line: Line = (pictures.column, len(explained.rows), *_coded(size, located.grid, _STEPS))
    return Table(
        name="picture_map",
        about="mean size of what each place of the picture adds to the output",
        columns={name: [cell] for name, cell in zip(_MAP, line, strict=True)},
    )


def _telling(lines: Iterable[Line]) -> Table:
    about = "pictures that tell most, with what their places add to the output"
    cells: list[list[Scalar | None]] = [list(column) for column in zip(*lines, strict=True)]
    return Table(name="pictures", about=about, columns=dict(zip(_PICTURES, cells, strict=True)))


def _lines(
    explained: Explained, located: Located, subject: Subject, pictures: Pictures, shown: bool
) -> Iterator[Line]:
    """Yield a line for each telling row; masked, numbers have three significant digits, and no image is written."""
    for case, (why, place) in enumerate(telling_pictures(explained, subject)):
        row, output = int(explained.rows[place]), float(explained.found.outputs[place])
        start = (case, why, row + 1 if shown else None, *decision(row, subject, shown))
        cells = _coded(located.values[place], located.grid, _STEPS if shown else _FEW_STEPS)
        image = _image(explained.matrix[place], located.grid, pictures) if shown else (None, None)
        line = (*start, explained.found.base, output, pictures.column, *cells, *image)
        yield line if shown else tuple(rounded(cell) for cell in line)


def telling_pictures(explained: Explained, subject: Subject) -> list[tuple[str, int]]:
    """Return why each row was chosen, and its place among the explained rows; no row stands twice."""
    chosen: dict[int, str] = {}
    for why, places in _kinds(explained, subject):
        free = [int(place) for place in places if place not in chosen]
        chosen.update(dict.fromkeys(free[:_EACH], why))
    return [(why, place) for place, why in chosen.items()]


def _kinds(explained: Explained, subject: Subject) -> Iterator[tuple[str, np.ndarray]]:
    """Yield kinds of telling rows with their places: errors, and the surest of either outcome, the surest first."""
    scores, rows = subject.scores, explained.rows
    if isinstance(scores, Classified):
        wrong = np.flatnonzero(scores.code[rows] != scores.guess[rows])
        yield "confident error", wrong[np.argsort(scores.certainty[rows[wrong]], kind="stable")]
        score = scores.favorable[rows]
        names = "confidently favourable", "confidently unfavourable"
    else:
        score = scores.prediction[rows]
        yield "large error", np.argsort(-np.abs(scores.target[rows] - score), kind="stable")
        names = "greatest prediction", "least prediction"
    yield names[0], np.argsort(-score, kind="stable")
    yield names[1], np.argsort(score, kind="stable")


def _coded(values: np.ndarray, cells: Grid, steps: int) -> tuple[int, int, float, str]:
    """Return rows, columns, the step and the values in steps: 16-bit numbers, little-endian, in base64."""
    step = float(digits(float(np.abs(values).max()) / steps, 3))
    whole = np.rint(values / step) if step else np.zeros(len(values))
    return cells.rows, cells.columns, step, base64.b64encode(whole.astype("<i2").tobytes()).decode()


def _image(numbers: np.ndarray, cells: Grid, pictures: Pictures) -> tuple[str, int]:
    """Return the picture in the grid's cells, bytes by row, column and channel in base64, and its channels, 1 or 3."""
    means = cells.means((numbers - pictures.low) / (pictures.high - pictures.low))
    colours = means if means.shape[1] == 3 else means.mean(1, keepdims=True)
    samples = np.rint(255 * np.clip(colours, 0, 1)).astype(np.uint8)
    return base64.b64encode(samples.tobytes()).decode(), colours.shape[1]
