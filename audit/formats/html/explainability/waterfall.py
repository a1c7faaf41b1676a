"""shap's waterfall plot of an explained row: from the mean output to the row's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import percent, ticks
from audit.formats.html.charts.plot_marks import Line
from audit.formats.html.explainability.row_summary import ROW_COLUMNS, explained_rows, row_label, summary
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, text
from audit.numbers import minus, number, signed

COLUMNS = (*ROW_COLUMNS, "feature", "value", "attribution", "error")
_MIN_ERROR = 1e-3


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall plot: ``kind`` is ``up``, ``down`` or ``level`` (the mean output and the row's own)."""

    kind: str
    label: str
    value: str
    x: str
    width: str
    stop: str


@dataclass(frozen=True, slots=True)
class WaterfallCase:
    """An explained row with its waterfall plot: reason for its choice, place in the data, and a summary in words."""

    reason: str
    row: str
    words: str
    error: str
    steps: list[Step]
    ticks: tuple[Line, ...]


def cases(rows: Sequence[Record]) -> list[WaterfallCase]:
    """Return the explained rows of the table with their plots; one whose numbers are not all finite is left out."""
    return [_case(lines, amounts, *ends) for lines, amounts, ends in explained_rows(rows)]


def _case(lines: Sequence[Record], amounts: Sequence[float], base: float, output: float) -> WaterfallCase:
    steps, scale = _steps(base, output, lines, amounts)
    errors = [error for line in lines if (error := figure(line, "error")) is not None]
    return WaterfallCase(
        reason=text(lines[0], "why"),
        row=row_label(lines[0]),
        words=summary(lines[0], named(lines, amounts)),
        error=number(max(errors)) if max(errors, default=0.0) >= _MIN_ERROR else "",
        steps=steps,
        ticks=ticks(scale),
    )


def named(lines: Sequence[Record], amounts: Sequence[float]) -> list[tuple[float, str]]:
    """Return attribution and name (with the value) of each single feature: no reader could follow a sum over many."""
    return [
        (amount, f"{brief(text(line, 'feature'))} ({brief(value)})")
        for line, amount in zip(lines, amounts, strict=True)
        if (value := text(line, "value"))
    ]


def _steps(
    base: float, output: float, lines: Sequence[Record], amounts: Sequence[float]
) -> tuple[list[Step], Axis]:
    totals = list(accumulate(amounts, initial=base))
    scale = axis([], keep=[*totals, output])
    bars = [
        ("level", "mean of the reference rows", _level(base), base, base),
        *(
            (
                "up" if amount >= 0 else "down",
                text(line, "feature") + (f" = {value}" if (value := text(line, "value")) else ""),
                *(signed(amount), start, stop),
            )
            for line, amount, (start, stop) in zip(lines, amounts, pairwise(totals), strict=True)
        ),
        ("level", "this row", _level(output), output, output),
    ]
    return [_step(*bar, scale) for bar in bars], scale


def _step(kind: str, label: str, value: str, start: float, stop: float, scale: Axis) -> Step:
    low = scale.at(min(start, stop))
    high = scale.at(max(start, stop))
    return Step(
        kind=kind,
        label=label,
        value=value,
        x=percent(low),
        width=percent(max(high - low, 0.3)),
        stop=percent(scale.at(stop)),
    )


def _level(value: float) -> str:
    return minus(f"{value:.2f}") if abs(value) < 1e3 else number(value)
