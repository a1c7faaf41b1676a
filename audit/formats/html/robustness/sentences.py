"""What attacks did, in sentences: each states figures, and none what they mean for a use of the model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, FLIPS, NOISE, WORST, Attacked, called
from audit.formats.html.text.numbers import interval, number, per_cent, per_cents, written
from audit.result import Measurement


def what_falls(hits: Sequence[Attacked], clean: Measurement | None) -> str:
    """Say what the strongest attack, and noise of the same size, leave of the accuracy over all rows."""
    eps = measured.middle(hits)
    at = {hit.attack: hit.found for hit in hits if hit.eps == eps and math.isfinite(hit.found.value)}
    single = {attack: m for attack, m in at.items() if attack not in (NOISE, WORST)}
    real = single or {attack: m for attack, m in at.items() if attack == WORST}
    parts = []
    if eps is not None and real:
        attack, least = min(real.items(), key=lambda item: item[1].value)
        parts.append(f"{_moves(clean, least)} under {called(attack)} at eps {written(eps)}")
    if eps is not None and NOISE in at:
        parts.append(_noise(at[NOISE], eps, bool(parts)))
    return "; ".join(parts) + "." if parts else ""


def what_flips(hits: Sequence[Attacked]) -> str:
    """Say how many decisions the strongest attack changes, and how many noise of that size does."""
    rates = [hit for hit in hits if hit.metric == FLIPS and hit.who == ALL and math.isfinite(hit.found.value)]
    rates = [hit for hit in rates if hit.norm == rates[0].norm]  # sizes of another norm are of another kind
    attack, eps = measured.strongest(rates), measured.middle(rates)
    at = {hit.attack: hit.found for hit in rates if hit.eps == eps}
    if attack not in at or eps is None:
        return ""
    name = called(attack)
    text = f"{name[:1].upper()}{name[1:]} at eps {written(eps)} changes the decision on {share(at[attack])} of the rows"
    return text + (f"; noise does on {share(at[NOISE])}." if NOISE in at else ".")


def share(found: Measurement) -> str:
    """Return a share with its interval, in per cent."""
    return per_cent(found.value) + (f" ({per_cents(found.ci)})" if found.ci else "")


def told(found: Measurement) -> str:
    """Return a number with its interval."""
    return f"{number(found.value)} ({interval(found.ci)})" if found.ci else number(found.value)


def _moves(clean: Measurement | None, found: Measurement) -> str:
    if clean is None or not math.isfinite(clean.value):
        return f"Accuracy is {told(found)}"
    before = number(clean.value)
    if before == number(found.value):
        return f"Accuracy stays at {told(found)}"
    verb = "falls" if found.value < clean.value else "rises"
    return f"Accuracy {verb} from {before} to {told(found)}"


def _noise(found: Measurement, eps: float, follows: bool) -> str:
    if follows:
        return f"noise of the same size leaves it at {number(found.value)}"
    return f"Noise at eps {written(eps)} leaves accuracy at {number(found.value)}"
