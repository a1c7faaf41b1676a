"""What changing a protected attribute alone does to decisions, by pairs of groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figures, group_by, text
from audit.numbers import count, per_cent, per_cents
from audit.result import Measurement

METRIC = "explainability.counterfactual_flip_rate"
COLUMNS = ("attribute", "from", "to", "rows", "flips", "share", "to_unfavorable", "to_favorable")


class ChangedPair(NamedTuple):
    """Decisions on the rows of one group, given the values of another, as text."""

    origin: str
    target: str
    rows: str
    share: str
    flips: str
    to_unfavorable: str
    to_favorable: str


@dataclass(frozen=True, slots=True)
class ChangedAttribute:
    """The pairs of groups of one attribute, with a sentence on the pair of which most decisions change."""

    attribute: str
    sentence: str
    pairs: list[ChangedPair]


def changed_attributes(rows: Sequence[Record], measurements: Sequence[Measurement]) -> list[ChangedAttribute]:
    """Return the table ``counterfactual`` by attribute, with the rates among ``measurements`` in its sentences."""
    rates = {m.where.get("attribute"): m for m in measurements if m.metric == METRIC}
    return [
        ChangedAttribute(
            attribute=attribute,
            sentence=" ".join([*_rate(attribute, rates.get(attribute)), *_most(lines)]),
            pairs=[pair for line in lines if (pair := _pair(line))],
        )
        for attribute, lines in group_by(rows, "attribute").items()
    ]


def _pair(line: Record) -> ChangedPair | None:
    numbers = figures(line, "rows", "flips", "share", "to_unfavorable", "to_favorable")
    if numbers is None:
        return None
    rows, flips, share, *directions = numbers
    texts = (count(rows), per_cent(share), count(flips), *map(count, directions))
    return ChangedPair(text(line, "from"), text(line, "to"), *texts)


def _rate(attribute: str, rate: Measurement | None) -> Iterator[str]:
    if rate is not None:
        ci = f" ({per_cents(rate.ci)})" if rate.ci else ""
        yield words("changed", "rate", attribute=brief(attribute), share=per_cent(rate.value) + ci)


def _most(lines: Sequence[Record]) -> Iterator[str]:
    """Yield of which pair of groups most decisions change, if any do."""
    shares = [(numbers[0], line) for line in lines if (numbers := figures(line, "share"))]
    share, line = max(shares, key=lambda pair: pair[0], default=(0.0, {}))
    if share:
        groups = {key: brief(text(line, key)) for key in ("from", "to")}
        yield words("changed", "most", share=per_cent(share), **groups)
