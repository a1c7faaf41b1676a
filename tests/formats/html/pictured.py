"""A check of attribution of pictures: a map over all rows and a few inputs, with their images or without."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import replace

from audit.formats.html.explainability import saliency_maps as pictures
from audit.result import CheckResult, Measurement, Report, Scalar

from .attributions import FACTS, table
from .builders import measurement
from .samples import small

HEIGHT, WIDTH = 9, 12
STEP = 0.01
CASES = [
    ("confident error", 222, 0.02, "look", "pass", -3.9),
    ("confidently favourable", 9, 0.99, "look", "look", 4.6),
    ("confidently unfavourable", 824, 0.01, "pass", "pass", -4.6),
]


def coded(steps: Sequence[int]) -> str:
    """The numbers of a map, in steps."""
    return base64.b64encode(struct.pack(f"<{len(steps)}h", *steps)).decode()


def steps(case: int) -> list[int]:
    """A blob that raises the output, and one below it that lowers it."""
    high, low = (2 + case, 3), (6, 8)
    found = []
    for row in range(HEIGHT):
        for column in range(WIDTH):
            near, far = (abs(row - y) + abs(column - x) for y, x in (high, low))
            found.append(90 - 30 * near if near < 3 else -60 + 30 * far if far < 2 else 0)
    return found


def image(channels: int) -> str:
    """A slope of grey, or of colour."""
    points = ((20 * row, 20 * column, 90)[:channels] for row in range(HEIGHT) for column in range(WIDTH))
    return base64.b64encode(bytes(part for point in points for part in point)).decode()


def lines(shown: bool) -> list[list[Scalar | None]]:
    """The rows of the table ``pictures``."""
    found: list[list[Scalar | None]] = []
    for case, (why, row, score, label, predicted, output) in enumerate(CASES):
        channels = 3 if case else 1
        images: list[Scalar | None] = [image(channels), channels] if shown else [None, None]
        start: list[Scalar | None] = [
            case,
            why,
            row if shown else None,
            score,
            label,
            predicted,
            -0.4,
            output,
        ]
        found.append([*start, "scan", HEIGHT, WIDTH, STEP, coded(steps(case)), *images])
    return found


def check(shown: bool = True) -> CheckResult:
    """One feature, the picture, and where in it the outputs rest on."""
    mean: list[list[Scalar | None]] = [["scan", 899, HEIGHT, WIDTH, STEP, coded([abs(s) for s in steps(0)])]]
    return CheckResult(
        name="explainability",
        status="measured",
        summary="What the score is made of.",
        metrics=FACTS,
        measurements=_measurements(),
        notes=["Within images, attributions are expected gradients."],
        tables=[
            table("picture_map", mean, *pictures.MAP),
            table("pictures", lines(shown), *pictures.COLUMNS),
        ],
    )


def _measurements() -> list[Measurement]:
    return [
        measurement("explainability.additivity_error", 0.02, None, 899),
        measurement("explainability.mean_abs_attribution", 4.1, 0.2, 899, feature="scan"),
        measurement("explainability.attribution_share", 1.0, 0.0, 899, feature="scan"),
        measurement("explainability.protected_share", 0.0, None, 899, attribute="scanner"),
    ]


def pictured() -> Report:
    """A report whose images are shown."""
    return replace(small(), checks=[check()])


def masked() -> Report:
    """The same without images."""
    return replace(small(), checks=[check(shown=False)])
