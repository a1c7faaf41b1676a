"""A telling row in words: its score and label, and what moved it most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.text.numbers import number, signed
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, figure, text


@dataclass(frozen=True, slots=True)
class Part:
    """What one feature adds to the output; ``value`` is empty where the line sums up other features."""

    feature: str
    value: str
    amount: float

    @property
    def named(self) -> str:
        """The feature with its value, as a sentence names it."""
        return f"{brief(self.feature)} ({brief(self.value)})" if self.value else brief(self.feature)


def story(first: Record, parts: Sequence[Part]) -> str:
    """Return e.g. ``Score 0.83 (favourable), label unfavourable. Most raised by age (17 to 25): +1.90``."""
    score, label, predicted = figure(first, "score"), text(first, "label"), text(first, "predicted")
    outcome = f" ({brief(predicted)})" if predicted else ""
    known = [f"score {number(score)}{outcome}"] if score is not None else []
    known += [f"predicted {brief(predicted)}"] if score is None and predicted else []
    known += [f"label {brief(label)}"] if label else []
    told = (", ".join(known), "; ".join(_moves(parts)))
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in told if part)


def _moves(parts: Sequence[Part]) -> list[str]:
    # A sum over many features is no reason that a reader could follow.
    named = sorted((part for part in parts if part.value), key=lambda part: part.amount)
    most = [part for part in named[-1:] if part.amount > 0]
    least = [part for part in named[:1] if part.amount < 0]
    return [
        *(f"most raised by {part.named}: {signed(part.amount)}" for part in most),
        *(f"most lowered by {part.named}: {signed(part.amount)}" for part in least),
    ]
