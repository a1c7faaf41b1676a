"""Explained rows of a table, and their summary in words: score, label, and the largest attributions."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, figures, group_by, text
from audit.numbers import number, signed

ROW_COLUMNS = ("case", "why", "row", "score", "label", "predicted", "base", "output")
"""The columns of a table of explained rows that are the same in all lines of a row."""


def explained_rows(rows: Sequence[Record]) -> Iterator[tuple[list[Record], list[float], tuple[float, ...]]]:
    """Yield the lines, attributions, and (base, output) of each explained row whose numbers are all finite."""
    for lines in group_by(rows, "case").values():
        ends = figures(lines[0], "base", "output")
        amounts = [amount for line in lines if (amount := figure(line, "attribution")) is not None]
        if ends and len(amounts) == len(lines):
            yield lines, amounts, ends


def row_label(record: Record) -> str:
    """Return the place of a row in the data, e.g. ``row 17``; empty if the report has none."""
    row = figure(record, "row")
    return f"row {int(row)}" if row is not None else ""


def summary(record: Record, contributions: Iterable[tuple[float, str]]) -> str:
    """Return a row in words, ``Score 0.83 (favourable), label unfavourable. Most raised by age (17 to 25): +1.90``.

    ``contributions`` are attributions, each with the name of its feature.
    """
    score = figure(record, "score")
    label = text(record, "label")
    predicted = text(record, "predicted")
    outcome = f" ({brief(predicted)})" if predicted else ""
    known = [f"score {number(score)}{outcome}"] if score is not None else []
    known += [f"predicted {brief(predicted)}"] if score is None and predicted else []
    known += [f"label {brief(label)}"] if label else []
    ranked = sorted(contributions, key=itemgetter(0))
    extremes = [f"most raised by {name}: {signed(amount)}" for amount, name in ranked[-1:] if amount > 0]
    extremes += [f"most lowered by {name}: {signed(amount)}" for amount, name in ranked[:1] if amount < 0]
    sentences = (", ".join(known), "; ".join(extremes))
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences if sentence)
