"""Sentences on the effect of attacks: figures, and not what they mean for a use of the model."""

import math
from collections.abc import Sequence

from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, FLIPS, NOISE, WORST, AttackMeasurement, label_of
from audit.numbers import interval, number, per_cent, per_cents, written
from audit.result import Measurement


def accuracy_sentence(hits: Sequence[AttackMeasurement], clean: Measurement | None) -> str:
    """Return the sentence on the accuracy under the strongest attack, and under noise of the same size."""
    eps = measured.middle(hits)
    at_eps = {
        hit.attack: hit.measurement for hit in hits if hit.eps == eps and math.isfinite(hit.measurement.value)
    }
    single = {attack: m for attack, m in at_eps.items() if attack not in (NOISE, WORST)}
    real = single or {attack: m for attack, m in at_eps.items() if attack == WORST}
    parts = []
    if eps is not None and real:
        attack, lowest = min(real.items(), key=lambda item: item[1].value)
        parts.append(f"{_change(clean, lowest)} under {label_of(attack)} at eps {written(eps)}")
    if eps is not None and NOISE in at_eps:
        parts.append(_noise(at_eps[NOISE], eps, bool(parts)))
    return "; ".join(parts) + "." if parts else ""


def flip_sentence(hits: Sequence[AttackMeasurement]) -> str:
    """Return the sentence on the decisions that the strongest attack changes, and noise of that size."""
    rates = [
        hit
        for hit in hits
        if hit.metric == FLIPS and hit.group == ALL and math.isfinite(hit.measurement.value)
    ]
    rates = [hit for hit in rates if hit.norm == rates[0].norm]  # sizes of another norm are of another kind
    attack = measured.strongest(rates)
    eps = measured.middle(rates)
    at_eps = {hit.attack: hit.measurement for hit in rates if hit.eps == eps}
    if attack not in at_eps or eps is None:
        return ""
    name = label_of(attack)
    changed = share(at_eps[attack])
    noise = f"; noise does on {share(at_eps[NOISE])}" if NOISE in at_eps else ""
    return f"{name[:1].upper()}{name[1:]} at eps {written(eps)} changes the decision on {changed} of the rows{noise}."


def share(m: Measurement) -> str:
    """Return a measured share with its interval as text, in per cent."""
    return per_cent(m.value) + (f" ({per_cents(m.ci)})" if m.ci else "")


def with_interval(m: Measurement) -> str:
    """Return a measured value with its interval as text."""
    return number(m.value) + (f" ({interval(m.ci)})" if m.ci else "")


def _change(clean: Measurement | None, attacked: Measurement) -> str:
    after = with_interval(attacked)
    if clean is None or not math.isfinite(clean.value):
        return f"Accuracy is {after}"
    if number(clean.value) == number(attacked.value):
        return f"Accuracy stays at {after}"
    verb = "falls" if attacked.value < clean.value else "rises"
    return f"Accuracy {verb} from {number(clean.value)} to {after}"


def _noise(accuracy: Measurement, eps: float, follows: bool) -> str:
    if follows:
        return f"noise of the same size leaves it at {number(accuracy.value)}"
    return f"Noise at eps {written(eps)} leaves accuracy at {number(accuracy.value)}"
